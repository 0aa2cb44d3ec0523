"""The sentences of an upgrade."""

import difflib
import os
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from polster.door import own_command_for, quoted, short_path
from polster.template import TASKS
from polster.terminal import count
from polster.upgrading.paths import UPGRADES
from polster.upgrading.plan import (
    OFFERED,
    PYPROJECT,
    Change,
    Kept,
    Kind,
    Plan,
    Reason,
    missing_folder,
)


def describe(root: Path, plan: Plan, *, dry_run: bool, verbose: bool) -> Iterator[str]:
    """Yield what an upgrade changes and what it leaves, one line each."""
    yield f"{plan.from_version} -> {plan.to_version}{' (dry run)' if dry_run else ''}"
    for change in sorted(plan.changes):
        yield _one_change(change)
        if verbose:
            yield from difference(change.path, change.before, change.after)
    for kept in plan.kept:
        yield from _one_kept(root, kept, plan.to_version, dry_run)
        if verbose and kept.reason in OFFERED:
            yield from difference(kept.path, kept.before, kept.after)
    yield from _deleted(root, plan.kept)
    if plan.settings:
        yield f"{PYPROJECT} was edited, so these settings are yours to change:"
        yield from (f"  {line}" for line in plan.settings)


def summary(plan: Plan, dry_run: bool = False) -> str:
    """Return an upgrade in one sentence: "12 files replaced, 2 added, 1 left as you have it."."""
    kinds = Counter(change.kind for change in plan.changes)
    edited = _number(plan.kept, *OFFERED, Reason.DROPPED)
    outcomes = [(kinds[kind], kind.value) for kind in (Kind.REPLACED, Kind.ADDED, Kind.REMOVED)]
    outcomes.append((edited, f"left as you have {'it' if edited == 1 else 'them'}"))
    outcomes.append((_number(plan.kept, Reason.DELETED), "left deleted"))

    parts = [(number, outcome) for number, outcome in outcomes if number]
    if not parts:
        return f"No file changes; .polster.json {'would record' if dry_run else 'records'} it."
    number, outcome = parts[0]
    first = f"{count(number, 'file')} {'would be ' if dry_run else ''}{outcome}"
    return ", ".join([first, *(f"{number} {outcome}" for number, outcome in parts[1:])]) + "."


def nothing_to_do(root: Path, plan: Plan) -> Iterator[str]:
    """Yield the sentence about a project that is as the release has it, but for its user's work."""
    edited = _number(plan.kept, Reason.EDITED_ONLY)
    note = f" ({count(edited, 'file')} edited here)" if edited else ""
    yield f"The project is at {plan.to_version} already{note}: nothing to do."
    yield from _deleted(root, plan.kept)


def difference(path: str, before: bytes | None, after: bytes | None) -> Iterator[str]:
    """Yield a change as the lines of a unified diff."""
    old = (before or b"").decode(errors="replace").splitlines()
    new = (after or b"").decode(errors="replace").splitlines()
    return difflib.unified_diff(old, new, path, path, lineterm="")


def show_difference(one: Path, other: Path) -> str:
    """Return a command that shows how two files differ, as it can be pasted here."""
    paths = [quoted(short_path(path)) for path in (one, other)]
    if shutil.which("git"):
        return " ".join(["git diff --no-index", *paths])
    return " ".join(["fc" if os.name == "nt" else "diff -u", *paths])


def _one_change(change: Change) -> str:
    """Return one change in a line, with the lines that come and go."""
    lines = list(difference(change.path, change.before, change.after))[2:]
    added = sum(line.startswith("+") for line in lines)
    removed = sum(line.startswith("-") for line in lines)
    return f"  {change.kind.value:8}  {change.path}  +{added} -{removed}"


def _one_kept(root: Path, kept: Kept, version: str, dry_run: bool) -> Iterator[str]:
    """Yield what is said about a file that is left as its user edited it."""
    if kept.reason is Reason.DROPPED:
        yield f"  left      {kept.path}: {kept.reason.value}; it is yours now"
    if kept.reason in OFFERED:
        yield f"  left      {kept.path}: {kept.reason.value}"
        if not dry_run:
            offered = root / UPGRADES / version / kept.path
            yield f"            {show_difference(root / kept.path, offered)}"
        if _is_polsters(kept.path):
            yield "            the rest of this folder is the release's; if it needs this file too:"
            yield f"            {own_command_for(root)} upgrade --force {quoted(kept.path)}"


def _is_polsters(path: str) -> bool:
    """Tell whether a file is in one of the two folders that a user need not edit."""
    parts = path.split("/")
    return parts[0] == TASKS or (parts[0] == "src" and parts[2:3] == ["polster"])


def _deleted(root: Path, kept: Iterable[Kept]) -> Iterator[str]:
    """Yield what is said about deleted files: a folder that is gone as a whole, in one line."""
    gone = Counter(
        missing_folder(root, file.path) for file in kept if file.reason is Reason.DELETED
    )
    for path, number in gone.items():
        files = "" if number == 1 else f" ({count(number, 'file')})"
        command = f"{own_command_for(root)} upgrade --force {quoted(path)}"
        yield f"  absent    {path}{files}: you deleted it; `{command}` brings it back"


def _number(kept: Iterable[Kept], *reasons: Reason) -> int:
    """Return how many files are left for one of these reasons."""
    return sum(file.reason in reasons for file in kept)
