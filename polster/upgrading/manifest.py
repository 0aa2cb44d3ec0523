"""`.polster.json`: what was released into a project, so that an edit can be told from it."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from polster.upgrading.documents import (
    FORMAT,
    Damaged,
    as_checksum,
    as_release,
    as_text,
    damaged,
    read_document,
)
from polster.upgrading.paths import MANIFEST, is_owned

ANSWERS = ("project_name", "project_slug", "description", "starter", "ci")


class Manifest(NamedTuple):
    """What a bake or an upgrade released into a project.

    Attributes:
        version: The release.
        answers: The template's variables, as they were answered.
        settings: The released pyproject.toml, one setting a line.
        files: The checksum of each file that the template owns.
    """

    version: str
    answers: Mapping[str, str]
    settings: tuple[str, ...]
    files: Mapping[str, str]

    def text(self) -> bytes:
        """Return the file's content, as the template's post_gen hook writes it too."""
        content = {
            "format": FORMAT,
            "version": self.version,
            "answers": dict(self.answers),
            "settings": list(self.settings),
            "files": dict(sorted(self.files.items())),
        }
        return (json.dumps(content, indent=2) + "\n").encode()


def checksum_ignoring_line_ends(text: bytes) -> str:
    """Return the checksum of a text; its line ends make no difference, as git may change them."""
    return hashlib.sha256(text.replace(b"\r\n", b"\n")).hexdigest()


def read_manifest(root: Path) -> Manifest | None:
    """Return the manifest of the project at `root`, or None where it has none.

    Raises:
        Refusal: if it is damaged, or of a later format.
    """
    content = read_document(root, MANIFEST)
    if content is None:
        return None
    try:
        return _manifest(content)
    except Damaged as error:
        raise damaged(root, MANIFEST, error) from None


def _manifest(content: dict) -> Manifest:
    """Return a manifest from its document; Damaged says what is wrong with it."""
    answers, settings, files = (content.get(name) for name in ("answers", "settings", "files"))
    if not isinstance(answers, dict) or answers.keys() != set(ANSWERS):
        raise Damaged(f"its answers are not {', '.join(ANSWERS)}")
    if not isinstance(settings, list):
        raise Damaged("its settings are not a list")
    if not isinstance(files, dict):
        raise Damaged("its files are not an object")
    for name in files:
        if not is_owned(name):
            raise Damaged(f"{name[:80]!r} is not a file inside the project")
    return Manifest(
        version=as_release(content.get("version")),
        answers={name: as_text(answers[name], name) for name in ANSWERS},
        settings=tuple(as_text(line, "a setting") for line in settings),
        files={name: as_checksum(checksum) for name, checksum in files.items()},
    )
