"""Steps that need every row of a key at once, in a memory that does not grow with the data."""

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
    """Apply a step to one share of the keys after the other.

    The rows of a key are always in the same bucket, so a step that looks only at rows of one key
    (unique, group_by, rank, cumulative sums over the key) gives the same rows as on the whole
    frame, in another order. At most one bucket is in memory; the frame is read once for each.

    Args:
        frame: best the scan of an asset, not a long computation, since it is evaluated each time.
        key: the column or columns that the step groups by.
        step: what to do with a bucket.
        buckets: how many; 8 for 20 million rows, more for more.
    """
    whole, keys = frame.lazy(), [key] if isinstance(key, str) else list(key)
    number = pl.struct(keys).hash(seed=0) % buckets

    def read(
        columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _: int | None
    ) -> Iterator[pl.DataFrame]:
        left = n_rows
        for bucket in range(buckets):
            part = whole.filter(number == bucket).pipe(step)
            if left is not None:
                part = part.head(left)
            if predicate is not None:
                part = part.filter(predicate)
            if columns is not None:
                part = part.select(columns)
            rows = part.collect()
            if left is not None:
                left -= rows.height
            yield rows
            if left == 0:
                return

    return register_io_source(read, schema=lambda: whole.pipe(step).collect_schema())


def unique_by(
    frame: pl.LazyFrame | pl.DataFrame,
    key: str | Sequence[str],
    *,
    keep: Literal["first", "last", "any", "none"] = "any",
    buckets: int = 8,
) -> pl.LazyFrame:
    """Keep one row of each key, as `frame.unique(key, keep=keep)` does, bucket by bucket.

    On 20 million rows `unique` alone needs several times the memory (docs of Polster: storage).

    Args:
        frame: the rows; see `in_buckets`.
        key: the column or columns that make a row unique.
        keep: "first" or "last" in the frame's order, "any", or "none" of the repeated ones.
        buckets: how many parts; memory is that of the largest one.
    """
    return in_buckets(frame, key, lambda part: part.unique(key, keep=keep), buckets)
