"""Decide what becomes of each file of the template. Nothing is written here."""

import enum
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from polster.door import own_command_for
from polster.errors import Refusal
from polster.template import TASKS, order
from polster.upgrading.manifest import Manifest, checksum_ignoring_line_ends
from polster.upgrading.paths import MANIFEST, inside, read
from polster.upgrading.release import Release
from polster.upgrading.sequence import import_order
from polster.upgrading.settings import needed

PYPROJECT = "pyproject.toml"


class Kind(enum.Enum):
    """What happens to a file that changes."""

    ADDED = "added"
    REPLACED = "replaced"
    REMOVED = "removed"


class Change(NamedTuple):
    """A file that the upgrade writes or removes; None where it does not exist."""

    path: str
    before: bytes | None
    after: bytes | None
    mode: int = 0o644

    @property
    def kind(self) -> Kind:
        """What happens to the file."""
        if self.before is None:
            return Kind.ADDED
        return Kind.REMOVED if self.after is None else Kind.REPLACED


class Reason(enum.Enum):
    """Why a file is left as it is."""

    EDITED = "edited here and changed by the release"
    EDITED_ONLY = "edited here, the same in the release"
    DROPPED = "edited here and no longer in the release"
    DELETED = "deleted here"
    IN_THE_WAY = "your own file, where the release has a new one"


OFFERED = (Reason.EDITED, Reason.IN_THE_WAY)  # the release's text is laid beside the user's


class Kept(NamedTuple):
    """A file that the upgrade leaves as its user has it, and the release's text of it."""

    path: str
    reason: Reason
    before: bytes | None = None
    after: bytes | None = None


class Plan(NamedTuple):
    """What an upgrade does, complete.

    Attributes:
        from_version: The project's version.
        to_version: The version that it gets.
        changes: The files that it writes or removes, in this order.
        manifest: The change of `.polster.json`, if there is one; it comes last.
        kept: The files that it leaves as their user has them.
        settings: What an edited pyproject.toml needs, one line a setting.
    """

    from_version: str
    to_version: str
    changes: tuple[Change, ...]
    manifest: Change | None
    kept: tuple[Kept, ...]
    settings: tuple[str, ...]

    @property
    def steps(self) -> tuple[Change, ...]:
        """Every file that is written or removed, `.polster.json` included."""
        return (*self.changes, self.manifest) if self.manifest else self.changes

    @property
    def offered(self) -> tuple[Kept, ...]:
        """The edited files whose new text is laid beside them."""
        return tuple(kept for kept in self.kept if kept.reason in OFFERED)


class ForcedPath(NamedTuple):
    """A file or folder that a user named.

    Attributes:
        given: What was typed.
        places: What it may mean, from the project's root, the likeliest first.
    """

    given: str
    places: tuple[str, ...]

    @classmethod
    def typed(cls, given: str, root: Path) -> "ForcedPath":
        """Return what a path means that was typed: seen from the current folder, or from `root`."""
        places = []
        for folder in (Path.cwd(), root):
            place = Path(os.path.normpath(folder / given))
            if given and root in (place, *place.parents):
                places.append(place.relative_to(root).as_posix())
        return cls(given, tuple(places))

    def covers(self, path: str) -> bool:
        """Tell whether the file `path` is the first of its places, or in that folder."""
        place = self.places[0]
        return place == "." or f"{path}/".startswith(f"{place}/")


class Force(NamedTuple):
    """Which files are replaced though they were edited: none, all, or those below some paths."""

    wanted: bool
    paths: tuple[ForcedPath, ...] = ()

    def covers(self, path: str) -> bool:
        """Tell whether the file `path` is to be as released, whatever its user did to it."""
        if not self.wanted:
            return False
        return not self.paths or any(one.covers(path) for one in self.paths)

    def resolved(self, root: Path, paths: Iterable[str]) -> "Force":
        """Return the same with one place for each path: the first that the template has.

        Raises:
            Refusal: if it has none of them (status 2).
        """
        chosen = []
        for one in self.paths:
            meanings = [ForcedPath(one.given, (place,)) for place in one.places]
            known = [only for only in meanings if any(only.covers(path) for path in paths)]
            if not known:
                example = f"{own_command_for(root)} upgrade --force {TASKS}"
                raise Refusal(
                    f"{one.given!r} is not a file or folder of the template: name one from the "
                    f"project's root or from here, for example `{example}`.",
                    2,
                )
            chosen.append(known[0])
        return self._replace(paths=tuple(chosen))


