"""Start the tooling: `python -m polster_tasks COMMAND`.

Exit status 0: done. 1: there are findings, or the project refuses. 2: the command line alone is
unacceptable. 130: interrupted. Results go to stdout, everything else to stderr.
"""

import sys


def main(argv: list[str] | None = None) -> int:
    """Run one command and return its exit status."""
    try:
        from .command_line import run  # here, because Ctrl-C may come while it is imported

        return run(argv)
    except KeyboardInterrupt:
        print("\nInterrupted.", file=sys.stderr)
        return 130


if __name__ == "__main__":
    status = main()
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # nothing is left to interrupt
    sys.exit(status)
