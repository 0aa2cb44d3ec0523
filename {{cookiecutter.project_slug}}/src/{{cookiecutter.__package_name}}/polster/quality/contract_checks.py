"""The results of a contract as Dagster's asset checks."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import dagster as dg
import polars as pl

from ..storage.description import markdown_table

BAD_ROWS = "bad_rows"


class RowCounts(NamedTuple):
    """How many rows a contract looked at, how many are bad, and how many break each rule."""

    total: int
    bad: int
    by_rule: Mapping[str, int]

    @property
    def bad_share(self) -> float:
        """The share of bad rows, from 0 to 1."""
        return self.bad / self.total if self.total else 0.0


def check_specs(asset: str, rules: list[str], max_bad_share: float) -> list[dg.AssetCheckSpec]:
    """Return one blocking check for the share of bad rows, and one check for each rule."""
    threshold = dg.AssetCheckSpec(
        BAD_ROWS,
        asset=asset,
        description=f"At most {max_bad_share:.1%} of the rows break the contract.",
        blocking=True,
    )
    of_rules = [
        dg.AssetCheckSpec(check_name(rule), asset=asset, description=f"Rule {rule}.")
        for rule in rules
    ]
    return [threshold, *of_rules]


def check_results(
    key: dg.AssetKey, counts: RowCounts, rules: list[str], max_bad_share: float
) -> Iterator[dg.AssetCheckResult]:
    """Yield the results of the checks that `check_specs` declares."""
    yield dg.AssetCheckResult(
        asset_key=key,
        check_name=BAD_ROWS,
        passed=counts.bad_share <= max_bad_share,
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={
            "bad_rows": counts.bad,
            "rows": counts.total,
            "share": counts.bad_share,
            "broken_rules": rule_table(counts.by_rule),
        },
    )
    for rule in rules:
        bad_rows = counts.by_rule.get(rule, 0)
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name=check_name(rule),
            passed=bad_rows == 0,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"bad_rows": bad_rows},
        )


def report_result(instance: dg.DagsterInstance, result: dg.AssetCheckResult) -> None:
    """Record a check's result although the step that would report it will not run."""
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=result.asset_key,
            check_name=result.check_name,
            passed=result.passed,
            severity=result.severity,
            metadata=result.metadata,
        )
    )


def rule_table(by_rule: Mapping[str, int]) -> dg.MarkdownMetadataValue:
    """Return the counts of bad rows as a table for Dagster's UI."""
    table = pl.DataFrame({"rule": list(by_rule), "rows": list(by_rule.values())})
    return dg.MetadataValue.md(markdown_table(table))


def check_name(rule: str) -> str:
    """Return a rule's name as Dagster allows it: letters, digits and underscores."""
    return re.sub(r"[^A-Za-z0-9_]", "_", rule.replace("|", "__"))
