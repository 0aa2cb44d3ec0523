"""A check that the values of one asset's column are found in another asset."""

import dagster as dg
import polars as pl

from ..storage.preview import markdown_table


def reference_check(
    asset: str,
    column: str,
    *,
    to: str,
    to_column: str | None = None,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.WARN,
) -> dg.AssetChecksDefinition:
    """Return a check that every value of a column is found in a column of another asset.

    Args:
        asset: the asset that is checked. Nulls refer to nothing and are passed over.
        column: its column.
        to: the asset that is referred to, of the same layer or the one below.
        to_column: its column; the same name if not said.
        severity: WARN, or ERROR, which also blocks what is downstream.
    """

    @dg.asset_check(
        asset=asset,
        name=f"{column}_is_in_{to}",
        description=f"Every {column} is a {to_column or column} of {to}.",
        additional_ins={
            "referred": dg.AssetIn(to, metadata={"allow_missing_partitions": True}),
        },
        blocking=severity == dg.AssetCheckSeverity.ERROR,
    )
    def reference(rows: pl.LazyFrame, referred: dict[str, pl.LazyFrame]) -> dg.AssetCheckResult:
        if not referred:
            told = f"{to} has not been materialized yet."
            return dg.AssetCheckResult(passed=False, severity=severity, description=told)
        known = pl.concat(referred.values()).select(value=to_column or column)
        orphans = rows.select(value=column).drop_nulls().join(known, on="value", how="anti")
        counted = orphans.group_by("value").len("rows").collect()
        found = counted.sort("rows", "value", descending=[True, False])
        return dg.AssetCheckResult(
            passed=found.is_empty(),
            severity=severity,
            metadata={
                "rows_without_reference": int(found["rows"].sum()),
                "values_without_reference": found.height,
                "most_frequent": dg.MetadataValue.md(markdown_table(found.head(20))),
            },
        )

    return reference
