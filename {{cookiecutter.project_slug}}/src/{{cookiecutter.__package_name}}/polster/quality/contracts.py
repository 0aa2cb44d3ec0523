"""Data contracts: what silver promises, checked row by row, with nothing dropped without a trace.

A contract is a dataframely schema and the share of bad rows that is bearable. Good rows go on, bad
rows go to data/quarantine with their reasons, and Dagster shows the counts as asset checks.
"""

import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import dagster as dg
import dataframely as dy
import polars as pl

from ..storage.io_manager import PolarsIOManager
from ..storage.preview import markdown_table
from ..storage.store import Store

REASONS = "_reasons"
_RECEIVED = "_received"  # the whole row as it came, so that the quarantine can show it
_AS_RECEIVED = (pl.String, pl.Null)  # what is parsed to the contract's types
_WARN, _ERROR = dg.AssetCheckSeverity.WARN, dg.AssetCheckSeverity.ERROR


@dataclass(frozen=True)
class Contract:
    """What the rows of an asset must look like.

    Args:
        schema: columns, types and rules, by dataframely. Text is parsed to the schema's types;
            any other difference of types is an error.
        max_bad_share: the share of bad rows (0 to 1) above which the asset fails: it keeps its
            last good data and nothing downstream runs.
        extra_columns: "drop" or "keep" the columns that the schema does not name.
    """

    schema: type[dy.Schema]
    max_bad_share: float = 0.05
    extra_columns: Literal["drop", "keep"] = "drop"

    def __post_init__(self) -> None:
        """Refuse settings that would let everything pass."""
        if not 0 <= self.max_bad_share <= 1 or self.extra_columns not in ("drop", "keep"):
            raise ValueError('max_bad_share is from 0 to 1, extra_columns is "drop" or "keep".')

    def good_rows(self, frame: pl.LazyFrame | pl.DataFrame) -> pl.LazyFrame:
        """Return the rows that keep the contract, in the contract's types.

        Within a run the other rows are first written to quarantine, whole and with the names of
        the rules that they break. Outside a run nothing is written.

        Raises:
            dagster.Failure: a column is missing or has changed its type, or, within a run, too
                large a share of the rows is bad.
        """
        context = _current_context()
        asset = context.asset_key.to_user_string() if context else self.schema.__name__
        rows = frame.lazy()
        checked, parsed = self._prepare(rows, asset)
        good, failed = checked.filter(parsed)
        if context:
            self._quarantine(context, rows, failed, checked.column_names())
        return good.lazy().drop(_RECEIVED)

    def checks(self, asset: str) -> dg.AssetChecksDefinition:
        """Return the asset checks of `asset`: one a rule, and one for the share of bad rows.

        They read the quarantine file and the asset's footer, not the data.
        """
        specs = [
            dg.AssetCheckSpec(
                "bad_rows",
                asset=asset,
                description=f"At most {self.max_bad_share:.1%} of the rows break the contract.",
                blocking=True,
            ),
            *(
                dg.AssetCheckSpec(_check_name(rule), asset=asset, description=f"Rule {rule}.")
                for rule in self.rules()
            ),
        ]

        @dg.multi_asset_check(
            name=f"{asset}_contract", specs=specs, required_resource_keys={"io_manager"}
        )
        def contract(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
            key = dg.AssetKey.from_user_string(asset)
            manager, partition = _manager(context), _partition(context, key)
            bad = _stored(manager.store, manager.quarantine_uri(key, *partition))
            good = _stored(manager.store_of(key), manager.uri(key, *partition))
            bad_rows, good_rows = _height(bad), _height(good)
            yield from self._results(key, _counts(bad), bad_rows, bad_rows + good_rows)

        return contract

    def rules(self) -> list[str]:
        """The names of the schema's rules, such as `amount|min`, and one rule of type a column."""
        checked, parsed = self._prepare(self.schema.create_empty(lazy=True), self.schema.__name__)
        columns = checked.filter(parsed)[1].details().columns
        wanted = self.schema.columns()
        types = [_type_rule(name) for name, c in wanted.items() if c.dtype not in _AS_RECEIVED]
        known = {*wanted, _RECEIVED}
        return list(dict.fromkeys([*types, *(name for name in columns if name not in known)]))

    def _prepare(self, frame: pl.LazyFrame, asset: str) -> tuple[type[dy.Schema], pl.LazyFrame]:
        """Parse text to the contract's types; return the frame and the schema that checks it."""
        arrived = frame.collect_schema()
        wanted = self.schema.columns()
        if missing := [name for name in wanted if name not in arrived]:
            raise _failure(
                f"{asset}: the column {', '.join(missing)} of its contract is missing. "
                f"It received {', '.join(arrived)}."
            )
        extra = [name for name in arrived if name not in wanted]
        parse: list[pl.Expr] = []
        members: dict[str, Any] = {_RECEIVED: dy.Any()}
        if self.extra_columns == "keep":
            members |= {f"_extra_{i}": dy.Any(alias=name) for i, name in enumerate(extra)}
        for name, column in wanted.items():
            if column.validate_dtype(arrived[name]):
                continue
            text_as_nested = arrived[name] == pl.String and column.dtype.is_nested()
            if arrived[name] not in _AS_RECEIVED or text_as_nested:
                raise _failure(
                    f"{asset}: the type of column {name} has changed: its contract says "
                    f"{column.dtype}, it arrives as {arrived[name]}. Cast it in the asset before "
                    "the contract, or change the contract."
                )
            empty = arrived[name] == pl.Null
            value = pl.col(name)
            parse.append(value.cast(column.dtype) if empty else _parse(value, column.dtype))
            members[_type_rule(name)] = dy.rule()(_was_parsed(name))
        frame = frame.with_columns(pl.struct(pl.all()).alias(_RECEIVED)).with_columns(parse)
        return type(self.schema)(self.schema.__name__, (self.schema,), members), frame

    def _quarantine(
        self,
        context: dg.AssetExecutionContext,
        frame: pl.LazyFrame,
        failed: dy.FailureInfo,
        columns: list[str],
    ) -> None:
        """Write the bad rows with their reasons; refuse to go on if there are too many."""
        if context.has_partition_key_range and not context.has_partition_key:
            raise _failure(
                "A contract looks at one partition at a time, so that each has its quarantine: "
                "leave out BackfillPolicy.single_run()."
            )
        manager, key = _manager(context), context.asset_key
        partition = _partition(context, key)
        uri = manager.quarantine_uri(key, *partition)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "bad.parquet")
            failed.sink_parquet(file)
            bad = _with_reasons(pl.scan_parquet(file), columns)
            written = manager.store.write(bad, uri)
        context.add_output_metadata({"quarantined_rows": written.rows, "quarantine": uri})
        if not written.rows:
            return
        total = frame.select(pl.len()).collect().item()
        if written.rows <= self.max_bad_share * total:
            return
        counts = _counts(manager.store.scan(uri))
        for result in self._results(key, counts, written.rows, total):
            _report(context, result)
        told = ", ".join(f"{rule} {rows:,}" for rule, rows in counts.items())
        raise dg.Failure(
            f"{key.to_user_string()}: {written.rows:,} of {total:,} rows break the contract, more "
            f"than the {self.max_bad_share:.1%} that it allows ({told}). They are in {uri} with "
            "the reasons; the asset keeps its last good data.",
            metadata={"broken_rules": _counts_table(counts), "quarantine": uri},
            allow_retries=False,
        )

    def _results(
        self, key: dg.AssetKey, counts: Mapping[str, int], bad: int, total: int
    ) -> Iterator[dg.AssetCheckResult]:
        share = bad / total if total else 0.0
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name="bad_rows",
            passed=share <= self.max_bad_share,
            severity=_ERROR,
            metadata={
                "bad_rows": bad,
                "rows": total,
                "share": share,
                "broken_rules": _counts_table(counts),
            },
        )
        for rule in self.rules():
            yield dg.AssetCheckResult(
                asset_key=key,
                check_name=_check_name(rule),
                passed=not counts.get(rule),
                severity=_WARN,
                metadata={"bad_rows": counts.get(rule, 0)},
            )


