"""Apply a change all or nothing, whatever kills the process, and keep what a removal takes away.

A change is an ordered list of renames. First comes what it needs, written under `.polster/`, then
the journal, then the renames; then the journal goes. Whoever finds a journal carries on where it
stopped, or, where that fails, goes back. An addition's asset file arrives last and a removal's
leaves first, so the project loads after every rename. A removal's journal stays beside the files
that it moved away: it is what an undo reads.
"""

import errno
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from ..project import Project, Refusal

JOURNAL = "journal.json"
PATIENCE = 60.0  # seconds to wait for another command to finish
ADVICE = "Make room or correct the permissions, then try again."


class Change(NamedTuple):
    """What a command is about to do, complete. Paths are relative to the root, with slashes."""

    action: str  # add, remove or undo
    keys: Sequence[str]
    moves: Sequence[tuple[str, str]]  # from, to; in this order
    texts: Sequence[str] = ()  # for an addition: what is written at the start of each move
    store: str = ""  # for a removal and its undo: the folder where the files wait
    needs: Sequence[str] = ()  # for a removal: the keys that what goes depended on
    notes: Sequence[str] = ()  # what a person should know besides
    advice: str = ""  # what a person may do once it is done

    @property
    def files(self) -> list[str]:
        """The project's files that come or go."""
        return [source if self.action == "remove" else target for source, target in self.moves]


@contextmanager
def locked(project: Project, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the project's lock, first completing what an interrupted command left.

    The operating system frees the lock when its process ends, however it ends. A Refusal says
    that another command held it for longer than `patience` seconds, or that nothing can be written.
    """
    try:
        project.state.mkdir(exist_ok=True)
        (project.state / "lock").touch()
    except OSError as error:
        raise Refusal(f"Nothing was changed: {error}. {ADVICE}") from None
    with open(project.state / "lock", "ab") as lock:
        end = time.monotonic() + patience
        while not _try_lock(lock.fileno()):
            if time.monotonic() > end:
                raise Refusal("Another command is at work in this project; try again later.")
            time.sleep(0.02)
        if (project.state / JOURNAL).exists():
            change = _read(project.state / JOURNAL)
            apply(project, change)
            said = f"Completed the interrupted {change.action} of {', '.join(change.keys)}."
            print(said, file=sys.stderr)
        yield


def repair(project: Project) -> None:
    """Complete what a killed command left; leave a command that is still at work alone."""
    if (project.state / JOURNAL).exists():
        with suppress(Refusal, OSError), locked(project, patience=0):
            pass


def apply(project: Project, change: Change) -> None:
    """Do what is left of a change, or take back all of it. The caller holds the lock."""
    import json

    journal = project.state / JOURNAL
    manifest = project.root / change.store / "manifest.json"
    try:
        for (source, _), text in zip(change.moves, change.texts, strict=False):
            _write(project.root / source, text)
        _write(journal, json.dumps(change._replace(texts=())._asdict()))
        _rename(project.root, change.moves)
    except BaseException as error:
        try:
            _rename(project.root, _backwards(change))
            journal.unlink(missing_ok=True)
        except OSError as second:
            said = "Neither done nor taken back; the next command will complete it"
            raise Refusal(f"{said}: {second}. {ADVICE}") from None
        if isinstance(error, OSError):
            raise Refusal(f"Nothing was changed: {error}. {ADVICE}") from None
        raise
    if change.action == "remove":
        os.replace(journal, manifest)
        return
    if change.action == "undo":
        manifest.unlink(missing_ok=True)
    journal.unlink()


def last_removal(project: Project) -> Change:
    """Return the change that puts back the last removal; a Refusal says if there is none."""
    manifests = [store / "manifest.json" for store in _stores(project)]
    waiting = [manifest for manifest in manifests if manifest.exists()]
    if not waiting:
        raise Refusal("There is no removal to undo.")
    change = _read(waiting[-1])
    return Change("undo", change.keys, _backwards(change), store=change.store, needs=change.needs)


def next_store(project: Project) -> str:
    """Return the folder, relative to the root, for the files of the next removal."""
    used = [int(store.name) for store in _stores(project)]
    return f".polster/undo/{max(used, default=0) + 1:06}"


def _stores(project: Project) -> list[Path]:
    """Return the folders of past removals, the last one last; a person's copy of one is none."""
    return sorted(one for one in (project.state / "undo").glob("*") if one.name.isdecimal())


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


def _backwards(change: Change) -> list[tuple[str, str]]:
    return [(target, source) for source, target in reversed(change.moves)]


def _rename(root: Path, moves: Sequence[tuple[str, str]]) -> None:
    """Rename what was not renamed before, never over a file; make the folders on the way."""
    for source, target in ((root / source, root / target) for source, target in moves):
        if not os.path.lexists(source) or os.path.lexists(target):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.rename(source, target)
        except OSError as error:
            if error.errno != errno.EXDEV:  # landing files may lie on another file system
                raise
            import shutil

            shutil.move(source, target)


def _write(path: Path, text: str) -> None:
    """Write a file of `.polster/`: complete, or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.new")
    with open(temporary, "wb") as file:
        file.write(text.encode("utf-8"))
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def _read(path: Path) -> Change:
    import json

    try:
        return Change(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError):  # it is written whole: something else wrote to it
        advice = "Move it away; `git status` shows what was changed"
        raise Refusal(f"{path} is damaged, and says no more what was begun. {advice}.") from None
