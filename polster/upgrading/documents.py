"""JSON documents of a project: read as if a stranger had written them."""

import json
import re
from pathlib import Path

from polster.errors import Refusal
from polster.upgrading.paths import STATE, read

FORMAT = 1
_LARGEST = 4_000_000  # bytes; a manifest of ours has some 15,000
_RELEASE = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,40}")
_CHECKSUM = re.compile(r"[0-9a-f]{64}")


class Damaged(ValueError):
    """A document does not have the form that it should."""


def read_document(root: Path, name: str) -> dict | None:
    """Return the JSON object that the file `name` holds, or None where there is none.

    Raises:
        Refusal: if it is damaged, or of a later format.
    """
    text = read(root, name)
    if text is None:
        return None
    try:
        if len(text) > _LARGEST:
            raise Damaged("it is too large")
        content = json.loads(text.decode("utf-8"), object_pairs_hook=_unique)
        if not isinstance(content, dict):
            raise Damaged("it is not an object")
        number = content.get("format")
        if type(number) is not int or number < 1:
            raise Damaged("it has no format number")
    except (ValueError, RecursionError) as error:
        raise damaged(root, name, error) from None
    if number > FORMAT:
        raise Refusal(
            f"{root / name} has format {number}, which this polster does not know: "
            "use a later polster. Nothing was changed."
        )
    return content


def damaged(root: Path, name: str, error: Exception) -> Refusal:
    """Return the sentence about a document that cannot be used."""
    reason = str(error) if isinstance(error, Damaged) else "it is not valid JSON"
    cure = "restore it, for example with git, or move it away"
    if name.startswith(f"{STATE}/"):  # which is not in git
        cure = "move its folder away"
    return Refusal(f"{root / name} is damaged ({reason}): {cure}. Nothing was changed.")


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Return an object whose names are all different: two readers must not read it differently."""
    content = dict(pairs)
    if len(content) < len(pairs):
        raise Damaged("it names something twice")
    return content


def as_text(value: object, what: str) -> str:
    """Return `value` if it is text that can be written and shown."""
    if not isinstance(value, str) or len(value) > 10_000:
        raise Damaged(f"{what} is not text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Damaged(f"{what} is not valid text") from None
    return value


def as_release(value: object) -> str:
    """Return `value` if it can be the version of a release."""
    if not isinstance(value, str) or not _RELEASE.fullmatch(value):
        raise Damaged("a version is malformed")
    return value


def as_checksum(value: object) -> str:
    """Return `value` if it is a SHA-256 in hexadecimal digits."""
    if not isinstance(value, str) or not _CHECKSUM.fullmatch(value):
        raise Damaged("a checksum is malformed")
    return value