def _current_context() -> dg.AssetExecutionContext | None:
    """The run that this code is part of, or None in a plain call."""
    try:
        return dg.AssetExecutionContext.get()
    except dg.DagsterInvariantViolationError:
        return None


def _manager(context: Any) -> PolarsIOManager:
    manager = context.resources.io_manager
    if not isinstance(manager, PolarsIOManager):
        raise _failure(
            "A contract needs the project's I/O manager to know where the quarantine is: "
            'run the asset with resources={"io_manager": PolarsIOManager(...)}.'
        )
    return manager


def _partition(context: Any, key: dg.AssetKey) -> tuple[str, ...]:
    """This asset's partition, if it has any: a run with a partition may hold assets without."""
    partitioned = context.job_def.asset_layer.get(key).partitions_def is not None
    return (context.partition_key,) if partitioned and context.has_partition_key else ()


def _type_rule(column: str) -> str:
    return f"{column}|type"


def _check_name(rule: str) -> str:
    """Dagster's names know letters, digits and underscores only."""
    return re.sub(r"[^A-Za-z0-9_]", "_", rule.replace("|", "__"))


def _was_parsed(name: str) -> Any:
    """A rule: what arrived as text became a value of the contract's type."""

    def rule(cls: type[dy.Schema]) -> pl.Expr:
        return pl.col(_RECEIVED).struct.field(name).is_null() | pl.col(name).is_not_null()

    return rule


