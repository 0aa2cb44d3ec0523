"""Raw files as they were received: every column is text, nothing is guessed, nothing is lost."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from {{ cookiecutter.__package_name }}.project import PROJECT_ROOT

LANDING = PROJECT_ROOT / "data" / "landing"

# Polars reads these as empty files, without an error.
_UNREADABLE = {".bz2", ".xz", ".lzma", ".zip", ".7z", ".br", ".lz4"}


def scan_csv(name: str, **options: Any) -> pl.LazyFrame:
    """Scan a CSV file of data/landing, plain or compressed (.gz, .zst), or several by a pattern.

    All columns arrive as text, so that silver decides their types. Two columns are added:
    ``_source_file`` (the file's name) and ``_ingested_at`` (UTC, one moment for the whole scan).

    Args:
        name: a file name or a pattern below data/landing, such as "orders.csv" or "orders_*.csv".
        options: passed on to ``pl.scan_csv``, such as ``separator=";"``.

    Raises:
        dagster.Failure: no such file, or a compression that Polars cannot read.
    """
    files = _files(name)
    frame = pl.scan_csv(
        files, infer_schema=False, include_file_paths="_source_file", glob=False, **options
    )
    return _with_origin(frame)


def _files(name: str) -> list[Path]:
    """The landing files of this name or pattern, in order."""
    exact = LANDING / name
    files = [exact] if exact.is_file() else sorted(p for p in LANDING.glob(name) if p.is_file())
    if not files:
        raise dg.Failure(
            f"There is no {name} in {LANDING}. Put the file there, or correct the name in the asset.",
            allow_retries=False,
        )
    for file in files:
        if file.suffix.lower() in _UNREADABLE:
            raise dg.Failure(
                f"{file} is compressed in a way that Polars cannot read ({file.suffix}). "
                "Unpack it, or compress it with gzip (.gz) or zstd (.zst).",
                allow_retries=False,
            )
    return files


def _with_origin(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Reduce the source path to the file's name and add the time of reading."""
    return frame.with_columns(
        pl.col("_source_file").str.split("/").list.last(),
        pl.lit(datetime.now(UTC)).alias("_ingested_at"),
    )
