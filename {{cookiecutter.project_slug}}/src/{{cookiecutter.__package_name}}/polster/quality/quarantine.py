"""The rows that break a contract, kept as they were received, with the rules that each breaks."""

import dataframely as dy
import polars as pl

from ..storage.scratch import temporary_folder
from ..storage.store import Store, WrittenFile
from .parsing import RECEIVED, type_rule

REASONS = "_reasons"


def write_quarantine(
    store: Store, uri: str, failed: dy.FailureInfo, columns: list[str]
) -> WrittenFile:
    """Write the rows that break a contract, with the names of the rules that each breaks.

    Args:
        store: the place to write to.
        uri: the quarantine file, which is replaced.
        failed: the rows, and whether each keeps each rule.
        columns: the columns of the checked frame; every other column of `failed` is a rule.
    """
    with temporary_folder() as folder:
        file = folder / "bad.parquet"
        failed.sink_parquet(file)
        return store.write(_with_reasons(pl.scan_parquet(file), columns), uri)


def count_by_rule(bad: pl.LazyFrame) -> dict[str, int]:
    """Return how many rows of a quarantine file break each rule, the most frequent first."""
    by_rule = bad.select(pl.col(REASONS).explode().alias("rule")).group_by("rule").len("rows")
    sorted_counts = by_rule.collect().sort("rows", "rule", descending=[True, False])
    return dict(sorted_counts.iter_rows())


def _with_reasons(bad: pl.LazyFrame, columns: list[str]) -> pl.LazyFrame:
    """Return the rows as they were received, and a list of the rules that each breaks."""
    names = bad.collect_schema().names()
    if RECEIVED not in names:  # a schema without a rule has no bad rows
        return pl.LazyFrame(schema={REASONS: pl.List(pl.String)})
    rules = [name for name in names if name not in columns]
    reasons = [_reason(rule, rules) for rule in rules]
    return bad.select(
        pl.col(RECEIVED).struct.unnest(), pl.concat_list(reasons).list.drop_nulls().alias(REASONS)
    )


def _reason(rule: str, rules: list[str]) -> pl.Expr:
    """Return the rule's name for rows that break it, and null for the others."""
    kept = pl.col(rule).fill_null(True)
    type_of_column = type_rule(rule.split("|")[0])
    if type_of_column in rules and rule != type_of_column:
        kept |= ~pl.col(type_of_column)  # that a value is unreadable is reason enough
    return pl.when(~kept).then(pl.lit(rule))