def _parse(text: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Read text as a type: numbers, true/false, ISO 8601 dates and times; null where it is none."""
    if dtype == pl.Boolean:
        known = {"true": True, "false": False}
        return text.str.to_lowercase().replace_strict(known, default=None, return_dtype=pl.Boolean)
    if dtype == pl.Date:
        return text.str.to_date("%Y-%m-%d", strict=False)
    if dtype == pl.Time:
        return text.str.to_time("%H:%M:%S%.f", strict=False)
    if isinstance(dtype, pl.Datetime):
        zone = "%#z" if dtype.time_zone else ""
        formats = [f"%Y-%m-%d{t}%H:%M:%S%.f{zone}" for t in ("T", " ")]
        read = [text.str.to_datetime(f, time_unit=dtype.time_unit, strict=False) for f in formats]
        moment = pl.coalesce(read)
        return moment.dt.convert_time_zone(dtype.time_zone) if dtype.time_zone else moment
    return text.cast(dtype, strict=False)


def _with_reasons(bad: pl.LazyFrame, columns: list[str]) -> pl.LazyFrame:
    """The rows as they were received, and the names of the rules that each breaks."""
    names = bad.collect_schema().names()
    if _RECEIVED not in names:  # a schema without a rule has no bad rows
        return pl.LazyFrame(schema={REASONS: pl.List(pl.String)})
    rules = [name for name in names if name not in columns]
    reasons = []
    for rule in rules:
        kept = pl.col(rule).fill_null(True)
        column = rule.split("|")[0]
        if _type_rule(column) in rules and rule != _type_rule(column):
            kept |= ~pl.col(_type_rule(column))  # unreadable is reason enough
        reasons.append(pl.when(~kept).then(pl.lit(rule)))
    return bad.select(
        pl.col(_RECEIVED).struct.unnest(), pl.concat_list(reasons).list.drop_nulls().alias(REASONS)
    )


def _counts(bad: pl.LazyFrame) -> dict[str, int]:
    """How many rows break each rule, the most frequent first."""
    counted = bad.select(pl.col(REASONS).explode().alias("rule")).group_by("rule").len("rows")
    return dict(counted.collect().sort("rows", "rule", descending=[True, False]).iter_rows())


def _counts_table(counts: Mapping[str, int]) -> dg.MarkdownMetadataValue:
    table = pl.DataFrame({"rule": list(counts), "rows": list(counts.values())})
    return dg.MetadataValue.md(markdown_table(table))


def _height(frame: pl.LazyFrame) -> int:
    return frame.select(pl.len()).collect().item()


def _stored(store: Store, uri: str) -> pl.LazyFrame:
    if not store.exists(uri):
        raise _failure(f"There is no {uri} to check: materialize the asset first.")
    return store.scan(uri)


def _report(context: dg.AssetExecutionContext, result: dg.AssetCheckResult) -> None:
    """Show a check's result although the step that would report it will not run."""
    context.instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=result.asset_key,
            check_name=result.check_name,
            passed=result.passed,
            severity=result.severity,
            metadata=result.metadata,
        )
    )


def _failure(sentence: str) -> dg.Failure:
    """An error that trying again does not cure."""
    return dg.Failure(sentence, allow_retries=False)
