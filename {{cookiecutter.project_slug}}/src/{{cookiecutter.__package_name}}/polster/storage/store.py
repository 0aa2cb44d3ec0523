"""The place where data lives: a folder or a bucket, and how files get there safely.

A `Store` names files, streams frames into them and scans them back. It knows nothing of Dagster.
"""

import json
import os
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple
from urllib.parse import quote

import polars as pl

from ..project import PROJECT_ROOT

URL_VARIABLE = "POLSTER_STORAGE_URL"
OPTIONS_VARIABLE = "POLSTER_STORAGE_OPTIONS"

_EXAMPLES = (
    "Use a folder, s3://bucket/prefix, gs://bucket/prefix, az://container/prefix "
    "or abfss://container@account.dfs.core.windows.net/prefix."
)
_URL = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]+):(?P<rest>.*)", re.DOTALL)
_PREFIX = r"(/[^/?#*{}$\[\]\s]+)*/?"
_BUCKET = re.compile(rf"//[A-Za-z0-9][A-Za-z0-9._-]*{_PREFIX}")
_ABFSS = re.compile(rf"//[A-Za-z0-9][A-Za-z0-9-]*@[A-Za-z0-9][A-Za-z0-9.-]*{_PREFIX}")
_SHAPES = {"s3": _BUCKET, "gs": _BUCKET, "az": _BUCKET, "abfss": _ABFSS}
_SECRET = re.compile(r"key|secret|token|sas|password|credential|service_account", re.IGNORECASE)
_TEMPORARY = ".polster-{}.tmp"


class StorageError(Exception):
    """A sentence for people about where data lives, and what to do."""

    def __init__(self, sentence: str, *, passing: bool = False) -> None:
        """Keep the sentence, and whether the trouble may pass when the step is tried again."""
        super().__init__(sentence)
        self.passing = passing


class Written(NamedTuple):
    """What one write left behind."""

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
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    suffix: ClassVar[str] = ".parquet"

    @classmethod
    def parse(cls, url: str, options: str = "") -> "Store":
        """Read a storage URL and its options, a JSON object.

        A relative folder is taken from the project's root, whatever the working directory is.

        Raises:
            StorageError: one of them cannot work. There is no fallback to the local disk.
        """
        given = _parse_options(options)
        if not url.strip():
            raise StorageError(f"{URL_VARIABLE} is set but empty. {_EXAMPLES}")
        match = _URL.fullmatch(url)
        if match is None:
            if given:
                raise StorageError(
                    f"{OPTIONS_VARIABLE} is set, but {URL_VARIABLE} names no bucket for it (data "
                    f"would go to the folder {url!r}). Set the one or remove the other."
                )
            return cls(str(PROJECT_ROOT / Path(url).expanduser()))
        shape = _SHAPES.get(match["scheme"])
        if shape is None or not shape.fullmatch(match["rest"]):
            raise StorageError(f"{URL_VARIABLE} is not a place that can hold data. {_EXAMPLES}")
        _require_credentials(match["scheme"], given)
        return cls(url.rstrip("/"), given)

    @property
    def is_local(self) -> bool:
        """Whether the files are on this machine's own disk."""
        return "://" not in self.root

    @property
    def storage_options(self) -> dict[str, Any] | None:
        """The options as Polars takes them."""
        return dict(self.options) or None

    def uri(self, *parts: str) -> str:
        """Name a file; characters that some store or system cannot hold are escaped as in URLs."""
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
        """Write a tiny object, to hear at the start of a run what is wrong with the settings."""
        if not self.is_local:
            try:
                self._sink(pl.LazyFrame({"written_by": ["polster"]}), self.uri(".polster"))
            except Exception as error:
                raise self._unreachable(f"{self.root} cannot be used", error) from None

    def write(self, frame: pl.LazyFrame, uri: str) -> Written:
        """Stream a frame to one file, all of it or nothing.

        Until the last moment the old file stays as it was. On a disk the new one is written beside
        it, synced, and renamed over it; an object store shows an object only when it is complete.
        """
        if self.is_local:
            return self._write_local(frame, Path(uri))
        try:
            return self._sink(frame, uri)
        except OSError as error:
            raise self._unreachable(f"{uri} could not be written", error) from None

    def _write_local(self, frame: pl.LazyFrame, target: Path) -> Written:
        folder, temporary = target.parent, target.with_name(_TEMPORARY.format(uuid.uuid4().hex))
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _sweep(folder)
            lock = open(temporary, "xb")  # noqa: SIM115 (closed below, before the rename)
        except OSError as error:
            raise StorageError(
                f"The folder {folder} cannot be written to ({error.strerror}). "
                f"Give this user the right to, or set {URL_VARIABLE} to another place."
            ) from error
        try:
            with lock:
                _lock(lock.fileno())
                written = self._sink(frame, str(temporary))
            os.replace(temporary, target)
            _sync_folder(folder)
        except Exception as error:  # Polars passes on what the system said, as text
            if "No space left" not in str(error):
                raise
            raise StorageError(
                f"The disk of {folder} is full; {target.name} keeps its last good data. "
                f"Make room, or set {URL_VARIABLE} to another place."
            ) from error
        finally:
            temporary.unlink(missing_ok=True)
        return written._replace(uri=str(target))

    def _sink(self, frame: pl.LazyFrame, uri: str) -> Written:
        sunk = []
        frame.sink_parquet(
            uri,
            statistics=True,  # a reader skips the row groups that its filter cannot match
            sync_on_close="all" if self.is_local else None,
            storage_options=self.storage_options,
            sinked_paths_callback=lambda done: sunk.extend(done.paths),
        )
        return Written(uri, sunk[0].num_rows, sunk[0].num_bytes)

    def _unreachable(self, what: str, error: Exception) -> StorageError:
        """Say what the object store answered, without any secret that it may repeat."""
        detail = " ".join(str(error).split())
        for name, value in self.options.items():
            if _SECRET.search(name):
                detail = detail.replace(str(value), "***").replace(quote(str(value)), "***")
        return StorageError(
            f"{what}. Check {URL_VARIABLE}, {OPTIONS_VARIABLE} and the store's own environment "
            f"variables. It answered: {detail[:400]}",
            passing=True,
        )


