"""Two fixtures: rows as bronze stores them, and a run with the real I/O manager."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

from {{ cookiecutter.__package_name }}.polster import PolarsIOManager


@pytest.fixture
def received() -> Callable[..., pl.LazyFrame]:
    """Return a function that makes a frame of rows as silver gets them from bronze.

    `received({"id": "1"}, {"id": None})` has text columns, `_source_file` and `_ingested_at`.
    """

    def frame(*rows: dict[str, str | None]) -> pl.LazyFrame:
        columns = dict.fromkeys(name for row in rows for name in row)
        return pl.LazyFrame(list(rows), schema=dict.fromkeys(columns, pl.String)).with_columns(
            pl.lit("received.csv").alias("_source_file"),
            pl.lit(dt.datetime(2026, 1, 31, 5, tzinfo=dt.UTC)).alias("_ingested_at"),
        )

    return frame


@pytest.fixture
def materialize(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., dict[str, pl.DataFrame]]:
    """Return a function that runs assets and checks with the real I/O manager, in its own folder.

    `materialize(silver_orders, bronze_orders=frame)` stores the frame, runs the asset and returns
    what was stored, by asset: `{"bronze_orders": ..., "silver_orders": ...}`. A failure raises.
    """

    def run(
        *definitions: dg.AssetsDefinition, **upstreams: pl.LazyFrame
    ) -> dict[str, pl.DataFrame]:
        monkeypatch.setenv("POLSTER_STORAGE_URL", str(tmp_path / "data"))
        manager = PolarsIOManager.from_environment()
        given = [_asset_of(name, rows) for name, rows in upstreams.items()]
        with dg.DagsterInstance.ephemeral() as instance:
            done = dg.materialize(
                [*given, *definitions], resources={"io_manager": manager}, instance=instance
            )
        keys = [event.asset_key for event in done.get_asset_materialization_events()]
        store = PolarsIOManager(storage_url=str(tmp_path / "data"))
        return {k.to_user_string(): store.store.scan(store.uri(k)).collect() for k in keys}

    return run


def _asset_of(name: str, rows: pl.LazyFrame) -> dg.AssetsDefinition:
    """Return an asset that is these rows."""

    @dg.asset(name=name)
    def asset() -> pl.LazyFrame:
        return rows

    return asset
