"""One command at a time: the project's lock, which the operating system frees with its process."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ..project import Project, Refusal
from .disk import open_for_locking
from .paths import locate

LOCK = ".polster/lock"
PATIENCE = 60.0  # seconds to wait for another command to finish


@contextmanager
def hold_lock(project: Project, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the project's lock.

    Raises:
        Refusal: another command held it for longer than `patience` seconds, or `.polster/` is
            not a folder that can be written.
    """
    try:
        handle = open_for_locking(project.root, LOCK)
    except OSError as error:
        advice = "Make room or correct the permissions, then try again."
        raise Refusal(f"Nothing was changed: {error}. {advice}") from None
    try:
        _wait_for(handle, patience)
        yield
    finally:
        os.close(handle)


def is_held(project: Project) -> bool:
    """Tell, without writing anything, whether a command is at work."""
    try:
        handle = os.open(locate(project.root, LOCK), os.O_RDONLY)
    except (OSError, Refusal):
        return False
    try:
        return not _try_lock(handle)
    except OSError:
        return False
    finally:
        os.close(handle)


def _wait_for(handle: int, patience: float) -> None:
    end = time.monotonic() + patience
    while not _try_lock(handle):
        if time.monotonic() > end:
            raise Refusal("Another command is at work in this project; try again later.")
        time.sleep(0.02)


def _try_lock(handle: int) -> bool:
    """Take the lock if it is free."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
