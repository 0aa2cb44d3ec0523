"""Raw files of data/landing, exactly as they were received: nothing is guessed, nothing is lost.

Each scan adds two columns: `_source_file`, the name of the file that a row came from, and
`_ingested_at`, the moment of the scan in UTC. A name may be a pattern, such as "orders_*.csv".
"""

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from ..project import PROJECT_ROOT

LANDING = PROJECT_ROOT / "data" / "landing"

# How such files begin. Polars takes the first four for empty ones, without an error.
_UNREADABLE = {
    "bzip2": re.compile(rb"BZh[1-9]1AY&SY"),
    "xz": re.compile(rb"\xfd7zXZ\x00"),
    "lz4": re.compile(rb"\x04\x22\x4d\x18"),
    "zip": re.compile(rb"PK\x03\x04"),
    "7-Zip": re.compile(rb"7z\xbc\xaf\x27\x1c"),
}


def scan_csv(name: str, *, encoding: str = "utf8", **options: Any) -> pl.LazyFrame:
    """Scan CSV files, plain or compressed (gzip, zstd), with every column as text.

    Text stays what it was: `007` keeps its zeros, and an empty field (null) is not `""`. Silver
    decides the types. Of two columns called `x` the second becomes `x_duplicated_0`.

    Args:
        name: a file, or a pattern that stands for several with the same columns.
        encoding: of the file; any but "utf8" is read into memory at once.
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
        return _stamped(pl.concat(frames))
    for file in files:
        if _beginning(file).startswith((b"\xff\xfe", b"\xfe\xff")):
            raise _failure(f'{file} is UTF-16: read it with scan_csv("{name}", encoding="utf-16").')
    return _stamped(
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
    """Scan files of one JSON object a line; every line is looked at to find all keys.

    Args and errors are those of `scan_csv`; options go to `pl.scan_ndjson`.
    """
    options = {"infer_schema_length": None} | options
    return _stamped(pl.scan_ndjson(_files(name), include_file_paths="_source_file", **options))


def scan_parquet(name: str, **options: Any) -> pl.LazyFrame:
    """Scan Parquet files; their own types are kept.

    Args and errors are those of `scan_csv`; options go to `pl.scan_parquet`.
    """
    options = {"glob": False, "hive_partitioning": False} | options
    return _stamped(pl.scan_parquet(_files(name), include_file_paths="_source_file", **options))


def _files(name: str) -> list[Path]:
    """Find the landing files of this name or pattern, in order, and refuse unreadable ones."""
    exact = LANDING / name
    files = [exact] if exact.is_file() else []
    if not files and name and not exact.is_dir() and not Path(name).is_absolute():
        files = sorted(file for file in LANDING.glob(name) if file.is_file())
    if not files:
        raise _failure(
            f"There is no file {exact}. Put it there, or correct the name in the asset's file."
        )
    for file in files:
        beginning = _beginning(file)
        if not beginning:
            raise _failure(f"{file} is empty, without even a header. Was it received whole?")
        for kind, magic in _UNREADABLE.items():
            if magic.match(beginning):
                raise _failure(
                    f"{file} is compressed with {kind}, which Polars cannot read. "
                    "Unpack it, or compress it with gzip (.gz) or zstd (.zst)."
                )
    return files


def _beginning(file: Path) -> bytes:
    with open(file, "rb") as opened:
        return opened.read(16)


def _stamped(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Keep the file's name of its path, and add the moment."""
    return frame.with_columns(
        pl.col("_source_file").str.replace(r"^.*[/\\]", ""),
        pl.lit(datetime.now(UTC)).alias("_ingested_at"),
    )


def _failure(sentence: str) -> dg.Failure:
    """An error that trying again does not cure."""
    return dg.Failure(sentence, allow_retries=False)
