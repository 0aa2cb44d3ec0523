"""`polster` and `python -m polster`."""

import sys
from typing import NoReturn

INTERRUPTED = 130  # 128 and the number of SIGINT, as shells count


def dispatch(argv: list[str]) -> int:
    """Return the exit status of `polster` with these arguments.

    A command of the project goes straight there; click is loaded for the rest.
    """
    from polster.errors import Refusal
    from polster.handover import RUN_COMMANDS, TASK_COMMANDS, hand_over

    if argv and argv[0] in TASK_COMMANDS | RUN_COMMANDS and argv[1:2] not in (["--help"], ["-h"]):
        return hand_over(argv[0], argv[1:], None)
    import click

    from polster.cli import cli

    try:
        outcome = cli.main(argv or ["--help"], prog_name="polster", standalone_mode=False)
    except click.ClickException as error:
        raise Refusal(f"{error.format_message()} See `polster --help`.", error.exit_code) from None
    except click.Abort:
        raise KeyboardInterrupt from None
    return outcome() if callable(outcome) else outcome or 0


def run(argv: list[str]) -> int:
    """Run the command line; return its exit status, also of what ended with a sentence."""
    from polster.errors import Refusal
    from polster.terminal import flush_stdout, prepare_streams, warn

    prepare_streams()
    try:
        return dispatch(argv)
    except Refusal as refusal:
        if str(refusal):
            warn(f"polster: {refusal}")
        return refusal.status
    except OSError as error:
        if "--verbose" in argv:
            raise
        where = f": {error.filename}" if error.filename else ""
        warn(f"polster: {error.strerror or error}{where}")
        return 1
    except KeyboardInterrupt:
        warn("Interrupted.")
        return INTERRUPTED
    finally:
        flush_stdout()


def main() -> NoReturn:
    """Run the command line, and end with its exit status."""
    try:
        status = run(sys.argv[1:])
    except KeyboardInterrupt:  # while the modules were imported
        print("Interrupted.", file=sys.stderr)
        status = INTERRUPTED
    sys.exit(status)


if __name__ == "__main__":
    main()
