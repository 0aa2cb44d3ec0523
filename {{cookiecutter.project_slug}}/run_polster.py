"""Run the pipeline, show how each asset is, or serve Dagster's web UI."""

import argparse
import importlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent
HANDED_OVER = "POLSTER_HANDED_OVER"  # set for the process that another run_polster.py starts
EXAMPLES = """\
examples:
  python run_polster.py                              run every asset
  python run_polster.py --asset bronze_raw_orders    run one; give --asset again for more
  python run_polster.py --select +gold_customer_ltv  run it and everything upstream of it
  python run_polster.py --from-failure               run what the latest run did not finish
  python run_polster.py --ui                         Dagster's web UI, with scheduling
  python run_polster.py --status --format json       the status of each asset, for a script
  python run_polster.py --status --check             for a monitor: exit with 1 on a problem
"""


def parse(argv: list[str]) -> argparse.Namespace:
    """Return the parsed command line; argparse ends the process with 2 if it is wrong."""
    parser = argparse.ArgumentParser(
        prog="run_polster.py",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--asset",
        action="extend",
        nargs="+",
        default=[],
        metavar="NAME",
        help="run only these assets, named with or without their layer's prefix",
    )
    what.add_argument(
        "--select",
        metavar="SELECTION",
        help="run a selection in Dagster's syntax: +name, kind:gold, tag:layer=bronze and so on",
    )
    what.add_argument(
        "--from-failure", action="store_true", help="run what the latest run did not finish"
    )
    what.add_argument("--ui", action="store_true", help="start Dagster's web UI and its daemon")
    what.add_argument("--status", action="store_true", help="show the status of each asset")
    parser.add_argument(
        "--format", choices=("table", "json"), help="with --status: how to print it (table)"
    )
    parser.add_argument(
        "--check", action="store_true", help="with --status: exit with 1 if an asset has a problem"
    )
    parser.add_argument("--partition", metavar="KEY", help="run this partition (the newest)")
    parser.add_argument("--host", help="with --ui: the address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, help="with --ui: the port (3000, or the next free one)")
    parser.add_argument("--verbose", action="store_true", help="show Dagster's own log as well")
    options = parser.parse_args(argv)
    if (options.format or options.check) and not options.status:
        parser.error("--format and --check go with --status")
    if options.partition and (options.status or options.ui or options.from_failure):
        parser.error("--partition goes with a run, alone or with --asset or --select")
    if (options.host or options.port is not None) and not options.ui:
        parser.error("--host and --port go with --ui")
    if options.port is not None and not 1 <= options.port <= 65535:
        parser.error("--port is a number from 1 to 65535")
    return options


def missing_dependencies() -> list[str]:
    """Return the dependencies in pyproject.toml that this Python lacks, Dagster first."""
    try:
        pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        requirements = pyproject["project"]["dependencies"]
        names = [re.match(r"[\w.-]+", text)[0] for text in requirements if ";" not in text]
    except (OSError, ValueError, KeyError, TypeError):
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
    if shutil.which("uv") and Path(sys.prefix).resolve() == (ROOT / ".venv").resolve():
        return "uv sync"
    if importlib.util.find_spec("pip") is None and shutil.which("uv"):
        command = ["uv", "pip", "install", "--python", python, "-e", "."]
    else:
        command = [python, "-m", "pip", "install", "-e", "."]
    return subprocess.list2cmdline(command)


def hand_over(session: str, argv: list[str]) -> int:
    """Run the same command where Dagster is: in the project's .venv, by uv, or by nox.

    It is done once: a process that was started by another run_polster.py does not start a third.

    Returns:
        The exit status of that process, unchanged.
    """
    if os.environ.get(HANDED_OVER):
        sys.exit(
            f"{sys.executable} has no Dagster either: "
            f"run `{install_command()}` in the project's folder."
        )
    way = find_way(session, argv)
    if way is None:
        sys.exit(
            "This Python has no Dagster: run `pip install -e .` in the project's folder, in a "
            "virtual environment; or install uv or nox, and try again."
        )
    print(f"This Python has no Dagster: handing over to {way.name}.", file=sys.stderr, flush=True)
    os.environ[HANDED_OVER] = "1"
    try:
        if os.name == "posix":  # no process in between that could end before Dagster's
            os.execv(way.command[0], way.command)
        return subprocess.call(way.command)
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        sys.exit(f"run_polster.py: {way.command[0]} cannot be started: {error.strerror}.")


class Way(NamedTuple):
    """A way to a Python that has Dagster: what it is called, and the command."""

    name: str
    command: list[str]


def find_way(session: str, argv: list[str]) -> Way | None:
    """Return the first way that this machine offers, or None."""
    script = str(ROOT / "run_polster.py")
    venv = ROOT / ".venv"
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    is_environment = python.is_file() and (venv / "pyvenv.cfg").is_file()
    if is_environment and Path(sys.prefix).resolve() != venv.resolve():
        return Way("the project's .venv", [str(python), script, *argv])
    uv = shutil.which("uv")
    if uv:
        command = [uv, "run", "--project", str(ROOT), "--no-dev", "python", script, *argv]
        return Way("uv run, which makes the project's .venv", command)
    nox = find_nox()
    if nox:
        own = [argument for argument in argv if argument != f"--{session}"]
        command = [*nox, "-f", str(ROOT / "noxfile.py"), "-s", session, "--", *own]
        return Way(f"nox -s {session}, which makes its own environment", command)
    return None


def find_nox() -> list[str]:
    """Return the command that runs nox: this Python's own, or one installed for the user."""
    if importlib.util.find_spec("nox"):
        return [sys.executable, "-m", "nox"]
    found = shutil.which("nox")
    return [found] if found else []


def main(argv: list[str]) -> int:
    """Translate the command line into one call, and its result into an exit status."""
    options = parse(argv)
    missing = missing_dependencies()
    if "dagster" in missing:
        return hand_over(session_of(options), argv)
    if missing:
        print(
            f"run_polster.py: {', '.join(missing)} is not installed for {sys.executable}: "
            f"run `{install_command()}` in the project's folder.",
            file=sys.stderr,
        )
        return 1
    sys.path.insert(0, str(ROOT / "src"))
    try:
        importlib.import_module("polars")  # which the assets need, whatever the command
        from {{ cookiecutter.__package_name }}.polster.commands import loading

        command = import_command(options)
    except Exception as error:  # a broken package can raise anything
        print(
            f"run_polster.py: a dependency is broken ({type(error).__name__}: {error}): "
            f"run `{install_command()}` in the project's folder.",
            file=sys.stderr,
        )
        return 1
    try:
        loading.prepare_environment()
        return command()
    except loading.CommandError as error:
        print(f"run_polster.py: {error}", file=sys.stderr)
        return 1


def session_of(options: argparse.Namespace) -> str:
    """Return the nox session that does what the options ask for."""
    if options.ui:
        return "ui"
    return "status" if options.status else "run"


def import_command(options: argparse.Namespace) -> Callable[[], int]:
    """Return the call that the options ask for; each imports no more than it needs."""
    if options.ui:
        from {{ cookiecutter.__package_name }}.polster.commands.ui import serve

        host, port = options.host or "127.0.0.1", options.port or 3000
        return lambda: serve(host, port, options.verbose)
    if options.status:
        from {{ cookiecutter.__package_name }}.polster.commands.status import show

        return lambda: show(options.format or "table", options.check)
    from {{ cookiecutter.__package_name }}.polster.commands.choosing import Choice
    from {{ cookiecutter.__package_name }}.polster.commands.run import run

    choice = Choice(options.asset, options.select, options.from_failure, options.partition)
    return lambda: run(choice, options.verbose)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # what reads the output, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
