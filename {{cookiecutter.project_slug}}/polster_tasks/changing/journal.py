"""Apply a change all or nothing, whatever ends the process.

First the texts of new files are written under `.polster/stage/`, then the journal, which lists
every move. Then the files are moved, and the journal goes. A command that finds a journal carries
on where the last one stopped, or, where that fails, goes back. An addition's asset file arrives
last and a removal's leaves first, so the project loads after every move. The journal of a removal
becomes the manifest beside the removed files: an undo reads it.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from ..project import Project, Refusal
from ..streams import say
from .change import Change
from .disk import differs, move_file, write_whole
from .interrupted import JOURNAL, journal_exists
from .lock import hold_lock
from .paths import locate
from .record import Damaged, check_moves, read_record, write_record

_ADVICE = "Make room or correct the permissions, then try again."


@contextmanager
def ready_to_change(project: Project) -> Iterator[None]:
    """Hold the project's lock, and first complete what an interrupted command left.

    Raises:
        Refusal: the lock cannot be had, or the journal cannot be followed.
    """
    with hold_lock(project):
        if journal_exists(project):
            _complete_interrupted(project)
        yield


def complete_interrupted(project: Project) -> None:
    """Complete, or take back, what an interrupted command left; the usual case costs nothing."""
    if journal_exists(project):
        with ready_to_change(project):
            pass


def check(project: Project, change: Change) -> None:
    """Refuse a change that would touch what is not the project's, or go through a link."""
    try:
        check_moves(project, change)
    except Damaged as reason:
        raise Refusal(f"Nothing was changed, because {reason}.") from None
    manifest = f"{change.store}/manifest.json"
    if change.action == "remove" and os.path.lexists(project.root / manifest):
        raise Refusal(f"Nothing was changed, because {change.store} holds another removal.")
    for move in change.moves:
        locate(project.root, move.source)
        locate(project.root, move.target)


def apply(project: Project, change: Change) -> None:
    """Do all of a change, or nothing. The caller holds the lock.

    Raises:
        Refusal: it could not be done, and was taken back.
    """
    check(project, change)
    try:
        for path, text in change.contents.items():
            write_whole(project.root, path, text.encode("utf-8"))
        write_record(project, JOURNAL, change)
        _move_files(project, change)
    except BaseException as error:
        _take_back(project, change)
        if isinstance(error, OSError):
            raise Refusal(f"Nothing was changed: {error}. {_ADVICE}") from None
        raise
    _finish(project, change)


def _complete_interrupted(project: Project) -> None:
    change = read_record(project, JOURNAL)
    check(project, change)
    if _asset_is_lost(project, change):
        _take_back(project, change)
        say(f"Took back the interrupted {change.description}: its files are gone.")
        return
    changed = _changed_since(project, change)
    if changed:
        _take_back(project, change)
        say(f"Took back the interrupted {change.description}: {changed}.")
        return
    try:
        _move_files(project, change)
    except OSError as error:
        _take_back(project, change)
        said = f"The interrupted {change.description} could not be completed and was taken back"
        raise Refusal(f"{said}: {error}. {_ADVICE}") from None
    _finish(project, change)
    say(f"Completed the interrupted {change.description}.")


def _asset_is_lost(project: Project, change: Change) -> bool:
    """Tell whether an addition's asset, without which its test is no use, is nowhere any more."""
    last = change.moves[-1]
    places = (project.root / last.source, project.root / last.target)
    return change.action == "add" and not any(os.path.lexists(place) for place in places)


def _changed_since(project: Project, change: Change) -> str | None:
    """Say which file of a removal a person wrote after it was interrupted, if there is one."""
    if change.action != "remove":
        return None
    for move in change.moves:
        if differs(project.root, move):
            return f"{move.source} has changed since; what it was is in {move.target}"
    return None


def _move_files(project: Project, change: Change) -> None:
    for move in change.moves:
        move_file(project.root, move)


def _take_back(project: Project, change: Change) -> None:
    """Undo the moves that were made, then forget the change."""
    try:
        for move in change.reversed_moves():
            move_file(project.root, move)
        locate(project.root, JOURNAL).unlink(missing_ok=True)
    except OSError as error:
        said = "The change is half done, and the next add-asset or remove-asset completes it"
        raise Refusal(f"{said}: {error}. {_ADVICE}") from None


def _finish(project: Project, change: Change) -> None:
    """End a change whose moves are all made: from here on there is nothing to complete."""
    journal = locate(project.root, JOURNAL)
    if change.action == "add":
        journal.unlink()
        return
    manifest = locate(project.root, f"{change.store}/manifest.json")
    if change.action == "remove":
        os.replace(journal, manifest)
        return
    manifest.unlink(missing_ok=True)
    journal.unlink()
