"""The acts on the disk: write a file, read one, move one.

None of them follows a link, and none replaces a file that is the user's.
"""

import errno
import os
from pathlib import Path

from .change import Move
from .paths import locate

_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)  # Windows has neither
_BINARY = getattr(os, "O_BINARY", 0)


def write_whole(root: Path, path: str, data: bytes) -> None:
    """Write a file of `.polster/`: complete, or not there. One that is there is replaced."""
    target = locate(root, path)
    temporary = locate(root, f"{path}.new")
    target.parent.mkdir(parents=True, exist_ok=True)
    _write_new(temporary, data)
    os.replace(temporary, target)


def read_whole(root: Path, path: str, limit: int) -> bytes:
    """Return what is in a regular file, or its first `limit` bytes."""
    handle = os.open(locate(root, path), os.O_RDONLY | _NO_FOLLOW | _BINARY)
    with os.fdopen(handle, "rb") as file:
        return file.read(limit)


def open_for_locking(root: Path, path: str) -> int:
    """Return the descriptor of an empty file that is made if it is missing."""
    file = locate(root, path)
    file.parent.mkdir(exist_ok=True)
    return os.open(file, os.O_RDWR | os.O_CREAT | _NO_FOLLOW | _BINARY, 0o666)


def move_file(root: Path, move: Move) -> None:
    """Move a file that was not moved before, never over another; make the folders on the way."""
    source, target = locate(root, move.source), locate(root, move.target)
    if not os.path.lexists(source):
        return
    if os.path.lexists(target):
        if not differs(root, move):  # a copy to another file system was made, and then it ended
            os.unlink(source)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:  # data/ or tests/ may be a mount of its own
            raise
        _copy_then_remove(root, move)


def differs(root: Path, move: Move) -> bool:
    """Tell whether a move's source and target are both there, and are not the same bytes."""
    source, target = locate(root, move.source), locate(root, move.target)
    if not (os.path.lexists(source) and os.path.lexists(target)):
        return False
    return source.read_bytes() != target.read_bytes()


def _copy_then_remove(root: Path, move: Move) -> None:
    """Move a file to another file system, where it appears complete or not at all."""
    source, target = locate(root, move.source), locate(root, move.target)
    folder, _, name = move.target.rpartition("/")
    temporary = locate(root, f"{folder}/.{name}.new")
    mode = source.stat().st_mode
    _write_new(temporary, source.read_bytes())
    os.chmod(temporary, mode & 0o777)
    os.replace(temporary, target)
    os.unlink(source)


def _write_new(file: Path, data: bytes) -> None:
    """Write and sync a new file; what a killed process left in its place goes first."""
    file.unlink(missing_ok=True)
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_FOLLOW | _BINARY, 0o666)
    with os.fdopen(handle, "wb") as opened:
        opened.write(data)
        opened.flush()
        os.fsync(opened.fileno())
