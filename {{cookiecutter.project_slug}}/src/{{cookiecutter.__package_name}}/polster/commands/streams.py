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
    file = io.BufferedWriter(_LenientFile(number, "wb", closefd=False))
    return io.TextIOWrapper(file, encoding=encoding, errors="backslashreplace", line_buffering=True)


class _LenientFile(io.FileIO):
    """An open file that takes everything, and loses what cannot be written."""

    def write(self, data: bytes) -> int:
        try:
            return super().write(data)
        except OSError:
            return memoryview(data).nbytes


def _open_nowhere(number: int) -> None:
    """Let a closed file's number lead nowhere, so that no other file that is opened gets it."""
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
