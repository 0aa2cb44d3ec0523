"""Write the commands that messages recommend so that they can be pasted."""

import os
import shlex
import sys
from pathlib import Path

from .project import Project

SESSIONS = ("add_asset", "remove_asset", "list_assets", "validate")  # of the project's noxfile


def command_line(project: Project, command: str) -> str:
    """Return a command of the tooling as it is typed where this one was.

    Args:
        project: the project that it is for.
        command: for example `remove-asset --undo`.
    """
    name, _, options = command.partition(" ")
    if os.environ.get("NOX_CURRENT_SESSION") in SESSIONS:  # nox sets it
        session = name.replace("-", "_")
        return f"nox -s {session} -- {options}" if options else f"nox -s {session}"
    if project.root == Path.cwd():
        return f"python -m polster_tasks {command}"
    return f"python -m polster_tasks --project {_quoted(project.root)} {command}"


def _quoted(path: Path) -> str:
    """Return a path as the system's usual shell takes it."""
    return f'"{path}"' if sys.platform == "win32" else shlex.quote(str(path))
