"""Files of a project, in which anybody may have put anything."""

import errno
import os
import stat
from pathlib import Path

LARGEST = 20_000_000  # bytes; the largest file of the template has some 20,000


def is_link(path: Path) -> bool:
    """Tell whether `path` is a symbolic link or, on Windows, a junction."""
    try:
        state = os.lstat(path)
    except OSError:
        return False
    # Python 3.11 on Windows knows a junction by its tag only.
    junction = getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", None)
    is_junction = junction is not None and getattr(state, "st_reparse_tag", None) == junction
    return stat.S_ISLNK(state.st_mode) or is_junction


def read_regular(path: Path) -> bytes:
    """Return what a regular file holds, without ever waiting for a pipe or a device.

    Raises:
        OSError: if there is none, or it cannot be read, is something else or is too large.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise OSError(errno.EINVAL, "This is not a regular file", str(path))
    with open(os.open(path, flags), "rb") as file:
        # Once more: something else may have taken its place.
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "This is not a regular file", str(path))
        content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise OSError(errno.EFBIG, "This file is too large", str(path))
    return content
