"""Find the project around the current folder and let its own tooling do the work."""

import os
import subprocess
import sys
from pathlib import Path

from polster.door import own_command_for
from polster.errors import Refusal
from polster.files import is_link, read_regular
from polster.template import TASKS, UNKNOWN, bundled_project, order, tasks_version, version
from polster.terminal import count, warn

ADVICE = "_POLSTER_COMMAND"  # what polster_tasks' advice.py reads
# Commands of the project's polster_tasks, and what run_polster.py needs to hear for the others.
TASK_COMMANDS = {
    "add-asset": "Add an asset, its test and a sample.",
    "list-assets": "List the assets and what they depend on.",
    "remove-asset": "Remove assets, or put the last ones back.",
    "validate": "Check names, layers, imports and files.",
}
RUN_COMMANDS = {
    "run": ("Run the pipeline, or some of it.", []),
    "ui": ("Start Dagster's web UI and its daemon.", ["--ui"]),
    "status": ("Show the state of each asset.", ["--status"]),
}


def is_project(folder: Path) -> bool:
    """Tell whether `folder` is a project: its pyproject.toml has a `[tool.polster]` table.

    A pyproject.toml that cannot be read counts beside a polster_tasks, which says what is wrong.
    """
    import tomllib

    try:
        text = read_regular(folder / "pyproject.toml").decode("utf-8")
        tool = tomllib.loads(text).get("tool")
    except FileNotFoundError:
        return False
    except (OSError, ValueError, RecursionError):
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


def hand_over(
    command: str,
    arguments: list[str],
    start: Path | None,
    *,
    verbose: bool = False,
    bundled: bool = False,
) -> int:
    """Run `command` of the project around `start`, with the project as working folder.

    Arguments, terminal, signals and exit status are the project's: polster_tasks takes over this
    very process, run_polster.py replaces it (on Windows, which cannot, it is a child).

    Args:
        command: One of TASK_COMMANDS or RUN_COMMANDS.
        arguments: What follows it.
        start: Where to look for the project; the current folder if None.
        verbose: Ask the command to show more.
        bundled: Run this package's polster_tasks on the project, and none of the project's code.

    Raises:
        Refusal: if there is no project (status 2), or what should take over is missing (status 1).
        SystemExit: as polster_tasks ends.
    """
    root = find_project(start)
    again = own_command_for(root)  # before the current folder changes
    passed_on = ["--verbose"] if verbose else []
    os.chdir(root)
    if command in RUN_COMMANDS:
        if bundled:
            raise Refusal(
                f"`{command}` runs the project's own code: --bundled goes with "
                f"{', '.join(TASK_COMMANDS)}.",
                2,
            )
        return run_project(root, command, [*passed_on, *arguments], again)
    arguments = [*passed_on, command, *arguments]
    if bundled:
        return run_tasks(bundled_project(), arguments, again, without=root)
    tasks = root / TASKS
    if not (tasks / "__main__.py").is_file():
        what = tasks / "__main__.py" if tasks.is_dir() else tasks
        raise Refusal(f"{what} is missing: `{again} upgrade --force {TASKS}` brings it back.")
    if is_released(tasks):
        # The same text, and nothing in the project can come between: no cache of Python's, no
        # module that is named like one of the standard library.
        return run_tasks(bundled_project(), arguments, again, without=root)
    if note := difference_note(tasks, verbose or sys.stderr.isatty(), again):
        warn(note)
    return run_tasks(root, arguments, again)


def run_project(root: Path, command: str, arguments: list[str], again: str) -> int:
    """Run the project's run_polster.py.

    Args:
        root: The project's folder.
        command: One of RUN_COMMANDS.
        arguments: What the script gets.
        again: The words that start `polster` on this project, for advice.

    Raises:
        Refusal: if it is missing.
    """
    script = root / "run_polster.py"
    if not script.is_file():
        raise Refusal(
            f"{script} is missing, and `{command}` needs it: "
            f"`{again} upgrade --force {script.name}` brings it back."
        )
    own = RUN_COMMANDS[command][1]
    return replace_process([sys.executable, script.name, *own, *arguments])


