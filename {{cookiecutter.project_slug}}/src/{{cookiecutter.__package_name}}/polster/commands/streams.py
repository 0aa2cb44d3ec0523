"""Let no command fail because its output cannot be written: closed, its reader gone, a full disk.

Only the standard library is imported here: this runs before anybody knows what is installed.
"""

import io
import os
import sys


def prepare_streams() -> None:
    """Replace stdout and stderr by streams that lose what cannot be written.

    A terminal stays as it is. So does a stream that a test or a notebook put in place.
    """
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream = getattr(sys, name)
        if stream is None:
            _open_nowhere(number)
            setattr(sys, name, open_stream(number, "utf-8"))
        elif _is_file(stream, number):
            stream.flush()
            setattr(sys, name, open_stream(number, stream.encoding))


def open_stream(number: int, encoding: str) -> io.TextIOWrapper:
    """Return a stream that shows each line at once, and loses what cannot be written.

    The file stays open when the stream ends.
    """
    file = open(number, "wb", closefd=False)  # noqa: SIM115 (the stream ends with the process)
    return _LenientStream(file, encoding=encoding, errors="backslashreplace", line_buffering=True)


class _LenientStream(io.TextIOWrapper):
    """A stream that, from the first line that cannot be written, leads nowhere.

    The error is caught here, not below: a Ctrl-C in a buffer's own write would write it again.
    """

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError:
            _open_nowhere(self.fileno())
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError:
            _open_nowhere(self.fileno())


def _open_nowhere(number: int) -> None:
    """Let a file's number lead nowhere; one that is closed could get any file opened next."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    if nowhere != number:
        os.close(nowhere)


def _is_file(stream: io.TextIOBase, number: int) -> bool:
    """Return whether a stream is the process's own, and not a terminal."""
    try:
        return stream.fileno() == number and not stream.isatty()
    except (OSError, ValueError):
        return False
