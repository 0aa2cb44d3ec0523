"""The two things that a user can ask for: an upgrade, and its undo."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from polster.door import own_command_for
from polster.errors import Refusal
from polster.upgrading.apply import check, finish, go_back, prepare
from polster.upgrading.lock import locked
from polster.upgrading.manifest import Manifest, read_manifest
from polster.upgrading.plan import Force, make_plan
from polster.upgrading.release import assumed_manifest, bake_release
from polster.upgrading.report import describe, nothing_to_do, show_difference, summary
from polster.upgrading.store import (
    State,
    Store,
    last_done,
    read_record,
    remove_unused,
    stores,
    unfinished,
)

Say = Callable[[str], None]


def upgrade(root: Path, force: Force, *, dry_run: bool, verbose: bool, say: Say) -> None:
    """Bring the project at `root` to this package's release; first finish what was interrupted.

    Args:
        root: The project's folder.
        force: Which edited or deleted files become as released all the same.
        dry_run: Say what would change, write nothing at all.
        verbose: Show the lines that change.
        say: Takes each line for the user.

    Raises:
        Refusal: if the project stays as it is.
    """
    with _interruptions_explained(root):
        _upgrade(root, force, dry_run, verbose, say)


def _upgrade(root: Path, force: Force, dry_run: bool, verbose: bool, say: Say) -> None:
    """Do what `upgrade` says."""
    interrupted = unfinished(root)
    if interrupted and dry_run:
        say(_interrupted(interrupted))
        return
    if interrupted:
        with locked(root):
            again = _finish_interrupted(root, say)
        if not again:
            return

    known = _known(root, say)
    release = bake_release(known.answers)
    plan = make_plan(root, known, release, force)
    if not plan.steps:
        _say_all(nothing_to_do(root, plan), say)
        return
    if dry_run:
        _say_all(describe(root, plan, dry_run=True, verbose=verbose), say)
        say(summary(plan, dry_run=True))
        return

    with locked(root):
        if unfinished(root):
            raise Refusal("Another upgrade came first, and was interrupted: try again.")
        # Once more, now that nobody else changes anything.
        plan = make_plan(root, read_manifest(root) or known, release, force)
        if not plan.steps:
            _say_all(nothing_to_do(root, plan), say)
            return
        _say_all(describe(root, plan, dry_run=False, verbose=verbose), say)
        store = prepare(root, plan)
        left = finish(store)
    say(summary(plan))
    _say_left(store._replace(state=State.DONE), left, "new", say)
    say(f"Done. `{own_command_for(root)} upgrade --undo` goes back.")


def undo(root: Path, *, dry_run: bool, say: Say) -> None:
    """Take the last upgrade back, or the one that was interrupted.

    Raises:
        Refusal: if there is none, or its copies are damaged.
    """
    if not stores(root):
        raise _nothing_to_undo(root)
    if dry_run:
        _undo(root, True, say)
        return
    with _interruptions_explained(root), locked(root):
        remove_unused(root)
        _undo(root, False, say)


@contextmanager
def _interruptions_explained(root: Path) -> Iterator[None]:
    """Say what to do next, should Ctrl-C, pressed again and again, leave an upgrade halfway."""
    try:
        yield
    except KeyboardInterrupt:
        store = unfinished(root)
        if store is None:
            raise
        raise Refusal(f"Interrupted. {_interrupted(store)}", 130) from None


def _undo(root: Path, dry_run: bool, say: Say) -> None:
    """Take an upgrade back, or say which files would change.

    The caller holds the lock, but for a dry run, which writes nothing.
    """
    store = unfinished(root) or last_done(root)
    if store is None:
        raise _nothing_to_undo(root)
    record = read_record(store)
    check(store, [step.backwards() for step in record.steps])
    say(f"{record.to_version} -> {record.from_version}{' (dry run)' if dry_run else ''}")
    left = () if dry_run else go_back(store)
    for step in sorted(record.steps, key=lambda step: step.path):
        if step.path not in left:
            verb = "removed" if step.before is None else "restored"
            say(f"  {verb:8}  {step.path}")
    if dry_run:
        return
    _say_left(store._replace(state=State.UNDONE), left, "old", say)
    say("Done.")


def _known(root: Path, say: Say) -> Manifest:
    """Return what was released into the project, as far as anybody can tell."""
    known = read_manifest(root)
    if known is not None:
        return known
    say(
        "The project has no .polster.json, so every file that differs from the release counts as "
        "edited; --force replaces them."
    )
    return assumed_manifest(root)


def _finish_interrupted(root: Path, say: Say) -> bool:
    """Finish an interrupted upgrade or undo; tell whether an upgrade may follow."""
    store = unfinished(root)
    if store is None:  # another command was faster
        return True
    record = read_record(store)
    if store.state is State.UNDOING:
        left = go_back(store)
        say(f"Finished the interrupted undo: the project is at {record.from_version} again.")
        _say_left(store._replace(state=State.UNDONE), left, "old", say)
        return False
    left = finish(store)
    say(f"Finished the interrupted upgrade from {record.from_version} to {record.to_version}.")
    _say_left(store._replace(state=State.DONE), left, "new", say)
    return True


def _interrupted(store: Store) -> str:
    """Return the sentence about an upgrade that is halfway."""
    record = read_record(store)
    again = f"{own_command_for(store.root)} upgrade"
    if store.state is State.UNDOING:
        return (
            f"The undo of the upgrade to {record.to_version} was interrupted: "
            f"`{again} --undo` finishes it."
        )
    return (
        f"The upgrade to {record.to_version} was interrupted: `{again}` finishes it, "
        f"`{again} --undo` goes back."
    )


def _nothing_to_undo(root: Path) -> Refusal:
    """Return the sentence about a project that has no upgrade to take back."""
    return Refusal(f"Nothing to undo: {root} has no upgrade to take back.")


def _say_left(store: Store, paths: Iterable[str], side: str, say: Say) -> None:
    """Say which files were edited meanwhile, and so left, and where the other text is."""
    for path in paths:
        say(f"  left      {path}: edited since")
        copy = store.root / store.name / side / path
        if copy.is_file():
            say(f"            {show_difference(store.root / path, copy)}")


def _say_all(lines: Iterable[str], say: Say) -> None:
    """Say some lines."""
    for line in lines:
        say(line)
