"""Write to stdout and stderr, whatever they are: a terminal, a pipe that closes, a full disk."""

import os
import sys
from typing import TextIO

from polster.errors import Refusal


class Output:
    """The result of a command, line by line on stdout.

    What happens to the lines decides nothing while the command is at work.
    """

    def __init__(self) -> None:
        self._error: OSError | None = None

    def show(self, line: str) -> None:
        """Print a line at once. A reader that has left, as `head` does, is no error."""
        try:
            print(printable(line), flush=True)
        except BrokenPipeError:
            _discard(sys.stdout)
        except OSError as error:
            _discard(sys.stdout)
            self._error = error

    def check(self) -> None:
        """Check, at the end, that all lines were written.

        Raises:
            Refusal: if one was not, for example because a disk is full.
        """
        if self._error:
            raise Refusal(f"The command is done, but its output was not written: {self._error}.")


def count(number: int, thing: str) -> str:
    """Return a number of things: "1 file", "2 files"."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def warn(sentence: str) -> None:
    """Print a sentence for people on stderr, if anybody listens."""
    try:
        print(printable(sentence), file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)


def printable(line: str) -> str:
    """Return a line without what a terminal would obey: it may come from a stranger's project."""
    if line.isprintable():
        return line
    return "".join(c if c.isprintable() or c == "\t" else ascii(c)[1:-1] for c in line)


def prepare_streams() -> None:
    """Replace streams that were closed, and let an old console show escapes rather than fail."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def flush_stdout() -> None:
    """Send what others printed on its way, here, where a closed pipe is expected."""
    try:
        sys.stdout.flush()
    except OSError:
        _discard(sys.stdout)


def _discard(stream: TextIO) -> None:
    """Let everything that a stream still holds, and gets, go nowhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
