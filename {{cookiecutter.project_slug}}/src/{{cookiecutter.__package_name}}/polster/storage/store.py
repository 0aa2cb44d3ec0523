"""The place where data is stored: a folder, or a prefix in an object store.

A `Store` names files, writes frames to them and scans them. It knows nothing of Dagster.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, NamedTuple
from urllib.parse import quote

import polars as pl

from .credentials import Options, without_secrets
from .errors import StorageError
from .local_files import replace_file
from .locations import parse_location
from .variables import OPTIONS_VARIABLE, URL_VARIABLE


class WrittenFile(NamedTuple):
    """A file that was written, with its number of rows and its size."""

    uri: str
    rows: int
    size_bytes: int


@dataclass(frozen=True)
class Store:
    """A local folder, or a prefix in an object store's bucket.

    `root` is an absolute folder or a URL without a trailing slash. `options` are what Polars calls
    `storage_options`; they may hold secrets, so they are never shown.
    """

    root: str
    options: Options = field(default_factory=dict, repr=False)

    suffix: ClassVar[str] = ".parquet"

    @classmethod
    def parse(cls, url: str, options: str = "") -> "Store":
        """Return the store of a storage URL and its options, a JSON object.

        Raises:
            StorageError: one of them cannot work. There is no fallback to the local disk.
        """
        location = parse_location(url, options)
        return cls(location.root, location.options)

    @property
    def is_local(self) -> bool:
        """Whether the files are on this machine's disk."""
        return "://" not in self.root

    @property
    def storage_options(self) -> dict[str, str | int | float] | None:
        """The options as Polars takes them."""
        return dict(self.options) or None

    def uri(self, *parts: str) -> str:
        """Name a file; characters that a store or system cannot hold are escaped as in URLs."""
        path = [quote(part, safe=" =+,@()") for part in parts]
        path[-1] += self.suffix
        return str(Path(self.root, *path)) if self.is_local else "/".join([self.root, *path])

    def scan(self, uris: str | list[str]) -> pl.LazyFrame:
        """Scan one file, or several as one frame."""
        return pl.scan_parquet(
            uris, glob=False, hive_partitioning=False, storage_options=self.storage_options
        )

    def exists(self, uri: str) -> bool:
        """Whether this file has been written."""
        if self.is_local:
            return os.path.isfile(uri)
        try:
            self.scan(uri).collect_schema()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise self._unreachable(f"{uri} could not be read", error) from None
        return True

    def check(self) -> None:
        """Write a tiny object to the bucket, so that wrong settings stop a run at its start.

        Raises:
            StorageError: the object store refused it.
        """
        if self.is_local:
            return
        try:
            self._sink(pl.LazyFrame({"written_by": ["polster"]}), self.uri(".polster"))
        except Exception as error:
            raise self._unreachable(f"{self.root} cannot be used", error) from None

    def write(self, frame: pl.LazyFrame, uri: str) -> WrittenFile:
        """Stream a frame to one file: all of it, or nothing.

        On a disk a new file is written, synced, and renamed over the old one; an object store
        shows an object only when it is complete.

        Raises:
            StorageError: the file cannot be written there.
            polars.exceptions.PolarsError: the frame cannot be computed.
        """
        if self.is_local:
            written = replace_file(Path(uri), lambda path: self._sink(frame, str(path)))
            return written._replace(uri=uri)
        try:
            return self._sink(frame, uri)
        except OSError as error:
            raise self._unreachable(f"{uri} could not be written", error) from None

    def _sink(self, frame: pl.LazyFrame, uri: str) -> WrittenFile:
        sunk = []
        frame.sink_parquet(
            uri,
            statistics=True,  # a reader skips the row groups that its filter cannot match
            sync_on_close="all" if self.is_local else None,
            storage_options=self.storage_options,
            sinked_paths_callback=lambda done: sunk.extend(done.paths),
        )
        return WrittenFile(uri, sunk[0].num_rows, sunk[0].num_bytes)

    def _unreachable(self, problem: str, error: Exception) -> StorageError:
        """Say what the object store answered, without the secrets that it may repeat."""
        answer = without_secrets(str(error), self.options)
        return StorageError(
            f"{problem}. Check {URL_VARIABLE}, {OPTIONS_VARIABLE} and the store's own environment "
            f"variables. It answered: {answer[:400]}",
            retry_may_help=True,
        )
