"""Bronze as Delta tables: every version stays readable, and concurrent writers lose nothing."""

import subprocess
import sys
from datetime import UTC, datetime

import dagster as dg
import polars as pl
import pytest

pytest.importorskip("deltalake")


@pytest.fixture
def delta(engine, tmp_path):
    return engine.polster.PolarsIOManager(storage_url=str(tmp_path / "lake"), bronze_format="delta")


def bronze(rows: dict, **options) -> dg.AssetsDefinition:
    @dg.asset(name="bronze_orders", **options)
    def asset() -> pl.LazyFrame:
        return pl.LazyFrame(rows)

    return asset


@dg.asset
def silver_orders(bronze_orders: pl.LazyFrame) -> pl.LazyFrame:
    return bronze_orders.sort("id")


def test_bronze_keeps_its_versions_and_silver_reads_the_newest(
    engine, delta, materialize, monkeypatch, tmp_path
):
    assert materialize(bronze({"id": ["1"]}), silver_orders, manager=delta).success
    between = datetime.now(UTC)
    result = materialize(bronze({"id": ["1", "2"], "new": [1, 2]}), silver_orders, manager=delta)
    assert result.success
    [event] = [
        e for e in result.get_asset_materialization_events() if e.step_key == "bronze_orders"
    ]
    assert event.materialization.metadata["dagster/row_count"].value == 2
    silver = pl.read_parquet(delta.uri(dg.AssetKey("silver_orders")))
    assert silver["id"].to_list() == ["1", "2"]

    monkeypatch.setenv("POLSTER_STORAGE_URL", str(tmp_path / "lake"))
    monkeypatch.setenv("POLSTER_BRONZE_FORMAT", "delta")
    assert engine.polster.as_of("bronze_orders", 0).collect()["id"].to_list() == ["1"]
    assert engine.polster.as_of("bronze_orders", between).collect()["id"].to_list() == ["1"]
    monkeypatch.setenv("POLSTER_BRONZE_FORMAT", "parquet")
    with pytest.raises(engine.errors.StorageError, match="has no history"):
        engine.polster.as_of("bronze_orders", 0)


def test_an_asset_may_add_to_its_rows(delta, materialize):
    append = {"metadata": {"append": True}}
    assert materialize(bronze({"id": ["1"]}, **append), manager=delta).success
    assert materialize(bronze({"id": ["2"]}, **append), silver_orders, manager=delta).success
    silver = pl.read_parquet(delta.uri(dg.AssetKey("silver_orders")))
    assert silver["id"].to_list() == ["1", "2"]


def test_partitions_and_upstreams_that_never_ran(delta, materialize, error_of):
    days = dg.StaticPartitionsDefinition(["mon", "tue"])

    @dg.asset(partitions_def=days, name="bronze_orders")
    def daily(context: dg.AssetExecutionContext) -> pl.LazyFrame:
        return pl.LazyFrame({"id": [context.partition_key]})

    assert materialize(daily, manager=delta, partition_key="mon").success
    lacking = materialize(daily, silver_orders, manager=delta, selection="silver_orders")
    assert "lacks 1 of the 2 partitions" in error_of(lacking)
    assert materialize(daily, manager=delta, partition_key="tue").success
    assert materialize(daily, silver_orders, manager=delta, selection="silver_orders").success
    silver = pl.read_parquet(delta.uri(dg.AssetKey("silver_orders")))
    assert silver["id"].to_list() == ["mon", "tue"]


CODE = """
import sys
sys.path.insert(0, sys.argv[1])
import polars as pl
from engine_lab.polster.storage.delta import DeltaStore
store = DeltaStore(sys.argv[2], {}, append=sys.argv[3] == "append")
for i in range(5):
    store.write(pl.LazyFrame({"writer": [sys.argv[4]], "i": [i]}), store.uri("bronze", "bronze_x"))
"""


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["append", "overwrite"])
def test_concurrent_writers_all_succeed(engine, tmp_path, mode):
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", CODE, str(engine.root / "src"), str(tmp_path), mode, str(w)],
            stderr=subprocess.PIPE,
        )
        for w in range(4)
    ]
    errors = [writer.communicate(timeout=120)[1] for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 4, errors
    store = engine.delta.DeltaStore(str(tmp_path))
    uri = store.uri("bronze", "bronze_x")
    from deltalake import DeltaTable

    assert DeltaTable(uri).version() == 19
    assert store.scan(uri).collect().height == (20 if mode == "append" else 1)
