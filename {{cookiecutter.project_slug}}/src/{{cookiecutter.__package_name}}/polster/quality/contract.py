"""Data contracts: what silver promises, checked row by row.

A contract is a dataframely schema and a threshold, the largest share of bad rows that is accepted.
Good rows go on, bad rows go to data/quarantine with their reasons, and Dagster shows the counts as
asset checks. No row is lost without a trace.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import dagster as dg
import dataframely as dy
import polars as pl

from ..failures import permanent_failure
from ..storage.io_manager import PolarsIOManager
from ..storage.store import Store
from ..wording import plural
from .contract_checks import RowCounts, check_results, check_specs, report_result, rule_table
from .parsing import RECEIVED, TEXT_TYPES, parse, parsed_rule, type_rule
from .quarantine import count_by_rule, write_quarantine

RunContext = dg.AssetExecutionContext | dg.AssetCheckExecutionContext


class ParsedRows(NamedTuple):
    """A frame in the contract's types, and the schema that checks it."""

    frame: pl.LazyFrame
    schema: type[dy.Schema]


@dataclass(frozen=True)
class Contract:
    """What the rows of an asset must look like.

    Args:
        schema: columns, types and rules, by dataframely. Text is parsed to the schema's types;
            any other difference of types is an error.
        max_bad_share: the threshold, a share of bad rows (0 to 1). Above it the asset fails: it
            keeps its last good data and nothing downstream runs.
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

        Within a run the other rows are first written to quarantine, as they were received and with
        the names of the rules that they break. Outside a run nothing is written.

        Raises:
            dagster.Failure: a column is missing or has changed its type, or, within a run, the
                share of bad rows is above the threshold.
        """
        context = _current_context()
        asset = context.asset_key.to_user_string() if context else self.schema.__name__
        received = frame.lazy()
        parsed = self._parse(received, asset)
        good, failed = parsed.schema.filter(parsed.frame)
        if context:
            self._quarantine(context, received, failed, parsed.schema.column_names())
        return good.lazy().drop(RECEIVED)

    def checks(self, asset: str) -> dg.AssetChecksDefinition:
        """Return the asset checks of `asset`: one for each rule, and one for the threshold.

        They read the quarantine file and the row count of the asset's file, not its data.
        """

        @dg.multi_asset_check(
            name=f"{asset}_contract",
            specs=check_specs(asset, self.rules(), self.max_bad_share),
            required_resource_keys={"io_manager"},
        )
        def contract(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
            key = dg.AssetKey.from_user_string(asset)
            manager, partition = _io_manager(context), _partition(context, key)
            bad = _scan(manager.store, manager.quarantine_uri(key, *partition))
            good = _scan(manager.store_of(key), manager.uri(key, *partition))
            bad_rows = _count(bad)
            counts = RowCounts(bad_rows + _count(good), bad_rows, count_by_rule(bad))
            yield from check_results(key, counts, self.rules(), self.max_bad_share)

        return contract

    def rules(self) -> list[str]:
        """Return the names of the schema's rules, such as `amount|min` and `amount|type`."""
        parsed = self._parse(self.schema.create_empty(lazy=True), self.schema.__name__)
        details = parsed.schema.filter(parsed.frame)[1].details()
        columns = self.schema.columns()
        rules = [
            type_rule(name) for name, column in columns.items() if column.dtype not in TEXT_TYPES
        ]
        rules += [name for name in details.columns if name not in {*columns, RECEIVED}]
        return list(dict.fromkeys(rules))

    def _parse(self, received: pl.LazyFrame, asset: str) -> ParsedRows:
        """Parse text to the contract's types, and add a rule for each column that is parsed."""
        received_types = received.collect_schema()
        columns = self.schema.columns()
        missing = [name for name in columns if name not in received_types]
        if missing:
            raise permanent_failure(
                f"{asset}: the column {', '.join(missing)} of its contract is missing. "
                f"It received {', '.join(received_types)}."
            )
        members: dict[str, object] = {RECEIVED: dy.Any()}
        if self.extra_columns == "keep":
            extra = [name for name in received_types if name not in columns]
            members |= {f"_extra_{i}": dy.Any(alias=name) for i, name in enumerate(extra)}
        expressions: list[pl.Expr] = []
        for name, column in columns.items():
            received_type = received_types[name]
            if column.validate_dtype(received_type):
                continue
            text_for_nested = received_type == pl.String and column.dtype.is_nested()
            if received_type not in TEXT_TYPES or text_for_nested:
                raise permanent_failure(
                    f"{asset}: the type of column {name} has changed: its contract says "
                    f"{column.dtype}, it arrives as {received_type}. Cast it in the asset before "
                    "the contract, or change the contract."
                )
            expressions.append(parse(name, received_type, column.dtype))
            members[type_rule(name)] = parsed_rule(name)
        schema = type(self.schema)(self.schema.__name__, (self.schema,), members)
        with_received = received.with_columns(pl.struct(pl.all()).alias(RECEIVED))
        return ParsedRows(with_received.with_columns(expressions), schema)

    def _quarantine(
        self,
        context: dg.AssetExecutionContext,
        received: pl.LazyFrame,
        failed: dy.FailureInfo,
        columns: list[str],
    ) -> None:
        """Write the bad rows with their reasons; fail if there are too many."""
        if context.has_partition_key_range and not context.has_partition_key:
            raise permanent_failure(
                "A contract looks at one partition at a time, so that each has its quarantine: "
                "leave out BackfillPolicy.single_run()."
            )
        manager, key = _io_manager(context), context.asset_key
        uri = manager.quarantine_uri(key, *_partition(context, key))
        written = write_quarantine(manager.store, uri, failed, columns)
        context.add_output_metadata({"quarantined_rows": written.rows, "quarantine": uri})
        if not written.rows:
            return
        total = _count(received)
        if written.rows <= self.max_bad_share * total:
            return
        counts = RowCounts(total, written.rows, count_by_rule(manager.store.scan(uri)))
        for result in check_results(key, counts, self.rules(), self.max_bad_share):
            report_result(context.instance, result)
        verb = "breaks" if written.rows == 1 else "break"
        by_rule = ", ".join(f"{rule} {rows:,}" for rule, rows in counts.by_rule.items())
        raise dg.Failure(
            f"{key.to_user_string()}: {written.rows:,} of {plural(total, 'row')} {verb} the "
            f"contract, more than the {self.max_bad_share:.1%} that it allows ({by_rule}). They "
            f"are in {uri} with the reasons; the asset keeps its last good data.",
            metadata={"broken_rules": rule_table(counts.by_rule), "quarantine": uri},
            allow_retries=False,
        )


def _current_context() -> dg.AssetExecutionContext | None:
    """Return the context of the run that this code is part of, or None in a plain call."""
    try:
        return dg.AssetExecutionContext.get()
    except dg.DagsterInvariantViolationError:
        return None


def _io_manager(context: RunContext) -> PolarsIOManager:
    """Return the run's I/O manager, which knows where the quarantine is."""
    manager = context.resources.io_manager
    if not isinstance(manager, PolarsIOManager):
        raise permanent_failure(
            "A contract needs the project's I/O manager to know where the quarantine is: "
            'run the asset with resources={"io_manager": PolarsIOManager(...)}.'
        )
    return manager


def _partition(context: RunContext, key: dg.AssetKey) -> tuple[str, ...]:
    """Return this asset's partition, if any: a run with a partition may hold assets without."""
    partitioned = context.job_def.asset_layer.get(key).partitions_def is not None
    return (context.partition_key,) if partitioned and context.has_partition_key else ()


def _scan(store: Store, uri: str) -> pl.LazyFrame:
    if not store.exists(uri):
        raise permanent_failure(f"There is no {uri} to check: materialize the asset first.")
    return store.scan(uri)


def _count(frame: pl.LazyFrame) -> int:
    return frame.select(pl.len()).collect().item()
