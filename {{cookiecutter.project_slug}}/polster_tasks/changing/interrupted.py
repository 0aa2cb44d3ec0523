"""Tell whether a change was interrupted. Commands that only read say so, and write nothing."""

import os

from ..project import Project

JOURNAL = ".polster/journal.json"


def journal_exists(project: Project) -> bool:
    """Tell whether a change is at work, or was interrupted."""
    return os.path.lexists(project.root / JOURNAL)


def note_interrupted(project: Project) -> str | None:
    """Return a sentence if an interrupted change is waiting to be completed.

    A change that another process is still applying is not interrupted.
    """
    if not journal_exists(project):
        return None
    from .lock import is_held  # the usual case does not wait for this import

    if is_held(project) or not journal_exists(project):
        return None
    return (
        f"Note: a change was interrupted and is waiting in {JOURNAL}; "
        "the next add-asset or remove-asset completes it."
    )
