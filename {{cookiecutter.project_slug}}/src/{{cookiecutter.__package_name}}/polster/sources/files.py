"""Scan the raw files of data/landing exactly as they were received.

Each scan adds two columns: `_source_file`, the name of the file that a row came from, and
`_ingested_at`, the moment of the scan in UTC. A name may be a pattern, such as "orders_*.csv".
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from ..failures import permanent_failure
from ..project import PROJECT_ROOT

LANDING = PROJECT_ROOT / "data" / "landing"

# The first bytes of files that Polars cannot read. The first four kinds it takes for empty files.
_UNREADABLE = {
    "bzip2": re.compile(rb"BZh[1-9]1AY&SY"),
    "xz": re.compile(rb"\xfd7zXZ\x00"),
    "lz4": re.compile(rb"\x04\x22\x4d\x18"),
    "zip": re.compile(rb"PK\x03\x04"),
    "7-Zip": re.compile(rb"7z\xbc\xaf\x27\x1c"),
}


def scan_csv(name: str, *, encoding: str = "utf8", **options: Any) -> pl.LazyFrame:
    """Scan CSV files, plain or compressed (gzip, zstd), with every column as text.

    Text is not changed: `007` keeps its zeros, and an empty field (null) is not `""`. Silver
    decides the types. If two columns are called `x`, the second becomes `x_duplicated_0`.

    Args:
        name: a file in data/landing, or a pattern for several files with the same columns.
        encoding: the file's encoding; with any but "utf8" the file is read into memory at once.
        options: passed on to `pl.scan_csv`, such as `separator=";"`.

    Raises:
        dagster.Failure: there is no such file, or Polars cannot read it.
    """
    files = _files(name)
    if encoding.lower().replace("-", "") not in ("utf8", "utf8lossy"):
        frames = [
            pl.read_csv(file, encoding=encoding, infer_schema=False, **options)
            .lazy()
            .with_columns(pl.lit(file.name).alias("_source_file"))
            for file in files
        ]
        return _with_origin(pl.concat(frames))
    for file in files:
        if _first_bytes(file).startswith((b"\xff\xfe", b"\xfe\xff")):
            raise permanent_failure(
                f'{file} is UTF-16: read it with scan_csv("{name}", encoding="utf-16").'
            )
    return _with_origin(
        pl.scan_csv(
            files,
            infer_schema=False,
            include_file_paths="_source_file",
            glob=False,
            encoding="utf8-lossy" if "lossy" in encoding else "utf8",
            **options,
        )
    )


def scan_ndjson(name: str, **options: Any) -> pl.LazyFrame:
    """Scan files with one JSON object a line; every line is read to find all keys.

    Arguments and errors are those of `scan_csv`; options go to `pl.scan_ndjson`.
    """
    options = {"infer_schema_length": None} | options
    return _with_origin(pl.scan_ndjson(_files(name), include_file_paths="_source_file", **options))


def scan_parquet(name: str, **options: Any) -> pl.LazyFrame:
    """Scan Parquet files; they keep their types.

    Arguments and errors are those of `scan_csv`; options go to `pl.scan_parquet`.
    """
    options = {"glob": False, "hive_partitioning": False} | options
    return _with_origin(pl.scan_parquet(_files(name), include_file_paths="_source_file", **options))


def _files(name: str) -> list[Path]:
    """Return the landing files of a name or pattern, sorted; refuse those that cannot be read."""
    exact = LANDING / name
    files = [exact] if exact.is_file() else []
    if not files and name and not exact.is_dir() and not Path(name).is_absolute():
        files = sorted(file for file in LANDING.glob(name) if file.is_file())
    if not files:
        raise permanent_failure(
            f"There is no file {exact}. Put it there, or correct the name in the asset's file."
        )
    for file in files:
        first_bytes = _first_bytes(file)
        if not first_bytes:
            raise permanent_failure(
                f"{file} is empty, without even a header. Was it received completely?"
            )
        for kind, magic in _UNREADABLE.items():
            if magic.match(first_bytes):
                raise permanent_failure(
                    f"{file} is compressed with {kind}, which Polars cannot read. "
                    "Unpack it, or compress it with gzip (.gz) or zstd (.zst)."
                )
    return files


def _first_bytes(file: Path) -> bytes:
    with open(file, "rb") as opened:
        return opened.read(16)


def _with_origin(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Reduce the file's path to its name, and add the moment of the scan."""
    return frame.with_columns(
        pl.col("_source_file").str.replace(r"^.*[/\\]", ""),
        pl.lit(datetime.now(UTC)).alias("_ingested_at"),
    )