def run_tasks(home: Path, arguments: list[str], again: str, without: Path | None = None) -> int:
    """Run the polster_tasks in the folder `home`, in this process.

    Nothing stands between the terminal and the tooling, and no PYTHONSAFEPATH, PYTHONPATH or colon
    in the folder's name can lead to another copy.

    Args:
        home: The folder that holds polster_tasks.
        arguments: Its command line.
        again: The words that start `polster` on this project, for the tooling's advice.
        without: A folder from which nothing may be imported.
    """
    import runpy

    if without is not None:
        sys.path[:] = [entry for entry in sys.path if entry and Path(entry).resolve() != without]
    sys.path.insert(0, str(home))
    sys.argv[1:] = arguments
    os.environ[ADVICE] = again
    try:
        runpy.run_module(TASKS, run_name="__main__", alter_sys=True)
    finally:
        del os.environ[ADVICE]
    return 0


def is_released(tasks: Path) -> bool:
    """Tell whether the project's tooling is the one that this package has."""
    return tasks_version(tasks) == version() and not differing_files(
        tasks, bundled_project() / TASKS
    )


def difference_note(tasks: Path, for_a_person: bool, again: str) -> str | None:
    """Return a sentence about tooling that is not the one that this package has.

    A copy that says it is this release and is not may do anything: that is said to everybody.

    Args:
        tasks: The project's polster_tasks.
        for_a_person: Also say that it is of another release.
        again: The words that start `polster` on this project.
    """
    theirs, ours = tasks_version(tasks), version()
    if theirs == ours:
        differing = differing_files(tasks, bundled_project() / TASKS)
        more = ", ..." if len(differing) > 3 else ""
        return (
            f"Note: {TASKS} here differs from the released {ours} in "
            f"{count(len(differing), 'file')} ({', '.join(differing[:3])}{more}): it is this "
            f"project's own code that runs. `{again} --bundled COMMAND` runs the released one."
        )
    if not for_a_person:
        return None
    if theirs == UNKNOWN:
        return (
            f"Note: this project's {TASKS} does not say which release it is, and was not compared "
            f"with this polster {ours}; `{again} upgrade` updates it."
        )
    if order(theirs) < order(ours):
        age, advice = "older", f"; `{again} upgrade` updates it"
    else:
        age, advice = "later", ""
    return (
        f"Note: this project's {TASKS} {theirs} is {age} than this polster {ours}, "
        f"and was not compared with it{advice}."
    )


def differing_files(tasks: Path, released: Path) -> list[str]:
    """Return the files in which two copies of polster_tasks differ; a link counts as a difference.

    Line ends, which git may change, and Python's caches make no difference.
    """
    theirs, ours = list_files(tasks), list_files(released)
    return sorted(
        name
        for name in {**theirs, **ours}
        if not theirs.get(name)
        or not ours.get(name)
        or not same_text(tasks / name, released / name)
    )


def list_files(folder: Path) -> dict[str, bool]:
    """Return the files below `folder` by relative path, and whether each is a regular file."""
    found: dict[str, bool] = {}
    if is_link(folder):
        return found
    waiting = [("", folder)]
    while waiting:
        prefix, current = waiting.pop()
        with os.scandir(current) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False) and not is_link(Path(entry.path)):
                    if entry.name != "__pycache__":
                        waiting.append((f"{prefix}{entry.name}/", Path(entry.path)))
                else:
                    found[prefix + entry.name] = entry.is_file(follow_symlinks=False)
    return found


def same_text(one: Path, other: Path) -> bool:
    """Tell whether two files can be read and hold the same, whatever their line ends."""
    try:
        texts = [read_regular(path).replace(b"\r\n", b"\n") for path in (one, other)]
    except OSError:
        return False
    return texts[0] == texts[1]


def replace_process(command: list[str]) -> int:
    """Become `command` where the system can, else run it and return its exit status."""
    if os.name != "nt":
        os.execv(command[0], command)
    try:
        return subprocess.call(command)
    except KeyboardInterrupt:
        return 130
