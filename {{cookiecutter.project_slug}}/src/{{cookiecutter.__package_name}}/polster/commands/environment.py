"""Find a Python that has the project's dependencies, and hand the command over to it.

Only the standard library is imported here: this runs before anybody knows what is installed.
"""

import importlib.metadata
import importlib.util
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple

from ..project import PROJECT_ROOT, ProjectError, read_text
from .errors import CommandError

VARIABLE = "_POLSTER_HANDED_OVER"  # set for the process that another run_polster.py starts
HANDED_OVER = os.environ.pop(VARIABLE, "")  # what the pipeline starts does not inherit it


class Way(NamedTuple):
    """A way to a Python that has Dagster."""

    name: str
    command: list[str]
    makes_environment: bool  # in the project's folder, where it installs Dagster


def missing_dependencies() -> list[str]:
    """Return the dependencies in pyproject.toml that this Python lacks, Dagster first."""
    try:
        pyproject = tomllib.loads(read_text(PROJECT_ROOT / "pyproject.toml"))
        requirements = pyproject["project"]["dependencies"]
        names = [re.match(r"[\w.-]+", text)[0] for text in requirements if ";" not in text]
    except (OSError, ProjectError, ValueError, KeyError, TypeError, RecursionError):
        names = []  # what is wrong with the file is reported when the pipeline loads
    names = ["dagster", *(name for name in names if name != "dagster")]
    return [name for name in names if not is_installed(name)]


def is_installed(name: str) -> bool:
    """Return whether this Python has a package."""
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return importlib.util.find_spec(re.sub(r"[-.]", "_", name)) is not None
    return True


def install_command() -> str:
    """Return the command that installs the project's dependencies for this Python."""
    python = sys.executable or "python"
    if shutil.which("uv") and Path(sys.prefix).resolve() == (PROJECT_ROOT / ".venv").resolve():
        return "uv sync"
    if importlib.util.find_spec("pip") is None and shutil.which("uv"):
        command = ["uv", "pip", "install", "--python", python, "-e", "."]
    else:
        command = [python, "-m", "pip", "install", "-e", "."]
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)


def hand_over(session: str, argv: list[str]) -> int:
    """Run the same command where Dagster is: in the project's .venv, by uv, or by nox.

    It is done once: a process that was started by another run_polster.py does not start a third.

    Returns:
        The exit status of that process, unchanged.

    Raises:
        CommandError: nothing here has Dagster, or it cannot be started.
    """
    if HANDED_OVER:
        raise CommandError(
            f"{sys.executable} has no Dagster either: "
            f"run `{install_command()}` in the project's folder."
        )
    way = find_way(session, argv)
    if way is None:
        raise CommandError(
            "This Python has no Dagster: run `pip install -e .` in the project's folder, in a "
            "virtual environment; or install uv or nox, and try again."
        )
    if way.makes_environment and "%" in str(PROJECT_ROOT):
        raise CommandError(
            f"Dagster cannot be installed below {PROJECT_ROOT}: it misreads a % in its own path. "
            "Rename the folder, or run this with a Python that has the dependencies elsewhere."
        )
    print(f"This Python has no Dagster: handing over to {way.name}.", file=sys.stderr, flush=True)
    os.environ[VARIABLE] = "1"
    try:
        if os.name == "posix":  # no process in between that could end before Dagster's
            os.execv(way.command[0], way.command)
        return subprocess.call(way.command)
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        reason = error.strerror or error
        raise CommandError(f"{way.command[0]} cannot be started: {reason}.") from error


def find_way(session: str, argv: list[str]) -> Way | None:
    """Return the first way that this machine offers, or None."""
    script = str(PROJECT_ROOT / "run_polster.py")
    venv = PROJECT_ROOT / ".venv"
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    is_environment = python.is_file() and (venv / "pyvenv.cfg").is_file()
    if is_environment and Path(sys.prefix).resolve() != venv.resolve():
        return Way("the project's .venv", [str(python), script, *argv], False)
    uv = shutil.which("uv")
    if uv:
        command = [uv, "run", "--project", str(PROJECT_ROOT), "--no-dev", "python", script, *argv]
        return Way("uv run, which makes the project's .venv", command, True)
    nox = find_nox()
    if nox:
        own = [argument for argument in argv if argument != f"--{session}"]
        command = [*nox, "-f", str(PROJECT_ROOT / "noxfile.py"), "-s", session, "--", *own]
        return Way(f"nox -s {session}, which makes its own environment", command, True)
    return None


def find_nox() -> list[str]:
    """Return the command that runs nox: this Python's own, or one installed for the user."""
    if importlib.util.find_spec("nox"):
        return [sys.executable, "-m", "nox"]
    found = shutil.which("nox")
    return [found] if found else []
