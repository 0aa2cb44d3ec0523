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
_PREFIX = r"(/[^/?#*{}$\[\]\s]+)*/?"
_BUCKET = re.compile(rf"//[A-Za-z0-9][A-Za-z0-9._-]*{_PREFIX}")
_ABFSS = re.compile(rf"//[A-Za-z0-9][A-Za-z0-9-]*@[A-Za-z0-9][A-Za-z0-9.-]*{_PREFIX}")
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
    supported = _SUPPORTED.get(match["scheme"])
    if supported is None or not supported.fullmatch(match["rest"]):
        raise StorageError(f"{URL_VARIABLE} is not a place that can hold data. {_EXAMPLES}")
    require_credentials(match["scheme"], parsed_options)
    return Location(url.rstrip("/"), parsed_options)
