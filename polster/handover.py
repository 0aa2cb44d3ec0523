"""Find the project around the current folder and let its own tooling do the work."""

import os
import subprocess
import sys
from pathlib import Path

from polster.errors import Refusal
from polster.template import TASKS, order, tasks_version, version

# Commands of the project's polster_tasks, and what run_polster.py needs to hear for the others.
TASK_COMMANDS = {
    "add-asset": "Add an asset, its test and a sample.",
    "list-assets": "List the assets and what they depend on.",
    "remove-asset": "Remove assets, or put the last ones back.",
    "validate": "Check names, layers, imports and files.",
}
RUN_COMMANDS = {
    "run": ("Run the pipeline, or some of it.", []),
    "ui": ("Show Dagster's web UI, with its daemon.", ["--ui"]),
    "status": ("Show how each asset is.", ["--status"]),
}


def is_project(folder: Path) -> bool:
    """Tell whether `folder` is a project: its pyproject.toml has a `[tool.polster]` table.

    A pyproject.toml that cannot be read counts beside a polster_tasks, which says what is wrong.
    """
    import tomllib

    try:
        tool = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8")).get("tool")
    except FileNotFoundError:
        return False
    except (OSError, ValueError):
        return (folder / TASKS).is_dir()
    return isinstance(tool, dict) and "polster" in tool


def find_project(start: Path | None = None) -> Path:
    """Return the nearest project at `start` (the current folder) or above it.

    Raises:
        Refusal: if there is none (status 2).
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        if is_project(folder):
            return folder
    raise Refusal(
        f"No Polster project at {start} or above it (a pyproject.toml with a [tool.polster] "
        "table): go to one, or make one with `polster init my_project`.",
        2,
    )


def hand_over(command: str, arguments: list[str], start: Path | None, verbose: bool) -> int:
    """Run `command` of the project around `start`, with the project as working folder.

    Arguments, terminal, signals and exit status are the project's: polster_tasks takes over this
    very process, run_polster.py replaces it (on Windows, which cannot, it is a child).

    Raises:
        Refusal: if there is no project (status 2), or what should take over is missing (status 1).
        SystemExit: as polster_tasks ends.
    """
    root = find_project(start)
    told = ["--verbose"] if verbose else []
    os.chdir(root)
    if command in RUN_COMMANDS:
        script = root / "run_polster.py"
        if not script.is_file():
            raise Refusal(f"{script} is missing: `{command}` is what the project does by it.")
        own = RUN_COMMANDS[command][1]
        return replace_process([sys.executable, script.name, *own, *told, *arguments])
    if not (root / TASKS / "__main__.py").is_file():
        raise Refusal(f"{root / TASKS} is missing: `polster upgrade` brings it back.")
    if verbose or sys.stderr.isatty():
        note_version(root / TASKS)
    import runpy

    # In this process: nothing stands between the terminal and the tooling, and no PYTHONSAFEPATH,
    # PYTHONPATH or colon in the folder's name can lead to another copy.
    sys.path.insert(0, str(root))
    sys.argv[1:] = [*told, command, *arguments]
    runpy.run_module(TASKS, run_name="__main__", alter_sys=True)
    return 0


def note_version(tasks: Path) -> None:
    """Say on stderr, in one sentence, that the project's tooling and this package differ."""
    theirs, ours = tasks_version(tasks), version()
    if theirs == ours:
        return
    if order(theirs) < order(ours):
        advice = f"older than this polster {ours}; `polster upgrade` brings it up"
    else:
        advice = f"newer than this polster {ours}, and does the work itself"
    print(f"Note: this project's {TASKS} {theirs} is {advice}.", file=sys.stderr)


def replace_process(command: list[str]) -> int:
    """Become `command` where the system can, else run it and return its exit status."""
    if os.name != "nt":
        os.execv(command[0], command)
    try:
        return subprocess.call(command)
    except KeyboardInterrupt:
        return 130
