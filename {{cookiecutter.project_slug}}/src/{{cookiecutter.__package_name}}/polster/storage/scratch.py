"""Private folders for files that are not complete yet.

A scratch folder is beside the file that it is for, so that the finished file can be renamed into
place. Its writer keeps a lock file in it open and locked. The system releases the lock when the
process ends, however it ends, so the next writer can tell the folder of a dead writer from that of
a live one, and remove it.

It is a folder because a thread of Polars may create its output file shortly *after* the query has
failed and the file was removed. Nothing can be created in a folder that no longer exists.
"""

import os
import stat
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

if os.name != "nt":
    import fcntl

FOLDER_NAME = ".polster-{}.tmp"
LOCK_NAME = "lock"
ATTEMPTS = 100


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """Make a private folder in `parent`; at the end, remove it with all that is in it.

    Folders of writers that died are removed first.

    Raises:
        OSError: `parent` cannot be written to.
    """
    remove_abandoned(parent)
    folder, lock = _create(parent)
    try:
        yield folder
    finally:
        lock.close()
        _remove(folder)


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """Make a private folder where the system keeps temporary files; at the end, remove it.

    It lies in a folder of this user's own: in one that everybody may write to, another user could
    put a link in place of a folder that is about to be emptied.

    Raises:
        OSError: the system's folder cannot be written to, or another user has taken the name.
    """
    user = "" if os.name == "nt" else f"-{os.getuid()}"  # Windows has a folder for each user
    parent = Path(tempfile.gettempdir(), f"polster{user}")
    parent.mkdir(mode=0o700, exist_ok=True)
    status = os.lstat(parent)
    if _is_link(status) or (os.name != "nt" and status.st_uid != os.getuid()):
        raise OSError(f"{parent} is not this user's own folder. Remove it, or set TMPDIR.")
    with scratch_folder(parent) as folder:
        yield folder


def remove_abandoned(parent: Path) -> None:
    """Remove the scratch folders in `parent` whose writers have died. Links are left alone."""
    for folder in parent.glob(FOLDER_NAME.format("*")):
        try:
            status = os.lstat(folder)
            if _is_link(status) or not stat.S_ISDIR(status.st_mode):
                continue
            _take_lock_away(folder / LOCK_NAME)
        except OSError:
            continue  # its writer is alive, or this user may not remove it
        _remove(folder, keep=LOCK_NAME)


def _create(parent: Path) -> tuple[Path, IO[bytes]]:
    """Make a folder with a locked lock file.

    Another process may take the folder for an abandoned one before it is locked: then try again.
    """
    for _ in range(ATTEMPTS):
        folder = parent / FOLDER_NAME.format(uuid.uuid4().hex)
        folder.mkdir(mode=0o700)
        try:
            lock = open(folder / LOCK_NAME, "xb")  # noqa: SIM115 (the caller closes it)
        except FileNotFoundError:
            continue
        except OSError:  # a full disk can hold a folder more, and no file
            _remove(folder)
            raise
        try:
            _lock(lock)
        except BlockingIOError:
            lock.close()
            continue
        if Path(lock.name).exists():
            return folder, lock
        lock.close()
    raise OSError(f"No scratch folder could be locked in {parent}.")


def _is_link(status: os.stat_result) -> bool:
    """Return whether an `os.lstat` result is that of a link, or of a junction on Windows."""
    junction = getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", None)
    if junction is not None and getattr(status, "st_reparse_tag", None) == junction:
        return True
    return stat.S_ISLNK(status.st_mode)


def _lock(file: IO[bytes]) -> None:
    """Lock an open file without waiting. Windows needs no lock: see `_take_lock_away`.

    Raises:
        BlockingIOError: another process holds the lock.
    """
    if os.name != "nt":
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


def _take_lock_away(lock: Path) -> None:
    """Remove a lock file; one that is missing already is fine.

    Raises:
        OSError: its writer is alive. Windows refuses to remove a file that a process holds open.
    """
    if os.name == "nt":
        lock.unlink(missing_ok=True)
        return
    try:
        with open(lock, "r+b") as file:
            _lock(file)
            lock.unlink()
    except FileNotFoundError:
        pass


def _remove(folder: Path, keep: str = "") -> None:
    """Remove a folder with its files, and once more if a file was created meanwhile.

    What cannot be removed now is left to the next writer.

    Args:
        folder: the folder.
        keep: the name of a file that, if it appears, means that the folder is in use.
    """
    for _ in range(ATTEMPTS):
        try:
            files = list(folder.iterdir())
            # Looked for after the list: who creates a file in the folder has locked it before.
            if keep and (folder / keep).exists():
                return
            for file in files:
                file.unlink(missing_ok=True)
            folder.rmdir()
        except FileNotFoundError:
            return
        except OSError:
            continue
        else:
            return
