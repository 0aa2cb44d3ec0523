"""Steps that need all rows of a key at once, in bounded memory."""

from collections.abc import Callable, Iterator, Sequence
from typing import Literal

import polars as pl
from polars.io.plugins import register_io_source


def in_buckets(
    frame: pl.LazyFrame | pl.DataFrame,
    key: str | Sequence[str],
    step: Callable[[pl.LazyFrame], pl.LazyFrame],
    buckets: int = 8,
) -> pl.LazyFrame:
    """Apply a step to one bucket of keys at a time.

    All rows of a key are in the same bucket, so a step that looks only at rows of one key (unique,
    group_by, rank, cumulative sums over the key) gives the same rows as on the whole frame, in
    another order. Only one bucket is in memory at a time; the frame is read once for each.

    Args:
        frame: preferably the scan of an asset: it is evaluated once for each bucket.
        key: the column or columns that the step groups by.
        step: what to do with the rows of a bucket.
        buckets: how many; 8 for 20 million rows, more for more.
    """
    whole = frame.lazy()
    keys = [key] if isinstance(key, str) else list(key)
    number = pl.struct(keys).hash(seed=0) % buckets

    def read(
        columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        remaining = n_rows
        for bucket in range(buckets):
            part = whole.filter(number == bucket).pipe(step)
            if remaining is not None:
                part = part.head(remaining)
            if predicate is not None:
                part = part.filter(predicate)
            if columns is not None:
                part = part.select(columns)
            rows = part.collect()
            if remaining is not None:
                remaining -= rows.height
            yield rows
            if remaining == 0:
                return

    return register_io_source(read, schema=lambda: whole.pipe(step).collect_schema())


def unique_by(
    frame: pl.LazyFrame | pl.DataFrame,
    key: str | Sequence[str],
    *,
    keep: Literal["first", "last", "any", "none"] = "any",
    buckets: int = 8,
) -> pl.LazyFrame:
    """Keep one row for each key, as `frame.unique(key, keep=keep)` does, but in bounded memory.

    On 20 million rows `unique` alone needs several times the memory.

    Args:
        frame: the rows; see `in_buckets`.
        key: the column or columns that make a row unique.
        keep: "first" or "last" in the frame's order, "any" of them, or "none": drop repeated keys.
        buckets: how many; only the rows of one bucket are in memory at a time.
    """
    return in_buckets(frame, key, lambda part: part.unique(key, keep=keep), buckets)
