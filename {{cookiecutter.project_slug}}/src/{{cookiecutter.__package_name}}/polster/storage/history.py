"""Read an asset as it was: an earlier version of its Delta table."""

from datetime import datetime

import dagster as dg
import polars as pl

from .errors import StorageError
from .io_manager import PolarsIOManager
from .variables import FORMAT_VARIABLE


def as_of(asset: str, version: int | datetime, *partition: str) -> pl.LazyFrame:
    """Scan a bronze asset as it was at a version number, or at a moment.

    Args:
        asset: the asset's key, such as `bronze_orders`.
        version: the number of a version, or a moment with its time zone:
            `datetime.now(UTC) - timedelta(days=1)` is yesterday.
        partition: the partition's key, if the asset has partitions.

    Raises:
        StorageError: the asset is not stored as a Delta table.
    """
    manager = PolarsIOManager.from_environment().process_config_and_initialize()
    key = dg.AssetKey.from_user_string(asset)
    if not manager.keeps_history(key):
        raise StorageError(f"{asset} has no history: {FORMAT_VARIABLE} is not delta.")
    return pl.scan_delta(
        manager.uri(key, *partition),
        version=version,
        storage_options=manager.store.storage_options,
    )
