"""Apply a change all or nothing, whatever kills the process, and keep what a removal takes away.

A change is an ordered list of renames. The journal is written before the first and deleted after
the last. One rename is the commit point: for an addition the last (the asset file arrives), for a
removal the first (the asset file leaves), for an undo the last. Whoever finds a journal goes
forward if that rename was done, and back if not. A removal's journal then becomes the manifest of
its undo folder, so that what was removed can always be put back.
"""

import errno
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from .project import Project, Refusal

PATIENCE = 60.0  # seconds to wait for another command to finish


class Change(NamedTuple):
    """What a command is about to do, complete. Paths are relative to the root, with slashes."""

    action: str  # add, remove or undo
    keys: tuple[str, ...]
    moves: tuple[tuple[str, str], ...]  # from, to; in this order
    writes: tuple[tuple[str, str], ...] = ()  # for an addition: where each text goes
    notes: tuple[str, ...] = ()  # what a person should know besides
    broken: tuple[str, ...] = ()  # what will not load afterwards, one sentence each
    needs: tuple[str, ...] = ()  # for a removal: the keys that what goes depended on

    @property
    def files(self) -> tuple[str, ...]:
        """The project's files that come or go."""
        return tuple(source if self.action == "remove" else target for source, target in self.moves)


def addition(key: str, texts: dict[str, str], notes: tuple[str, ...] = ()) -> Change:
    """Return the change that writes new files; the last one is the asset."""
    moves = tuple((f".polster/stage/{number}", path) for number, path in enumerate(texts))
    return Change("add", (key,), moves, tuple(texts.items()), notes)


