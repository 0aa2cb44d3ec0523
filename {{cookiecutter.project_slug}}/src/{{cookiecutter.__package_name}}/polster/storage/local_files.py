"""Replace a file on this machine's disk: all of it, or nothing."""

import errno
import os
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TypeVar

from .errors import StorageError
from .scratch import scratch_folder
from .variables import URL_VARIABLE

Result = TypeVar("Result")
FULL = {errno.ENOSPC} | ({errno.EDQUOT} if hasattr(errno, "EDQUOT") else set())


def replace_file(target: Path, write: Callable[[Path], Result]) -> Result:
    """Let `write` create a new file, then rename it over `target`.

    Until the rename, the old file stays as it was, and a failure leaves no trace of the new one.
    After it only the folder is synced: if that fails, the new file is in place.

    Args:
        target: the file to replace or create; its folder is made if needed.
        write: creates the file at the path that it is given, and syncs it to the disk.

    Returns:
        What `write` returned.

    Raises:
        StorageError: the folder cannot be written to, or the disk is full.
    """
    folder = target.parent
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            scratch = stack.enter_context(scratch_folder(folder))
        except OSError as error:
            if _is_disk_full(error):
                raise _disk_full(target) from error
            raise StorageError(
                f"The folder {folder} cannot be written to ({error.strerror or error}). "
                f"Give this user the right to, or set {URL_VARIABLE} to another place."
            ) from error
        try:
            unfinished = scratch / f"data{target.suffix}"
            result = write(unfinished)
            os.replace(unfinished, target)
            _sync_folder(folder)
        except Exception as error:
            if not _is_disk_full(error):
                raise
            raise _disk_full(target) from error
    return result


def _is_disk_full(error: Exception) -> bool:
    """Return whether there is no room left. Polars passes on the system's error as text only."""
    if isinstance(error, OSError) and error.errno in FULL:
        return True
    return any(os.strerror(number) in str(error) for number in FULL)


def _disk_full(target: Path) -> StorageError:
    """Return the error of a file for which there is no room."""
    return StorageError(
        f"The disk of {target.parent} is full; {target.name} keeps its last good data. "
        f"Make room, or set {URL_VARIABLE} to another place."
    )


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut. Windows has no such call."""
    if os.name != "nt":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
