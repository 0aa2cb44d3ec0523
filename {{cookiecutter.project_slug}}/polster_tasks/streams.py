"""Write to stdout and stderr, whatever they are: a terminal, a pipe that closes, a full disk."""

import os
import sys
from typing import TextIO

from .project import Refusal


def prepare_streams() -> None:
    """Replace streams that were closed, and let an old console show escapes rather than fail."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")


def show(*lines: str) -> None:
    """Print a result on stdout, at once, so that it comes before what is said on stderr next.

    A reader that has left, as `head` does, is no error.
    """
    try:
        print(*lines, sep="\n", flush=True)
    except BrokenPipeError:
        _discard(sys.stdout)
    except OSError as error:
        _discard(sys.stdout)
        raise Refusal(f"The output could not be written: {error}.") from None


def say(sentence: str, end: str = "\n") -> None:
    """Print a sentence for people on stderr, if anybody listens."""
    try:
        print(printable(sentence), end=end, file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.stderr)


def printable(text: str) -> str:
    """Return a text without what would command a terminal: names of files may hold anything."""
    return "\n".join(one_line(line) for line in text.split("\n"))


def one_line(text: str) -> str:
    """Return a text, likewise, without what would break its line."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


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
