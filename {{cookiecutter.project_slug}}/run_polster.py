"""Run the pipeline, show how each asset is, or serve Dagster's web UI."""

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent
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


def main(argv: list[str]) -> int:
    """Translate the command line into one call, and its result into an exit status."""
    options = parse(argv)
    sys.path.insert(0, str(ROOT / "src"))
    try:
        from {{ cookiecutter.__package_name }}.polster.commands import environment
    except ModuleNotFoundError as error:
        folder = "src/{{ cookiecutter.__package_name }}/polster"
        advice = f"`polster upgrade --force {folder}` brings Polster's files back."
        print(f"run_polster.py: {error}: {advice}", file=sys.stderr)
        return 1
    missing = environment.missing_dependencies()
    if "dagster" in missing:
        return environment.hand_over(session_of(options), argv)
    if missing:
        return cannot_run(f"{', '.join(missing)} is not installed for {sys.executable}")
    try:
        importlib.import_module("polars")  # which the assets need, whatever the command
        from {{ cookiecutter.__package_name }}.polster.commands import loading

        command = import_command(options)
    except Exception as error:  # a broken package can raise anything
        return cannot_run(f"a dependency is broken ({type(error).__name__}: {error})")
    try:
        loading.prepare_environment()
        return command()
    except loading.CommandError as error:
        print(f"run_polster.py: {error}", file=sys.stderr)
        return 1


def cannot_run(reason: str) -> int:
    """Print why this Python cannot run the pipeline, and return the exit status."""
    from {{ cookiecutter.__package_name }}.polster.commands.environment import install_command

    advice = f"run `{install_command()}` in the project's folder."
    print(f"run_polster.py: {reason}: {advice}", file=sys.stderr)
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
        status = main(sys.argv[1:])
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done: there is nothing to interrupt
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        status = 130
    except BrokenPipeError:  # what reads the output, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = 0
    sys.exit(status)
