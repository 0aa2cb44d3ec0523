"""Which files a change may touch: the project's own, and none through a link.

A repository can bring a whole `.polster/` folder along, so what a journal or a manifest names may
have been written by anybody. `may_move` says, from the text alone, whether a command would ever
make such a move. `locate` looks at the disk, right before a file is touched.
"""

import os
import re
import stat
from pathlib import Path

from ..layers import LAYERS
from ..project import Project, Refusal
from .change import Action, Move

STAGE = ".polster/stage"  # where the files of an addition are written first
UNDO = ".polster/undo"  # where the files of removals wait

_STAGED = re.compile(r"\.polster/stage/[0-9]{1,9}")
_STORE = re.compile(r"\.polster/undo/[0-9]{1,18}")
_ASSET = re.compile(r"src/(?P<package>[^/]+)/defs/.+\.py")
_TEST = re.compile(rf"tests/({'|'.join(LAYERS)})/test_[^/]+\.py")
_SAMPLE = re.compile(r"data/landing/[^/]+\.csv")


def may_move(project: Project, action: Action, store: str, move: Move) -> bool:
    """Tell whether a change of this kind may make a move; the disk is not looked at.

    An addition moves staged files into the project. A removal moves the project's files into its
    own store, each under the path that it had, and an undo moves them back.
    """
    if not is_plain(move.source) or not is_plain(move.target):
        return False
    if action == "add":
        is_new = is_asset_or_test(project, move.target) or _SAMPLE.fullmatch(move.target)
        return bool(_STAGED.fullmatch(move.source) and is_new)
    removal = move if action == "remove" else move.reversed()
    is_kept = _STORE.fullmatch(store) and removal.target == f"{store}/{removal.source}"
    return bool(is_kept and is_asset_or_test(project, removal.source))


def is_asset_or_test(project: Project, path: str) -> bool:
    """Tell whether a file lies where assets and their tests do."""
    asset = _ASSET.fullmatch(path)
    if asset:
        return asset["package"] == project.package
    return _TEST.fullmatch(path) is not None


def is_plain(path: str) -> bool:
    r"""Tell whether a path is relative, goes only down, and means the same on every system.

    That rules out `/a`, `../a`, `a/./b`, `a//b`, `C:\a`, `a:stream`, control characters, and
    names that Windows would read as others because they end in a dot or a space.
    """
    if "\\" in path or ":" in path or not path.isprintable():
        return False
    return all(part and part.rstrip(". ") == part for part in path.split("/"))


def locate(root: Path, path: str) -> Path:
    """Return the place of a file, which is there or is not.

    Args:
        root: the project's root, which may itself be reached through a link.
        path: a plain path, relative to it.

    Raises:
        Refusal: the file or a folder above it is a link, or is neither a file nor a folder.
    """
    parts = path.split("/")
    place = root
    for number, part in enumerate(parts, start=1):
        place = place / part
        try:
            status = os.lstat(place)
        except FileNotFoundError:
            return root.joinpath(*parts)
        _refuse_what_is_not(place, status, a_file=number == len(parts))
    return place


def is_link(status: os.stat_result) -> bool:
    """Tell whether an `os.lstat` result is that of a link, or of a junction on Windows."""
    junction = getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", None)
    if junction is not None and getattr(status, "st_reparse_tag", None) == junction:
        return True
    return stat.S_ISLNK(status.st_mode)


def leads_through_link(root: Path, path: str) -> bool:
    """Tell whether a path, or a folder above it, is a link."""
    place = root
    for part in path.split("/"):
        place = place / part
        try:
            if is_link(os.lstat(place)):
                return True
        except OSError:
            return False
    return False


def _refuse_what_is_not(place: Path, status: os.stat_result, *, a_file: bool) -> None:
    """Refuse a link, and anything but a file or a folder, whichever belongs there."""
    if is_link(status):
        advice = "Replace it with what it leads to, then try again."
        raise Refusal(f"{place} is a link, and nothing is changed through links. {advice}")
    if a_file and not stat.S_ISREG(status.st_mode):
        raise Refusal(f"{place} is not a regular file. Move it away, then try again.")
    if not a_file and not stat.S_ISDIR(status.st_mode):
        raise Refusal(f"{place} is not a folder. Move it away, then try again.")
