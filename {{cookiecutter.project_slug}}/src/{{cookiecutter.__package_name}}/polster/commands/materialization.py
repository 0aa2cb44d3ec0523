"""What a materialization recorded about its data."""

import dagster as dg

ROW_COUNT_NAMES = ("dagster/partition_row_count", "dagster/row_count")


def row_count(materialization: dg.AssetMaterialization) -> int | None:
    """Return the rows that a materialization recorded, or None if it recorded none."""
    for name in ROW_COUNT_NAMES:
        if name in materialization.metadata:
            return materialization.metadata[name].value
    return None


def recorded_number(materialization: dg.AssetMaterialization, name: str) -> int | None:
    """Return a number that a materialization recorded under a name, or None."""
    value = materialization.metadata.get(name)
    return value.value if value else None
