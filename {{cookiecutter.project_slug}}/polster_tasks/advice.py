"""Write the commands that messages recommend so that they can be pasted."""

import os
import shlex
import sys
from pathlib import Path

from .project import Project

POLSTER = "_POLSTER_COMMAND"  # the words that start `polster`, which sets it when it hands over
SESSIONS = ("add_asset", "remove_asset", "list_assets", "validate")  # of the project's noxfile


def command_line(project: Project, command: str) -> str:
    """Return a command of the tooling as it is typed where this one was.

    Args:
        project: the project that it is for.
        command: for example `remove-asset --undo`.
    """
    polster = os.environ.get(POLSTER)
    if polster:
        return f"{polster} {command}"
    name, _, options = command.partition(" ")
    if os.environ.get("NOX_CURRENT_SESSION") in SESSIONS:  # nox sets it
        session = name.replace("-", "_")
        return f"nox -s {session} -- {options}" if options else f"nox -s {session}"
    if project.root == Path.cwd():
        return f"python -m polster_tasks {command}"
    return f"python -m polster_tasks --project {_quoted(project.root)} {command}"


def run_command(asset: str) -> str:
    """Return the command that runs one asset, as it is typed where this command was."""
    polster = os.environ.get(POLSTER)
    if polster:
        return f"{polster} run --asset {asset}"
    return f"python run_polster.py --asset {asset}"


def _quoted(path: Path) -> str:
    """Return a path as the system's usual shell takes it."""
    return f'"{path}"' if sys.platform == "win32" else shlex.quote(str(path))