def _parse_options(text: str) -> dict[str, Any]:
    """Read the options, and never quote them in an error: they hold secrets."""
    if not text.strip():
        return {}
    try:
        given = json.loads(text)
    except ValueError:
        given = None
    if not isinstance(given, dict) or not all(
        isinstance(value, str | int | float) for value in given.values()
    ):
        raise StorageError(
            f"{OPTIONS_VARIABLE} is not a JSON object of texts and numbers. "
            'Write it like {"aws_region": "eu-central-1", "aws_endpoint_url": "https://..."}.'
        )
    return given


def _require_credentials(scheme: str, options: Mapping[str, Any]) -> None:
    """Refuse settings of which one half is missing; no settings at all may be right.

    Then the machine's own role, a metadata service or a login on the command line is used.
    """
    names = {name.upper() for name in options}
    names |= {name for name, value in os.environ.items() if value}

    def has(*alternatives: str) -> bool:
        return not names.isdisjoint(alternatives)

    key = has("AWS_ACCESS_KEY_ID", "ACCESS_KEY_ID")
    secret = has("AWS_SECRET_ACCESS_KEY", "SECRET_ACCESS_KEY")
    if scheme == "s3" and key != secret:
        missing = "AWS_SECRET_ACCESS_KEY" if key else "AWS_ACCESS_KEY_ID"
        raise StorageError(
            f"{missing} is missing: {URL_VARIABLE} is on S3 and only the other half of the "
            f"credentials is set. Set it, or {missing.lower()} in {OPTIONS_VARIABLE}."
        )
    if scheme == "az" and not has(
        "AZURE_STORAGE_ACCOUNT_NAME", "ACCOUNT_NAME", "AZURE_STORAGE_CONNECTION_STRING"
    ):
        raise StorageError(
            f"AZURE_STORAGE_ACCOUNT_NAME is missing: {URL_VARIABLE} is on Azure and names only a "
            f"container. Set it, or account_name in {OPTIONS_VARIABLE}."
        )
    key_file = os.environ.get("GOOGLE_APPLICATION_CREDENTIALS")
    if scheme == "gs" and key_file and not os.path.isfile(key_file):
        raise StorageError(
            f"GOOGLE_APPLICATION_CREDENTIALS names {key_file}, which is not there, and "
            f"{URL_VARIABLE} is on Google Cloud Storage. Correct the variable, or unset it."
        )


def _sweep(folder: Path) -> None:
    """Remove the temporary files of writers that died; a living writer holds a lock on its own."""
    for stale in folder.glob(_TEMPORARY.format("*")):
        try:
            with open(stale, "rb") as file:
                _lock(file.fileno())
            stale.unlink()
        except OSError:
            pass  # still being written, or already swept by someone else


def _lock(descriptor: int) -> None:
    """Take a lock that the system releases when this process ends, however it ends.

    Windows needs none: it refuses to remove a file that another process holds open.
    """
    if os.name != "nt":
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut. Windows has no such call."""
    if os.name != "nt":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
