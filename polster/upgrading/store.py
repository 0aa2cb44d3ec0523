"""The copies that an upgrade keeps, and how far it is.

Each upgrade has a folder of its own in `.polster/upgrade/`, named by a number. It holds
`plan.json`, and the text of each file before and after under `old/` and `new/`. The folder's name
says how far the upgrade is, so that one rename switches from one state to the next:

    000007.new      being written; of no use to anybody if the process ends now
    000007.active   complete; the project's files are being changed
    000007          done; `--undo` goes back
    000007.undoing  the project's files are being changed back
    000007.undone   gone back; the copies stay
"""

import enum
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from polster.errors import Refusal
from polster.upgrading.documents import (
    FORMAT,
    Damaged,
    as_checksum,
    as_release,
    as_text,
    damaged,
    read_document,
)
from polster.upgrading.paths import MANIFEST, UPGRADES, inside, is_owned, read
from polster.upgrading.plan import Plan

_NAME = re.compile(r"([0-9]{6,})(\.[a-z]+)?")


class State(enum.Enum):
    """How far an upgrade is: what follows the number in its folder's name."""

    NEW = ".new"
    ACTIVE = ".active"
    DONE = ""
    UNDOING = ".undoing"
    UNDONE = ".undone"


class Store(NamedTuple):
    """The folder of one upgrade."""

    root: Path
    number: int
    state: State

    @property
    def name(self) -> str:
        """The folder, relative to the project's root."""
        return f"{UPGRADES}/{self.number:06}{self.state.value}"


class Step(NamedTuple):
    """One file of an upgrade, by the checksums of its exact bytes; None where it does not exist."""

    path: str
    before: str | None
    after: str | None

    def backwards(self) -> "Step":
        """Return the step that takes this one back."""
        return Step(self.path, self.after, self.before)


class Record(NamedTuple):
    """What `plan.json` says about an upgrade."""

    from_version: str
    to_version: str
    folders: frozenset[str]  # that the upgrade makes, and its undo removes again
    steps: tuple[Step, ...]


def checksum_of(text: bytes | None) -> str | None:
    """Return the checksum of a file's exact bytes."""
    return None if text is None else hashlib.sha256(text).hexdigest()


def stores(root: Path) -> list[Store]:
    """Return the upgrades of the project at `root`, the last one last.

    Raises:
        Refusal: if a link is in the way.
    """
    folder = inside(root, UPGRADES)
    if not folder.is_dir():
        return []
    found = []
    states = {state.value: state for state in State}
    for name in os.listdir(folder):
        match = _NAME.fullmatch(name)
        if not match or (match[2] or "") not in states:
            continue
        store = Store(root, int(match[1]), states[match[2] or ""])
        if store.name == f"{UPGRADES}/{name}":  # not with more zeros than ours
            inside(root, store.name)
            found.append(store)
    return sorted(found, key=lambda store: store.number)


def unfinished(root: Path) -> Store | None:
    """Return the upgrade, or the undo, that was interrupted, if there is one."""
    halfway = [one for one in stores(root) if one.state in (State.ACTIVE, State.UNDOING)]
    if len(halfway) > 1:
        raise Refusal(
            f"{root / UPGRADES} holds two unfinished upgrades, and no command leaves two: "
            "move one of their folders away. Nothing was changed."
        )
    return halfway[0] if halfway else None


def last_done(root: Path) -> Store | None:
    """Return the last upgrade that can be taken back, if there is one."""
    done = [one for one in stores(root) if one.state is State.DONE]
    return done[-1] if done else None


def remove_unused(root: Path) -> None:
    """Remove what upgrades left that ended before they had changed anything."""
    for store in stores(root):
        if store.state is not State.NEW:
            continue
        folder = inside(root, store.name)
        if folder.is_dir():
            shutil.rmtree(folder)
        else:
            folder.unlink()


