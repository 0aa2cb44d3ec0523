"""Run the pipeline, look at it, or ask how it is."""

import argparse
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
EXAMPLES = """\
examples:
  python run_polster.py                              run every asset
  python run_polster.py --asset bronze_raw_orders    run one; give --asset again for more
  python run_polster.py --select +gold_customer_ltv  run it and everything upstream of it
  python run_polster.py --from-failure               run what the latest run left undone
  python run_polster.py --ui                         Dagster's web UI, with scheduling
  python run_polster.py --status --format json       how each asset is, for a script
  python run_polster.py --status --check             for a monitor: 1 if something is not well
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
        "--from-failure", action="store_true", help="run what the latest run left undone"
    )
    what.add_argument("--ui", action="store_true", help="start Dagster's web UI and its daemon")
    what.add_argument("--status", action="store_true", help="show how each asset is, run nothing")
    parser.add_argument(
        "--format", choices=("table", "json"), help="with --status: how to print it (table)"
    )
    parser.add_argument(
        "--check", action="store_true", help="with --status: end with 1 unless every asset is well"
    )
    parser.add_argument("--partition", metavar="KEY", help="run this partition (the newest)")
    parser.add_argument("--host", help="with --ui: the address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, help="with --ui: the port (3000, or the next free)")
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


def hand_over(session: str, argv: list[str]) -> int:
    """Run the same command where Dagster is: the project's .venv, or else its nox session.

    Returns:
        The exit status of that process, untouched.
    """
    folder = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    venv = ROOT / ".venv"
    if (venv / folder).exists() and Path(sys.prefix).resolve() != venv.resolve():
        where, command = "the project's .venv", [str(venv / folder), __file__, *argv]
    elif nox := find_nox():
        where = f"nox -s {session}, which makes its own environment"
        command = [*nox, "-f", str(ROOT / "noxfile.py"), "-s", session, "--"]
        command += [argument for argument in argv if argument != f"--{session}"]
    else:
        sys.exit(
            "This Python has no Dagster: run `pip install -e .` in the project's folder "
            "(in a virtual environment), or `pip install nox` and try again."
        )
    print(f"This Python has no Dagster: handing over to {where}.", file=sys.stderr, flush=True)
    if os.name == "posix":
        os.execv(command[0], command)  # no process in between that could end before Dagster's
    try:
        return subprocess.call(command)
    except KeyboardInterrupt:
        return 130


def find_nox() -> list[str]:
    """Return the command that runs nox: this Python's own, or one installed for the user."""
    if importlib.util.find_spec("nox"):
        return [sys.executable, "-m", "nox"]
    found = shutil.which("nox")
    return [found] if found else []


def main(argv: list[str]) -> int:
    """Translate the command line into one call, and its result into an exit status."""
    options = parse(argv)
    session = "ui" if options.ui else "status" if options.status else "run"
    if importlib.util.find_spec("dagster") is None:
        return hand_over(session, argv)
    sys.path.insert(0, str(ROOT / "src"))
    from {{ cookiecutter.__package_name }}.polster.commands.loading import CommandError, prepare_environment

    try:
        prepare_environment()
        return call(options)
    except CommandError as error:
        print(f"run_polster.py: {error}", file=sys.stderr)
        return 1


def call(options: argparse.Namespace) -> int:
    """Make the call that the options ask for; each imports no more than it needs."""
    if options.ui:
        from {{ cookiecutter.__package_name }}.polster.commands.ui import serve

        return serve(options.host or "127.0.0.1", options.port or 3000, options.verbose)
    if options.status:
        from {{ cookiecutter.__package_name }}.polster.commands.status import show

        return show(options.format or "table", options.check)
    from {{ cookiecutter.__package_name }}.polster.commands.choosing import Choice
    from {{ cookiecutter.__package_name }}.polster.commands.run import run

    choice = Choice(options.asset, options.select, options.from_failure, options.partition)
    return run(choice, options.verbose)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:  # what reads the output, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
