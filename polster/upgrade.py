"""Bring a project's vendored `polster_tasks` to this package's version, and back."""

import difflib
import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from polster.create import bake, staging
from polster.errors import Refusal
from polster.template import TASKS, order, tasks_version

# Written by the template's post_gen hook in the format of `sha256sum`.
MANIFEST = "manifest.sha256"


class Change(NamedTuple):
    """One file that differs between two copies of the tooling; None where it does not exist."""

    path: str
    before: bytes | None
    after: bytes | None

    def summary(self) -> str:
        """Return the change in one line, with the lines that come and go."""
        lines = list(self.diff())[2:]
        added, removed = (sum(line.startswith(sign) for line in lines) for sign in "+-")
        kind = "added" if self.before is None else "removed" if self.after is None else "changed"
        return f"  {kind:8} {TASKS}/{self.path}  +{added} -{removed}"

    def diff(self) -> Iterator[str]:
        """Yield the change as lines of a unified diff."""
        before = (self.before or b"").decode(errors="replace").splitlines()
        after = (self.after or b"").decode(errors="replace").splitlines()
        name = f"{TASKS}/{self.path}"
        return difflib.unified_diff(before, after, name, name, lineterm="")


class Upgrade(NamedTuple):
    """What bringing the tooling from one version to another means, and why it is not done."""

    before: str
    after: str
    changes: list[Change]
    obstacle: str | None = None


def read(tasks: Path) -> dict[str, bytes]:
    """Return the files of a copy by relative path; line ends and caches make no difference."""
    return {
        path.relative_to(tasks).as_posix(): path.read_bytes().replace(b"\r\n", b"\n")
        for path in sorted(tasks.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts and path.name != MANIFEST
    }


def compare(before: Path, after: Path) -> Upgrade:
    """Return what changes from the copy `before`, which may be missing, to the copy `after`."""
    old, new = read(before), read(after)
    paths = [path for path in sorted(old | new) if old.get(path) != new.get(path)]
    changes = [Change(path, old.get(path), new.get(path)) for path in paths]
    return Upgrade(tasks_version(before), tasks_version(after), changes)


def local_edits(tasks: Path, changes: list[Change]) -> list[str]:
    """Return the paths of files that someone edited or added, and that `changes` would take away.

    Without a manifest nobody can tell, so every file that changes counts as edited.
    """
    try:
        lines = (tasks / MANIFEST).read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    pristine = {path: digest for digest, _, path in (line.partition("  ") for line in lines)}
    return [
        change.path
        for change in changes
        if change.before is not None
        and hashlib.sha256(change.before).hexdigest() != pristine.get(change.path)
    ]


def upgrade(root: Path, *, force: bool, dry_run: bool) -> Upgrade:
    """Replace the tooling of the project at `root` by the bundled one, and keep the old for `undo`.

    Nothing is replaced on a dry run, or when the plan that is returned has an obstacle: local edits
    would be lost, or the project is ahead of this package. With `force` there is none.
    """
    tasks = root / TASKS
    answers = {"project_name": "upgrade", "project_slug": "upgrade_of_polster_tasks"}
    with tempfile.TemporaryDirectory() as folder:
        fresh = bake(answers, Path(folder)) / TASKS
        plan = compare(tasks, fresh)
        if not force:
            plan = plan._replace(obstacle=obstacle(tasks, plan))
        if plan.changes and not plan.obstacle and not dry_run:
            exchange(tasks, fresh, kept_copy(root))
    return plan


def obstacle(tasks: Path, plan: Upgrade) -> str | None:
    """Return a sentence if the upgrade would go backwards or lose local edits."""
    if plan.before != "unknown" and order(plan.before) > order(plan.after):
        return (
            f"The project's {TASKS} {plan.before} is newer than this polster {plan.after}: "
            "upgrade polster itself, or go back with --force."
        )
    if edits := local_edits(tasks, plan.changes):
        return (
            f"Local edits would be lost in {', '.join(f'{TASKS}/{path}' for path in edits)}: "
            "keep them elsewhere, then --force (the old copy stays for --undo)."
        )
    return None


def undo(root: Path, *, dry_run: bool) -> Upgrade:
    """Exchange the tooling with the copy that the last upgrade kept; a second undo is a redo.

    Raises:
        Refusal: if there is no such copy.
    """
    kept = kept_copy(root)
    if not kept.is_dir():
        raise Refusal(f"Nothing to undo: no earlier {TASKS} is kept in {kept.parent}.")
    plan = compare(root / TASKS, kept)
    if not dry_run:
        exchange(root / TASKS, kept, kept)
    return plan


def kept_copy(root: Path) -> Path:
    """Return where the copy before the last upgrade is kept, in the git-ignored state folder."""
    return root / ".polster" / "previous_polster_tasks"


def exchange(tasks: Path, source: Path, kept: Path) -> None:
    """Put a copy of `source` where `tasks` is, and `tasks` where `kept` is, by renames.

    A process killed between the renames leaves no `tasks` but `kept`: `polster upgrade` mends it.
    """
    kept.parent.mkdir(exist_ok=True)  # git-ignored, should a killed process leave something
    with staging(kept.parent) as folder:
        fresh = Path(shutil.copytree(source, folder / TASKS))
        if kept.exists():
            kept.rename(folder / "older")
        if tasks.exists():
            tasks.rename(kept)
        try:
            fresh.rename(tasks)
        except OSError:
            if kept.exists():
                kept.rename(tasks)
            raise
