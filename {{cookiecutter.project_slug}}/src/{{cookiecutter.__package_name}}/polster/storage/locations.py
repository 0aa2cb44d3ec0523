"""Read the setting that says where data is stored: a folder, or a prefix in an object store."""

import re
from pathlib import Path
from typing import NamedTuple

from ..project import PROJECT_ROOT
from .credentials import Options, parse_options, require_credentials
from .errors import StorageError
from .variables import OPTIONS_VARIABLE, URL_VARIABLE

_EXAMPLES = (
    "Use a folder, s3://bucket/prefix, gs://bucket/prefix, az://container/prefix "
    "or abfss://container@account.dfs.core.windows.net/prefix."
)
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):(?P<rest>.*)", re.DOTALL)
_PREFIX = re.compile(r"(/[^/?#*{}$\[\]\s]+)*/?")
_BUCKET = re.compile(r"//[A-Za-z0-9][A-Za-z0-9._-]*")
_ABFSS = re.compile(r"//[A-Za-z0-9][A-Za-z0-9-]*@[A-Za-z0-9][A-Za-z0-9.-]*")
_SUPPORTED = {"s3": _BUCKET, "gs": _BUCKET, "az": _BUCKET, "abfss": _ABFSS}


class Location(NamedTuple):
    """An absolute folder, or a URL without a trailing slash, and the store's options."""

    root: str
    options: Options


def parse_location(url: str, options: str) -> Location:
    """Read a storage URL and its options, a JSON object.

    A relative folder is resolved from the project's root, not from the working directory.

    Raises:
        StorageError: one of them cannot work. There is no fallback to the local disk.
    """
    parsed_options = parse_options(options)
    if not url.strip():
        raise StorageError(f"{URL_VARIABLE} is set but empty. {_EXAMPLES}")
    match = _URL.fullmatch(url)
    if match is None:
        if parsed_options:
            raise StorageError(
                f"{OPTIONS_VARIABLE} is set, but {URL_VARIABLE} names no bucket for it (data "
                f"would go to the folder {url!r}). Set {URL_VARIABLE}, or remove the options."
            )
        return Location(str(PROJECT_ROOT / Path(url).expanduser()), {})
    _require_bucket(match["scheme"], match["rest"])
    require_credentials(match["scheme"], parsed_options)
    return Location(url.rstrip("/"), parsed_options)


def _require_bucket(scheme: str, rest: str) -> None:
    """Refuse a URL that names no bucket. No error quotes it, because it may hold a password."""
    bucket = _SUPPORTED.get(scheme)
    if bucket is None:
        raise StorageError(
            f"{URL_VARIABLE} begins with {scheme}:, which is not supported. {_EXAMPLES}"
        )
    name = bucket.match(rest)
    if name is None:
        kind = "container" if bucket is _ABFSS or scheme == "az" else "bucket"
        raise StorageError(f"{URL_VARIABLE} names no {kind} after {scheme}://. {_EXAMPLES}")
    if not _PREFIX.fullmatch(rest, name.end()):
        raise StorageError(
            f"{URL_VARIABLE} holds more than a plain path after its bucket, such as a login, a "
            f"space, an empty folder or one of ? # * {{ }} $ [ ]. {_EXAMPLES}"
        )
