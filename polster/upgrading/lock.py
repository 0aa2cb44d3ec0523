"""The project's lock, which `polster_tasks` takes too: one command at a time changes a project."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from polster.errors import Refusal
from polster.upgrading.paths import STATE, inside

PATIENCE = 60.0  # seconds to wait for another command to finish, as polster_tasks waits


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the project's lock; the system frees it when the process ends, however it ends.

    Raises:
        Refusal: if another command holds it for longer than PATIENCE, or it cannot be written.
    """
    path = inside(root, f"{STATE}/lock")
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
    try:
        path.parent.mkdir(exist_ok=True)
        handle = os.open(path, flags, 0o644)
    except OSError as error:
        raise Refusal(f"Nothing was changed: {error}.") from None
    try:
        end = time.monotonic() + PATIENCE
        while not _try_lock(handle):
            if time.monotonic() > end:
                raise Refusal("Another command is at work in this project: try again later.")
            time.sleep(0.02)
        yield
    finally:
        os.close(handle)


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
