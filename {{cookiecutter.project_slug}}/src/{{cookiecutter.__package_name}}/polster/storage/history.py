"""Read an asset as it was: an earlier version of its Delta table."""

from datetime import datetime

import dagster as dg
import polars as pl

from .delta import DeltaStore
from .io_manager import PolarsIOManager
from .store import StorageError


def as_of(asset: str, version: int | datetime, *partition: str) -> pl.LazyFrame:
    """Scan a bronze asset as it was: at a version number, or at a moment (with its time zone).

    `as_of("bronze_orders", datetime.now(UTC) - timedelta(days=1))` is yesterday's.
    """
    manager = PolarsIOManager.from_environment().process_config_and_initialize()
    key = dg.AssetKey.from_user_string(asset)
    if manager.store_of(key).suffix != DeltaStore.suffix:
        raise StorageError(f"{asset} has no history: POLSTER_BRONZE_FORMAT is not delta.")
    return pl.scan_delta(
        manager.uri(key, *partition),
        version=version,
        storage_options=manager.store.storage_options,
    )