def write_store(root: Path, plan: Plan) -> Store:
    """Write the copies of an upgrade, and their plan; nothing of the project changes yet."""
    number = max((store.number for store in stores(root)), default=0) + 1
    store = Store(root, number, State.NEW)
    steps = []
    folders: set[str] = set()
    for change in plan.steps:
        parents = [parent.as_posix() for parent in PurePosixPath(change.path).parents][:-1]
        folders |= {parent for parent in parents if not inside(root, parent).exists()}
        steps.append(Step(change.path, checksum_of(change.before), checksum_of(change.after)))
        if change.before is not None:
            mode = inside(root, change.path).stat().st_mode & 0o777
            write_synced(inside(root, f"{store.name}/old/{change.path}"), change.before, mode)
        if change.after is not None:
            write_synced(inside(root, f"{store.name}/new/{change.path}"), change.after, change.mode)
    content = {
        "format": FORMAT,
        "before": plan.from_version,
        "after": plan.to_version,
        "folders": sorted(folders),
        "steps": [step._asdict() for step in steps],
    }
    text = (json.dumps(content, indent=2) + "\n").encode()
    write_synced(inside(root, f"{store.name}/plan.json"), text, 0o644)
    return store


def switch(store: Store, state: State) -> Store:
    """Bring an upgrade to another state, by one rename."""
    after = store._replace(state=state)
    os.rename(inside(store.root, store.name), inside(store.root, after.name))
    sync_folder(store.root / UPGRADES)
    return after


def on_disk(store: Store) -> Store:
    """Return an upgrade in the state that the disk has: a switch may have been interrupted."""
    if inside(store.root, store.name).is_dir():
        return store
    return next(one for one in stores(store.root) if one.number == store.number)


def read_record(store: Store) -> Record:
    """Return what an upgrade consists of.

    Raises:
        Refusal: if it is damaged.
    """
    name = f"{store.name}/plan.json"
    content = read_document(store.root, name)
    if content is None:
        raise Refusal(
            f"{store.root / store.name} has no plan.json: move it away. Nothing was changed."
        )
    try:
        folders, steps = content.get("folders"), content.get("steps")
        if not isinstance(folders, list) or not isinstance(steps, list):
            raise Damaged("its folders or its steps are not a list")
        return Record(
            from_version=as_release(content.get("before")),
            to_version=as_release(content.get("after")),
            folders=frozenset(as_text(folder, "a folder") for folder in folders),
            steps=_steps(steps),
        )
    except Damaged as error:
        raise damaged(store.root, name, error) from None


def _steps(items: Iterable[object]) -> tuple[Step, ...]:
    """Return the steps of a plan; Damaged says what is wrong with one."""
    steps = []
    for item in items:
        if not isinstance(item, dict) or item.keys() != set(Step._fields):
            raise Damaged("a step is malformed")
        path, before, after = (item[name] for name in Step._fields)
        if not isinstance(path, str) or not (is_owned(path) or path == MANIFEST):
            raise Damaged(f"{str(path)[:80]!r} is not a file inside the project")
        before = None if before is None else as_checksum(before)
        after = None if after is None else as_checksum(after)
        if before == after:
            raise Damaged(f"nothing changes in {path!r}")
        steps.append(Step(path, before, after))
    if len({step.path for step in steps}) < len(steps):
        raise Damaged("it names a file twice")
    return tuple(steps)


class Copy(NamedTuple):
    """The text that a store kept of a file, and its mode."""

    text: bytes
    mode: int


def read_copy(store: Store, path: str, checksum: str) -> Copy:
    """Return the copy of the file `path` that has this checksum: the old text or the new one.

    Raises:
        Refusal: if there is none, or something changed it since.
    """
    for side in ("old", "new"):
        name = f"{store.name}/{side}/{path}"
        text = read(store.root, name)
        if text is not None and checksum_of(text) == checksum:
            return Copy(text, (store.root / name).stat().st_mode & 0o777)
    raise Refusal(
        f"{store.root / store.name} is damaged: its copy of {path} is missing or was changed. "
        "Move that folder away. Nothing was changed."
    )


def write_synced(path: Path, text: bytes, mode: int) -> None:
    """Write a file that does not exist, folders included, and see that it is on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags, 0o600), "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(mode)


def sync_folder(folder: Path) -> None:
    """See that the names in a folder are on the disk, where the system can tell."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
