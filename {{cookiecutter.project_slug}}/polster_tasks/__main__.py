"""Start the tooling: `python -m polster_tasks COMMAND`.

Exit status 0: done. 1: there are findings, or the project refuses. 2: the command line alone is
unacceptable. 130: interrupted. Results go to stdout, everything else to stderr.
"""

import sys

INTERRUPTED = 130  # 128 and the number of SIGINT, as shells count


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status.

    Args:
        argv: the arguments, without the program's name (default: those of the process).
    """
    try:
        from .command_line import run  # here, because Ctrl-C may come while it is imported

        return run(argv)
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return INTERRUPTED


def _main_of_process() -> int:
    """Run one command, after which Ctrl-C has nothing left to interrupt."""
    try:
        status = main()
        import signal

        signal.signal(signal.SIGINT, signal.SIG_IGN)
    except KeyboardInterrupt:
        status = INTERRUPTED
    if status == INTERRUPTED:
        _end_at_once()
    return status


def _end_at_once() -> None:
    """End with the status of an interrupt.

    Left to itself, Python may end by the signal instead, or be interrupted again while it ends.
    """
    import os

    sys.stderr.flush()
    os._exit(INTERRUPTED)


if __name__ == "__main__":
    sys.exit(_main_of_process())
