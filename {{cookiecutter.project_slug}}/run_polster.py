"""Run the pipeline, show the status of each asset, or serve Dagster's web UI."""

import argparse
import importlib
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent
PACKAGE = "{{ cookiecutter.__package_name }}"
POLSTER = ROOT / "src" / PACKAGE / "polster"
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
    broken = import_package()
    try:
        from {{ cookiecutter.__package_name }}.polster.commands import environment, streams
        from {{ cookiecutter.__package_name }}.polster.commands.errors import CommandError
    except Exception as error:  # this part needs the standard library only
        return fail(without_polster(error))
    streams.prepare_streams()
    try:
        missing = environment.missing_dependencies()
        if "dagster" in missing:
            return environment.hand_over(session_of(options), argv)
        if missing:
            return cannot_run(f"{', '.join(missing)} is not installed for {sys.executable}")
        return start(options, broken)
    except CommandError as error:
        return fail(str(error))
    except Exception as error:
        if options.verbose:
            raise
        reason = describe(error)
        return fail(f"unexpected error: {reason}; --verbose shows the traceback.")


def import_package() -> BaseException | None:
    """Import the user's package, and return what is wrong with it.

    If its `__init__.py` cannot be imported, the modules in it still can be: one of them finds the
    Python that has what is missing.
    """
    try:
        importlib.import_module(PACKAGE)
    except (Exception, SystemExit) as error:
        package = sys.modules[PACKAGE] = ModuleType(PACKAGE)
        package.__path__ = [str(ROOT / "src" / PACKAGE)]
        return error
    return None


def start(options: argparse.Namespace, broken: BaseException | None) -> int:
    """Import what the options ask for, and do it."""
    try:
        importlib.import_module("polars")  # which the assets need, whatever the command
        from {{ cookiecutter.__package_name }}.polster.commands import loading

        command = import_command(options)
    except Exception as error:  # a broken package can raise anything
        if is_of_polster(error):
            return fail(without_polster(error))
        return cannot_run(f"a dependency is broken ({describe(error)})")
    if broken:
        raise loading.does_not_load(broken)
    loading.prepare_environment()
    return command()


def fail(sentence: str) -> int:
    """Print why the command failed, and return the exit status."""
    print(f"run_polster.py: {sentence}", file=sys.stderr)
    return 1


def describe(error: Exception) -> str:
    """Return an error on one line, with the file if it is one of syntax."""
    message = " ".join(str(error).split())
    if isinstance(error, SyntaxError):
        message = f"{error.msg} ({error.filename}, line {error.lineno})"
    return f"{type(error).__name__}: {message}"


def is_of_polster(error: Exception) -> bool:
    """Return whether an import failed because a file of Polster's is missing or damaged."""
    if isinstance(error, SyntaxError):
        return Path(error.filename or "").is_relative_to(POLSTER)
    return isinstance(error, ImportError) and f"{error.name}.".startswith(f"{PACKAGE}.polster.")


def without_polster(error: Exception) -> str:
    """Return the sentence for a file of Polster's that is missing or damaged."""
    folder = POLSTER.relative_to(ROOT).as_posix()
    reason = error if isinstance(error, ModuleNotFoundError) else describe(error)
    return f"{reason}: `polster upgrade --force {folder}` brings Polster's files back."


def cannot_run(reason: str) -> int:
    """Print why this Python cannot run the pipeline, and return the exit status."""
    from {{ cookiecutter.__package_name }}.polster.commands.environment import install_command

    return fail(f"{reason}: run `{install_command()}` in the project's folder.")


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
    sys.exit(status)
