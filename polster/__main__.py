"""`polster` and `python -m polster`."""

import sys
from typing import NoReturn

from polster.errors import Refusal
from polster.handover import RUN_COMMANDS, TASK_COMMANDS, hand_over


def dispatch(argv: list[str]) -> int:
    """Return the exit status of `polster` with these arguments.

    A command of the project goes straight there; click is loaded for the rest.
    """
    if argv and argv[0] in TASK_COMMANDS | RUN_COMMANDS and argv[1:2] not in (["--help"], ["-h"]):
        return hand_over(argv[0], argv[1:], None)
    import click

    from polster.cli import cli

    try:
        outcome = cli.main(argv or ["--help"], prog_name="polster", standalone_mode=False)
    except click.ClickException as error:
        raise Refusal(f"{error.format_message()} See `polster --help`.", error.exit_code) from None
    except click.Abort:
        print("Stopped.", file=sys.stderr)
        return 130
    return outcome() if callable(outcome) else outcome or 0


def main() -> NoReturn:
    """Run the command line, and end with its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a console without a folder's letters
    try:
        status = dispatch(sys.argv[1:])
    except Refusal as refusal:
        if str(refusal):
            print(f"polster: {refusal}", file=sys.stderr)
        status = refusal.status
    except OSError as error:
        if "--verbose" in sys.argv:
            raise
        where = f": {error.filename}" if error.filename else ""
        print(f"polster: {error.strerror or error}{where}", file=sys.stderr)
        status = 1
    sys.exit(status)


if __name__ == "__main__":
    main()
