"""Paths that a manifest, a plan or a store names: below the project's root, through no link."""

import re
import stat
from pathlib import Path

from polster.errors import Refusal
from polster.files import LARGEST, is_link

MANIFEST = ".polster.json"
STATE = ".polster"
UPGRADES = f"{STATE}/upgrade"

_LONGEST = 400  # characters; the template's own longest path has some 80
# A drive, a backslash, a device's colon, a control character: none is in a name of ours.
_FORBIDDEN = re.compile(r'[\x00-\x1f\x7f\\:*?"<>|]')
_GIT = {".git", "git~1"}  # the second is what Windows may call the first


def is_safe(name: str) -> bool:
    """Tell whether `name` is a relative path with slashes that stays below the root, out of git."""
    if not name or len(name) > _LONGEST or _FORBIDDEN.search(name):
        return False
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return all(
        part and not part.endswith((".", " ")) and part.casefold() not in _GIT
        for part in name.split("/")
    )


def is_owned(name: str) -> bool:
    """Tell whether the template can own the file `name`: it is safe, and no record of Polster's."""
    return is_safe(name) and name.split("/")[0].casefold() not in (STATE, MANIFEST)


def inside(root: Path, name: str) -> Path:
    """Return the path of `name` below `root`.

    Raises:
        Refusal: if it could lead elsewhere: an unsafe name, or a link on the way or at its end.
    """
    if not is_safe(name):
        raise Refusal(f"{name!r} is not a path inside a project: nothing was changed.")
    path = root
    for part in name.split("/"):
        path = path / part
        if is_link(path):
            raise Refusal(
                f"{path} is a link, and an upgrade neither reads nor writes through links: "
                "put the file or folder itself there. Nothing was changed."
            )
    return path


def read(root: Path, name: str) -> bytes | None:
    """Return what the file `name` holds, or None where there is none.

    Raises:
        Refusal: if something else than a file is there, or a file where a folder belongs.
    """
    path = inside(root, name)
    try:
        state = path.lstat()
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise Refusal(
            f"{path} cannot exist, because something above it is not a folder: "
            "move that away. Nothing was changed."
        ) from None
    if not stat.S_ISREG(state.st_mode):
        kind = "a folder" if stat.S_ISDIR(state.st_mode) else "not a regular file"
        raise Refusal(f"{path} is {kind}, not a file: move it away. Nothing was changed.")
    if state.st_size > LARGEST:
        raise Refusal(f"{path} is too large for a file of ours: move it away. Nothing was changed.")
    return path.read_bytes()
