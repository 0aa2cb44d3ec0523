"""Carry out the steps of an upgrade, forwards or backwards, all or nothing.

Each step is one atomic act: a file is replaced by a synced temporary file beside it, or it is
removed. What a step has done is seen by the file's checksum, so a process may end anywhere: the
next one carries on, or goes back. A file that somebody edited meanwhile has neither checksum and
is left alone.

New files come first and removed ones go last, so that no file that both releases have is ever
missing. Backwards, the steps come in the opposite order. Either way, `.polster.json` changes when
everything else is done.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

from polster.door import own_command_for
from polster.errors import Refusal
from polster.files import is_link
from polster.upgrading.paths import MANIFEST, UPGRADES, inside, read
from polster.upgrading.plan import Plan
from polster.upgrading.store import (
    Record,
    State,
    Step,
    Store,
    checksum_of,
    on_disk,
    read_copy,
    read_record,
    remove_unused,
    switch,
    sync_folder,
    write_store,
    write_synced,
)

ADVICE = "Make room or correct the permissions, then try again."


def prepare(root: Path, plan: Plan) -> Store:
    """Write all that an upgrade needs, and check it. The caller holds the lock.

    Raises:
        Refusal: if something cannot be written; the project is as before.
    """
    try:
        remove_unused(root)
        _offer_new_texts(root, plan)
        store = write_store(root, plan)
        check(store, read_record(store).steps)
        return store
    except BaseException as error:
        with suppress(OSError, Refusal):
            remove_unused(root)
        if isinstance(error, OSError):
            raise Refusal(f"Nothing was changed: {error}. {ADVICE}") from None
        raise


def finish(store: Store) -> tuple[str, ...]:
    """Carry out an upgrade that is prepared or active; return the files edited meanwhile.

    Raises:
        Refusal: if it cannot be carried out; all of it is taken back.
    """
    record = read_record(store)
    check(store, record.steps)
    try:
        if store.state is State.NEW:
            store = switch(store, State.ACTIVE)
        left = _perform(store, record.steps)
        switch(store, State.DONE)
    except BaseException as error:
        with _halfway(store.root, error):
            _take_back(on_disk(store), record)
        raise
    return left


def _take_back(store: Store, record: Record) -> None:
    """Take back an upgrade that did not end; its copies stay if files were edited meanwhile."""
    if store.state is State.DONE:
        store = switch(store, State.ACTIVE)
    edited = _perform(store, _backwards(record), record.folders)
    if edited:
        switch(store, State.UNDONE)
        return
    if store.state is not State.NEW:
        store = switch(store, State.NEW)
    shutil.rmtree(inside(store.root, store.name))


def go_back(store: Store) -> tuple[str, ...]:
    """Take an upgrade back; return the files that somebody edited since.

    The copies stay, in any case: those of files that were edited are of use, and a few kilobytes
    are a small price for never losing one.

    Raises:
        Refusal: if it cannot be taken back, or its copies are damaged; everything stays.
    """
    record = read_record(store)
    check(store, _backwards(record))
    began = store.state
    try:
        if began is not State.UNDOING:
            store = switch(store, State.UNDOING)
        left = _perform(store, _backwards(record), record.folders)
        switch(store, State.UNDONE)
    except BaseException as error:
        with _halfway(store.root, error):
            store = on_disk(store)
            if store.state is State.UNDONE:
                store = switch(store, State.UNDOING)
            _perform(store, record.steps)
            if store.state is not began:
                switch(store, began)
        raise
    return left


@contextmanager
def _halfway(root: Path, error: BaseException) -> Iterator[None]:
    """Turn an error that stopped the steps into a sentence, once the body has taken them back.

    Raises:
        Refusal: if `error` is one of the disk, or the steps cannot be taken back.
    """
    try:
        yield
    except (OSError, Refusal) as second:
        again = f"{own_command_for(root)} upgrade"
        raise Refusal(
            f"Neither done nor taken back: {second}. Every file is whole. Make room or correct the "
            f"permissions; then `{again}` finishes, or `{again} --undo` goes back."
        ) from None
    if isinstance(error, OSError):
        raise Refusal(f"Nothing was changed: {error}. {ADVICE}") from None


def check(store: Store, steps: Iterable[Step]) -> None:
    """Check that every step can be carried out: where it leads, and the copy that it needs.

    Raises:
        Refusal: if one cannot; nothing was changed.
    """
    for step in steps:
        present = checksum_of(read(store.root, step.path))
        if step.after is not None and present == step.before:
            read_copy(store, step.path, step.after)


def _perform(
    store: Store, steps: Iterable[Step], folders: frozenset[str] | None = None
) -> tuple[str, ...]:
    """Do what is left of the steps; return the files that are in neither of their two states.

    Args:
        store: Where the copies are.
        steps: What is to be done, forwards or backwards.
        folders: The only folders that may be removed once they are empty; any, if None.
    """
    left = []
    for step in steps:
        target = inside(store.root, step.path)
        _remove_file(_temporary(target))
        present = checksum_of(read(store.root, step.path))
        if present == step.after:
            continue
        if present != step.before:
            left.append(step.path)
        elif step.after is None:
            target.unlink()
            _remove_empty_folders(store.root, step.path, folders)
        else:
            _replace(store, step.path, step.after)
    return tuple(left)


def _replace(store: Store, path: str, checksum: str) -> None:
    """Put a copy of the store in its place, by one rename; a file that is there lends its mode."""
    target = inside(store.root, path)
    copy = read_copy(store, path, checksum)
    mode = target.stat().st_mode & 0o777 if target.exists() else copy.mode
    temporary = _temporary(target)
    write_synced(temporary, copy.text, mode)
    os.replace(temporary, target)
    sync_folder(target.parent)


def _temporary(target: Path) -> Path:
    """Return where a file is written before it takes its place."""
    return target.with_name(f".{target.name}.polster-new")


def _remove_file(path: Path) -> None:
    """Remove a temporary file that a killed upgrade left."""
    if is_link(path) or path.is_file():
        path.unlink()


def _remove_empty_folders(root: Path, path: str, only: frozenset[str] | None) -> None:
    """Remove the folders that the removal of a file emptied, or only those that `only` names."""
    for parent in list(PurePosixPath(path).parents)[:-1]:
        if only is not None and parent.as_posix() not in only:
            return
        try:
            inside(root, parent.as_posix()).rmdir()
        except OSError:  # something else is in it
            return


def _backwards(record: Record) -> tuple[Step, ...]:
    """Return the steps that take an upgrade back, in the opposite order, `.polster.json` last."""
    steps = [step.backwards() for step in reversed(record.steps)]
    return tuple(sorted(steps, key=lambda step: step.path == MANIFEST))


def _offer_new_texts(root: Path, plan: Plan) -> None:
    """Lay the release's text of each edited file where its user finds it: nothing reads it."""
    for kept in plan.offered:
        offered = inside(root, f"{UPGRADES}/{plan.to_version}/{kept.path}")
        _remove_file(offered)
        write_synced(offered, kept.after or b"", 0o644)