@contextmanager
def locked(project: Project, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the project's lock, first repairing what an interrupted command left.

    The operating system frees the lock when its process ends, however it ends.

    Raises:
        Refusal: another command holds it for longer than `patience` seconds, or the project
            cannot be written.
    """
    try:
        project.state.mkdir(exist_ok=True)
        ignore = project.state / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8", newline="\n")
        handle = os.open(project.state / "lock", os.O_RDWR | os.O_CREAT, 0o666)
    except OSError as error:
        raise _unchanged(error) from None
    try:
        end = time.monotonic() + patience
        while not _try_lock(handle):
            if time.monotonic() > end:
                raise Refusal(
                    "Another command is at work in this project; try again when it is done."
                )
            time.sleep(0.02)
        recover(project)
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
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            return False
        raise
    return True


def interrupted(project: Project) -> bool:
    """Say whether a command was killed here, or is just at work."""
    return _journal(project).exists()


def apply(project: Project, change: Change) -> None:
    """Do a change completely, or leave everything as it was. The caller holds the lock.

    Raises:
        Refusal: something stands in the way, or the disk or its permissions refuse.
    """
    root = project.root
    for _, target in change.moves:
        if os.path.lexists(root / target):
            raise Refusal(f"{target} already exists; nothing was changed.")
    try:
        _write(_journal(project), json.dumps(change._asdict()))
        for number, (_, text) in enumerate(change.writes):
            _write(project.state / "stage" / str(number), text)
        for source, target in change.moves:
            _move(root, source, target)
    except BaseException as error:
        reason = _reason(error) if isinstance(error, OSError) else "interrupted"
        try:
            _back(project, change)
        except OSError as second:
            raise Refusal(
                f"The change was not completed: {reason}; nor taken back: {_reason(second)}. Make "
                "room or correct the permissions; the next command then puts everything right."
            ) from None
        if not isinstance(error, OSError):
            raise
        raise _unchanged(error) from None
    _finish(project, change)


def recover(project: Project) -> None:
    """Complete or take back what an interrupted command left. The caller holds the lock."""
    try:
        change = _read(_journal(project))
    except FileNotFoundError:
        return
    commit = change.moves[0 if change.action == "remove" else -1]
    keys = ", ".join(change.keys)
    if _done(project.root, *commit):
        for source, target in change.moves:
            _move(project.root, source, target)
        _finish(project, change)
        print(f"Completed the interrupted {change.action} of {keys}.", file=sys.stderr)
    else:
        _back(project, change)
        print(f"Took back the interrupted {change.action} of {keys}.", file=sys.stderr)


def last_removal(project: Project) -> Change:
    """Return the change that puts back the last removal.

    Raises:
        Refusal: there is none.
    """
    removals = _removals(project)
    if not removals:
        raise Refusal("There is no removal to undo.")
    change = _read(removals[-1] / "manifest.json")
    moves = tuple((target, source) for source, target in reversed(change.moves))
    return change._replace(action="undo", moves=moves, notes=(), broken=())


def store_path(project: Project, *, new: bool) -> str:
    """Return the folder, relative to the root, of the next removal's files or the last one's."""
    removals = _removals(project)
    number = int(removals[-1].name) if removals else 0
    return f".polster/undo/{number + new:04}"


def _removals(project: Project) -> list[Path]:
    """The undo folders, oldest first."""
    folders = (file.parent for file in (project.state / "undo").glob("[0-9]*/manifest.json"))
    return sorted(folders, key=lambda folder: int(folder.name))


def _reason(error: OSError) -> str:
    """Say what the system said, and where."""
    place = " -> ".join(str(path) for path in (error.filename, error.filename2) if path)
    return f"{error.strerror or error} ({place})" if place else str(error)


def _unchanged(error: OSError) -> Refusal:
    advice = "Make room or correct the permissions, then try again."
    return Refusal(f"Nothing was changed: {_reason(error)}. {advice}")


def _read(path: Path) -> Change:
    """Read a journal or a manifest."""
    record = json.loads(path.read_text(encoding="utf-8"))
    pairs = {name: tuple(map(tuple, record[name])) for name in ("moves", "writes")}
    return Change(**record | {name: tuple(record[name]) for name in ("keys", "needs")} | pairs)


def _journal(project: Project) -> Path:
    return project.state / "journal.json"


def _store(project: Project, change: Change) -> Path:
    """The undo folder that a removal fills or an undo empties: `.polster/undo/0001`."""
    inside = change.moves[0][1 if change.action == "remove" else 0]
    return project.root.joinpath(*inside.split("/")[:3])


def _finish(project: Project, change: Change) -> None:
    """Make a completed change final: from here on there is no journal."""
    if change.action == "remove":
        _replace(_journal(project), _store(project, change) / "manifest.json")
        return
    if change.action == "undo":
        (_store(project, change) / "manifest.json").unlink(missing_ok=True)
    _tidy(project, change)
    _journal(project).unlink(missing_ok=True)


def _back(project: Project, change: Change) -> None:
    """Take back what was done of a change, the last rename first."""
    texts = dict(change.writes)
    for source, target in reversed(change.moves):
        if not _done(project.root, source, target):
            continue
        path = project.root / target
        if target not in texts:
            _move(project.root, target, source)
        elif path.read_bytes() == texts[target].encode("utf-8"):
            path.unlink()
        else:
            print(f"{target} was edited since, so it stays.", file=sys.stderr)
    if change.action != "undo":
        _tidy(project, change)
    _journal(project).unlink(missing_ok=True)


def _tidy(project: Project, change: Change) -> None:
    """Delete what only this change needed under `.polster/`."""
    import shutil

    folder = project.state / "stage" if change.action == "add" else _store(project, change)
    shutil.rmtree(folder, ignore_errors=True)


def _done(root: Path, source: str, target: str) -> bool:
    return os.path.lexists(root / target) and not os.path.lexists(root / source)


def _move(root: Path, source: str, target: str) -> None:
    """Rename a file, unless that was done before; the folders on the way are made."""
    if os.path.lexists(root / source):
        (root / target).parent.mkdir(parents=True, exist_ok=True)
        _replace(root / source, root / target)


def _replace(source: Path, target: Path) -> None:
    """Rename durably; across file systems, by a complete copy beside the target."""
    try:
        os.replace(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        import shutil

        copy = target.with_name(f".{target.name}.polster")
        shutil.copy2(source, copy)
        _sync(copy)
        os.replace(copy, target)
        source.unlink()
    _sync(target.parent)


def _write(path: Path, text: str) -> None:
    """Write a file of `.polster/` durably: complete, or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + ".new")
    with open(temporary, "wb") as file:
        file.write(text.encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())
    _replace(temporary, path)


def _sync(path: Path) -> None:
    """Make a file or a folder's entries durable where the system can."""
    with suppress(OSError):  # Windows opens no folders, some file systems sync none
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
