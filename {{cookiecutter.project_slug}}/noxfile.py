"""The project's sessions: `nox -l` lists them; a bare `nox` checks all and changes nothing."""

import hashlib
import os
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
PYPROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
DEVELOPMENT = nox.project.dependency_groups(PYPROJECT, "dev")
RUFF = [requirement for requirement in DEVELOPMENT if requirement.startswith("ruff")]
PIPELINE = {"python": sys.executable}  # the session `environment` puts its own here

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "validate", "tests"]


def polster_tasks(session: nox.Session, command: str) -> None:
    """Run the project's own tooling with this Python: it needs nothing but the standard library."""
    environment = {"PYTHONPATH": os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", "")))}
    arguments = ("-m", "polster_tasks", command, *session.posargs)
    session.run(sys.executable, *arguments, env=environment, external=True)


@nox.session(venv_backend="none")
def add_asset(session: nox.Session) -> None:
    """Add an asset and its test: nox -s add_asset -- --layer bronze --name raw_orders"""
    polster_tasks(session, "add-asset")


@nox.session(venv_backend="none")
def remove_asset(session: nox.Session) -> None:
    """Remove assets and their tests: nox -s remove_asset -- --layer bronze --name raw_orders"""
    polster_tasks(session, "remove-asset")


@nox.session(venv_backend="none")
def list_assets(session: nox.Session) -> None:
    """List the assets and what they depend on: nox -s list_assets -- --format mermaid"""
    polster_tasks(session, "list-assets")


@nox.session(venv_backend="none")
def validate(session: nox.Session) -> None:
    """Check names, layers, imports and files, without importing the project."""
    polster_tasks(session, "validate")


def install(session: nox.Session, *requirements: str) -> str:
    """Install into the session's environment, and return its Python.

    With `--no-venv` there is none: then nothing is installed, and this Python is used as it is.
    """
    if session.venv_backend == "none":
        return sys.executable
    session.install(*requirements)
    return str(Path(session.bin) / "python")


@nox.session
def environment(session: nox.Session) -> None:
    """Make the environment that run, ui and status share; install only after a change."""
    if session.venv_backend == "none":
        PIPELINE["python"] = sys.executable
        return
    stamp = Path(session.virtualenv.location, "installed.sha256")
    current = hashlib.sha256(str(ROOT).encode() + (ROOT / "pyproject.toml").read_bytes())
    if not stamp.is_file() or stamp.read_text(encoding="utf-8") != current.hexdigest():
        session.install("-e", ".")
        stamp.write_text(current.hexdigest(), encoding="utf-8")
    PIPELINE["python"] = str(Path(session.bin) / "python")


def run_polster(session: nox.Session, *arguments: str) -> None:
    """Run `run_polster.py` in the pipeline's environment."""
    command = (PIPELINE["python"], "run_polster.py", *arguments, *session.posargs)
    session.run(*command, external=True)


@nox.session(venv_backend="none", requires=["environment"])
def run(session: nox.Session) -> None:
    """Run the pipeline, or some of it: nox -s run -- --asset raw_orders"""
    run_polster(session)


@nox.session(venv_backend="none", requires=["environment"])
def ui(session: nox.Session) -> None:
    """Show Dagster's web UI on 127.0.0.1, with its daemon."""
    run_polster(session, "--ui")


@nox.session(venv_backend="none", requires=["environment"])
def status(session: nox.Session) -> None:
    """Show the status of each asset: nox -s status -- --format json"""
    run_polster(session, "--status")


@nox.session
def tests(session: nox.Session) -> None:
    """Run the project's tests."""
    python = install(session, "-e", ".", *DEVELOPMENT)
    session.run(python, "-m", "pytest", *session.posargs, external=True)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting with ruff."""
    python = install(session, *RUFF)
    session.run(python, "-m", "ruff", "check", ".", external=True)
    session.run(python, "-m", "ruff", "format", "--check", ".", external=True)


@nox.session
def format(session: nox.Session) -> None:
    """Correct style and formatting with ruff: the one session that changes your files."""
    python = install(session, *RUFF)
    session.run(python, "-m", "ruff", "check", "--fix-only", ".", external=True)
    session.run(python, "-m", "ruff", "format", ".", external=True)
