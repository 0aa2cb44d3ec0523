"""The place where data lives: a folder or a bucket, and how files get there safely.

A ``Store`` knows paths, streams frames to Parquet and scans them back. It knows nothing of Dagster.
"""

import json
import os
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import polars as pl

from {{ cookiecutter.__package_name }}.project import PROJECT_ROOT

URL_VARIABLE = "POLSTER_STORAGE_URL"
OPTIONS_VARIABLE = "POLSTER_STORAGE_OPTIONS"

_TEMPORARY = ".polster-{}.tmp"
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):(?P<rest>.*)")
_BUCKET = re.compile(r"//(?P<bucket>[A-Za-z0-9][A-Za-z0-9._-]*)(?P<prefix>(/[^?#*\[\]${}]*)?)")
_ABFSS = re.compile(r"//[A-Za-z0-9][A-Za-z0-9-]*@[A-Za-z0-9][A-Za-z0-9.-]*(/[^?#*\[\]${}]*)?")
_EXAMPLES = "Use a local folder, s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or "
_EXAMPLES += "abfss://container@account.dfs.core.windows.net/prefix."


class StorageError(Exception):
    """A sentence for the user about where data lives; the message says what to do."""


class Written(NamedTuple):
    """What one write left behind."""

    uri: str
    rows: int
    size_bytes: int


@dataclass(frozen=True)
class Store:
    """A local folder or an object store's bucket and prefix.

    ``root`` is an absolute folder or a URL without a trailing slash. ``options`` are Polars'
    ``storage_options``; they may hold secrets and are never shown.
    """

    root: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    def parse(cls, url: str, options: str = "") -> "Store":
        """Read a storage URL and its options (a JSON object of Polars' storage options).

        A relative folder is taken from the project's root, whatever the working directory is.
        Raises StorageError, naming the variable to correct; there is no fallback to local disk.
        """
        given = _parse_options(options)
        if not url.strip():
            raise StorageError(f"{URL_VARIABLE} is set but empty. {_EXAMPLES}")
        match = _URL.fullmatch(url)
        if match is None:
            if given:
                raise StorageError(
                    f"{OPTIONS_VARIABLE} is set, but the storage is the local folder {url!r}. "
                    f"Set {URL_VARIABLE} to the bucket they belong to, or remove the options."
                )
            return cls(str(PROJECT_ROOT / Path(url).expanduser()))
        scheme, rest = match["scheme"], match["rest"]
        shape = {"s3": _BUCKET, "gs": _BUCKET, "az": _BUCKET, "abfss": _ABFSS}.get(scheme)
        if shape is None or not shape.fullmatch(rest):
            raise StorageError(f"{URL_VARIABLE} is not a place that can hold data. {_EXAMPLES}")
        return cls(url.rstrip("/"), given)

    @property
    def is_local(self) -> bool:
        """Whether the files are on this machine's disk."""
        return "://" not in self.root

    def uri(self, *parts: str) -> str:
        """The file or object of these parts; characters that a file name cannot hold are escaped."""
        names = [quote(part, safe="") for part in parts]
        return str(Path(self.root, *names)) if self.is_local else "/".join([self.root, *names])

    def scan(self, uris: str | list[str]) -> pl.LazyFrame:
        """Scan one file, or several as one frame."""
        return pl.scan_parquet(
            uris,
            glob=False,
            hive_partitioning=False,
            storage_options=dict(self.options) or None,
        )

    def exists(self, uri: str) -> bool:
        """Whether this file has been written."""
        if self.is_local:
            return os.path.isfile(uri)
        try:
            self.scan(uri).collect_schema()
        except FileNotFoundError:
            return False
        return True

    def write(self, frame: pl.LazyFrame | pl.DataFrame, uri: str) -> Written:
        """Stream a frame to one file, all or nothing.

        Until the last moment the old file stays as it was: on a disk the new one is written beside
        it, synced and renamed over it; an object store shows an object only when it is complete.
        """
        if self.is_local:
            return self._write_local(frame, Path(uri))
        return self._sink(frame, uri)

    def _write_local(self, frame: pl.LazyFrame | pl.DataFrame, target: Path) -> Written:
        temporary = target.with_name(_TEMPORARY.format(uuid.uuid4().hex))
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _sweep(target.parent)
            with open(temporary, "xb") as lock:
                _lock(lock.fileno())
                written = self._sink(frame, str(temporary))
            os.replace(temporary, target)
            _sync_folder(target.parent)
        except PermissionError as error:
            raise StorageError(
                f"The folder {target.parent} cannot be written to ({error.strerror}). "
                f"Give this user the right to write there, or set {URL_VARIABLE} to another place."
            ) from error
        finally:
            temporary.unlink(missing_ok=True)
        return written._replace(uri=str(target))

    def _sink(self, frame: pl.LazyFrame | pl.DataFrame, uri: str) -> Written:
        sunk: list[Written] = []
        frame.lazy().sink_parquet(
            uri,
            statistics=True,
            sync_on_close="all" if self.is_local else None,
            storage_options=dict(self.options) or None,
            sinked_paths_callback=lambda done: sunk.extend(
                Written(uri, path.num_rows, path.num_bytes) for path in done.paths
            ),
        )
        return sunk[0]


def _parse_options(text: str) -> dict[str, str]:
    """Read the options, never quoting them in an error: they hold secrets."""
    if not text.strip():
        return {}
    try:
        given = json.loads(text)
    except json.JSONDecodeError:
        given = None
    if not isinstance(given, dict) or not all(isinstance(v, str) for v in given.values()):
        raise StorageError(
            f"{OPTIONS_VARIABLE} is not a JSON object of texts. "
            'Write it like {"aws_region": "eu-central-1", "aws_endpoint_url": "https://..."}.'
        )
    return given


def _sweep(folder: Path) -> None:
    """Remove temporary files whose writer is gone; a living writer's file is locked."""
    for stale in folder.glob(_TEMPORARY.format("*")):
        try:
            with open(stale, "rb+") as file:
                _lock(file.fileno())
            stale.unlink()
        except OSError:
            pass  # still being written, or already swept by someone else


def _lock(descriptor: int) -> None:
    """Take a lock that the system releases when the process ends, however it ends.

    Windows needs none: it refuses to remove a file that another process holds open.
    """
    if os.name != "nt":
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sync_folder(folder: Path) -> None:
    """Make a rename durable. Windows has no such call."""
    if os.name != "nt":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
