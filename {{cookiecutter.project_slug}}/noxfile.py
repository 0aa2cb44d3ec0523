"""The project's sessions: `nox -l` lists them; a bare `nox` checks all and changes nothing."""

import os
import sys
from pathlib import Path

import nox

ROOT = Path(__file__).parent
PIPELINE_VENV = ".nox/pipeline"  # one environment serves run, ui, status and tests

nox.needs_version = ">=2024.10.9"
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


def run_polster(session: nox.Session, *arguments: str) -> None:
    """Run `run_polster.py` in the pipeline's environment."""
    session.install("-e", ".")
    session.run("python", "run_polster.py", *arguments, *session.posargs)


@nox.session(venv_location=PIPELINE_VENV)
def run(session: nox.Session) -> None:
    """Run the pipeline, or some of it: nox -s run -- --asset raw_orders"""
    run_polster(session)


@nox.session(venv_location=PIPELINE_VENV)
def ui(session: nox.Session) -> None:
    """Show Dagster's web UI on 127.0.0.1, with its daemon."""
    run_polster(session, "--ui")


@nox.session(venv_location=PIPELINE_VENV)
def status(session: nox.Session) -> None:
    """Show how each asset is: nox -s status -- --format json"""
    run_polster(session, "--status")


@nox.session(venv_location=PIPELINE_VENV)
def tests(session: nox.Session) -> None:
    """Run the project's tests."""
    development = nox.project.dependency_groups(nox.project.load_toml("pyproject.toml"), "dev")
    session.install("-e", ".", *development)
    session.run("pytest", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting with ruff."""
    session.install("ruff>=0.12")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
