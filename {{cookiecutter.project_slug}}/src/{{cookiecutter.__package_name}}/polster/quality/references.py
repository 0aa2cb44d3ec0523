"""A check that every value of one asset's column exists in another asset."""

import dagster as dg
import polars as pl

from ..storage.description import markdown_table


def reference_check(
    asset: str,
    column: str,
    *,
    to: str,
    to_column: str | None = None,
    severity: dg.AssetCheckSeverity = dg.AssetCheckSeverity.WARN,
) -> dg.AssetChecksDefinition:
    """Return a check that every value of a column exists in a column of another asset.

    Args:
        asset: the asset to check. Nulls are ignored.
        column: the column that holds the references.
        to: the asset that holds the values, in the same layer or the one below.
        to_column: the column of that asset; by default, of the same name.
        severity: WARN, or ERROR, which also blocks downstream assets.
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
            return dg.AssetCheckResult(
                passed=False,
                severity=severity,
                description=f"{to} has not been materialized yet.",
            )
        known = pl.concat(referred.values()).select(value=to_column or column)
        unknown = rows.select(value=column).drop_nulls().join(known, on="value", how="anti")
        by_value = unknown.group_by("value").len("rows").collect()
        found = by_value.sort("rows", "value", descending=[True, False])
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
