"""Run the pipeline, look at it, or ask how it is."""

import argparse
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
EXAMPLES = """\
examples:
  python run_polster.py                              run every asset
  python run_polster.py --asset bronze_raw_orders    run one; give --asset again for more
  python run_polster.py --ui                         Dagster's web UI, with scheduling
  python run_polster.py --status --format json       how each asset is, for a script
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
    what.add_argument("--ui", action="store_true", help="start Dagster's web UI and its daemon")
    what.add_argument("--status", action="store_true", help="show how each asset is, run nothing")
    parser.add_argument(
        "--format", choices=("table", "json"), help="with --status: how to print it (table)"
    )
    parser.add_argument("--host", help="with --ui: the address to listen on (127.0.0.1)")
    parser.add_argument("--port", type=int, help="with --ui: the port (3000, or the next free)")
    parser.add_argument("--verbose", action="store_true", help="show Dagster's own log as well")
    options = parser.parse_args(argv)
    if options.format and not options.status:
        parser.error("--format goes with --status")
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
        where, command = "the project's .venv", [str(venv / folder), __file__]
    elif importlib.util.find_spec("nox"):
        where = f"nox -s {session}, which makes its own environment"
        command = [sys.executable, "-m", "nox", "-f", str(ROOT / "noxfile.py"), "-s", session, "--"]
    else:
        sys.exit(
            "This Python has no Dagster: run `pip install -e .` in the project's folder "
            "(in a virtual environment), or `pip install nox` and try again."
        )
    print(f"This Python has no Dagster: handing over to {where}.", file=sys.stderr, flush=True)
    try:
        return subprocess.call([*command, *argv])
    except KeyboardInterrupt:
        return 130


def main(argv: list[str]) -> int:
    """Translate the command line into one call, and its result into an exit status."""
    options = parse(argv)
    session = "ui" if options.ui else "status" if options.status else "run"
    if importlib.util.find_spec("dagster") is None:
        return hand_over(session, [argument for argument in argv if argument != f"--{session}"])
    sys.path.insert(0, str(ROOT / "src"))
    from {{ cookiecutter.__package_name }}.commands.loading import CommandError, prepare_environment

    try:
        prepare_environment()
        if options.ui:
            from {{ cookiecutter.__package_name }}.commands.ui import serve

            return serve(options.host or "127.0.0.1", options.port or 3000)
        if options.status:
            from {{ cookiecutter.__package_name }}.commands.status import show

            return show(options.format or "table")
        from {{ cookiecutter.__package_name }}.commands.run import run

        return run(options.asset, options.verbose)
    except CommandError as error:
        print(f"run_polster.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