def make_plan(root: Path, known: Manifest, release: Release, force: Force) -> Plan:
    """Return what brings the project at `root` to `release`.

    Args:
        root: The project's folder.
        known: What was released into the project before.
        release: What it gets.
        force: Which edited or deleted files are replaced all the same.

    Raises:
        Refusal: if the project is ahead of the release and nothing is forced, if a link, or a
            folder where a file belongs, is in the way, or (status 2) if a forced path is no file
            of the template.
    """
    if not force.wanted and order(known.version) > order(release.version):
        raise Refusal(
            f"The project's {known.version} is later than this polster {release.version}: "
            "use a later polster, or go back with --force."
        )
    known = known._replace(files=_under_new_names(root, known.files, release.files))
    paths = sorted({*known.files, *release.files})
    force = force.resolved(root, paths)
    decided = [_decide(root, path, known, release, force) for path in paths]
    kept = tuple(outcome for outcome in decided if isinstance(outcome, Kept))
    return Plan(
        from_version=known.version,
        to_version=release.version,
        changes=_in_order([outcome for outcome in decided if isinstance(outcome, Change)]),
        manifest=_manifest_change(root, release.manifest),
        kept=kept,
        settings=_settings(kept, known, release.manifest),
    )


def _under_new_names(
    root: Path, known: Mapping[str, str], released: Mapping[str, object]
) -> Mapping[str, str]:
    """Return the recorded files; one that the disk takes for a released one has its name.

    A release may rename a file only in case. Where the disk ignores case, both names lead to one
    file, which is then replaced, and never removed.
    """
    by_folded_name = {path.casefold(): path for path in released}
    renamed: dict[str, str] = {}
    for path, checksum in known.items():
        new = by_folded_name.get(path.casefold(), path)
        same = new != path and path not in released and _is_same_file(root, path, new)
        renamed[new if same else path] = checksum
    return renamed


def _is_same_file(root: Path, one: str, other: str) -> bool:
    """Tell whether two names lead to one file."""
    try:
        return inside(root, one).samefile(inside(root, other))
    except (FileNotFoundError, NotADirectoryError):
        return False


def _in_order(changes: Iterable[Change]) -> tuple[Change, ...]:
    """Return changes so that the project works after each: new files first, removed ones last."""
    by_path = {change.path: change for change in changes}
    texts = {path: change.after for path, change in by_path.items() if change.after is not None}
    written = [by_path[path] for path in import_order(texts)]
    return (
        *(change for change in written if change.kind is Kind.ADDED),
        *(change for change in written if change.kind is Kind.REPLACED),
        *(change for path, change in by_path.items() if path not in texts),
    )


def _decide(
    root: Path, path: str, known: Manifest, release: Release, force: Force
) -> Change | Kept | None:
    """Return what becomes of one file, or None where it is as the release has it."""
    before = read(root, path)
    new = release.files.get(path)
    released = known.files.get(path)
    forced = force.covers(path)

    if new is None:
        if before is None:
            return None
        if checksum_ignoring_line_ends(before) == released or forced:
            return Change(path, before, None)
        return Kept(path, Reason.DROPPED, before)

    if before is None:
        if released is None or forced:
            return Change(path, None, new.text, new.mode)
        return Kept(path, Reason.DELETED)

    after = with_line_ends_of(before, new.text)
    if checksum_ignoring_line_ends(before) == checksum_ignoring_line_ends(after):
        return None
    if checksum_ignoring_line_ends(before) == released or forced:
        return Change(path, before, after, new.mode)
    if released is None and known.files:
        return Kept(path, Reason.IN_THE_WAY, before, after)
    unchanged = released == checksum_ignoring_line_ends(after)
    return Kept(path, Reason.EDITED_ONLY if unchanged else Reason.EDITED, before, after)


def with_line_ends_of(before: bytes, text: bytes) -> bytes:
    """Return `text` with the line ends of a file that git checked out with CRLF, else as it is."""
    lines = before.count(b"\n")
    if lines and before.count(b"\r\n") == lines:
        return text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return text


def _manifest_change(root: Path, manifest: Manifest) -> Change | None:
    """Return how `.polster.json` changes, if it does."""
    before, after = read(root, MANIFEST), manifest.text()
    if before is None:
        return Change(MANIFEST, None, after)
    if checksum_ignoring_line_ends(before) == checksum_ignoring_line_ends(after):
        return None
    return Change(MANIFEST, before, with_line_ends_of(before, after))


def _settings(kept: Iterable[Kept], known: Manifest, new: Manifest) -> tuple[str, ...]:
    """Return what an edited pyproject.toml needs."""
    for file in kept:
        if file.path == PYPROJECT and file.reason is Reason.EDITED:
            return tuple(needed(known.settings, new.settings, file.before or b""))
    return ()


def missing_folder(root: Path, path: str) -> str:
    """Return the topmost folder on the way to `path` that does not exist, else `path` itself."""
    parts = path.split("/")
    for length in range(1, len(parts)):
        folder = "/".join(parts[:length])
        if not inside(root, folder).is_dir():
            return folder
    return path
