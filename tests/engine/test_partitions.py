"""One file a partition; many partitions come together as one frame or one by one."""

import os

import dagster as dg
import polars as pl
import pytest

DAILY = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-05")
DAYS = ["2026-01-01", "2026-01-02", "2026-01-03", "2026-01-04"]


@dg.asset(partitions_def=DAILY)
def bronze_daily(context: dg.AssetExecutionContext) -> pl.LazyFrame:
    day = context.partition_key
    return pl.LazyFrame({"day": [day] * DAYS.index(day) + [day]})


@dg.asset(partitions_def=DAILY)
def silver_daily(bronze_daily: pl.LazyFrame) -> pl.LazyFrame:
    return bronze_daily


@dg.asset
def silver_all(bronze_daily: pl.LazyFrame) -> pl.LazyFrame:
    return bronze_daily.sort("day")


def fill(materialize, asset, days):
    for day in days:
        assert materialize(asset, partition_key=day).success


def test_each_partition_is_a_file_with_its_own_row_count(materialize, io_manager):
    result = materialize(bronze_daily, silver_daily, partition_key="2026-01-02")
    assert result.success
    for event in result.get_asset_materialization_events():
        assert event.materialization.metadata["dagster/partition_row_count"].value == 2
        assert "dagster/row_count" not in event.materialization.metadata
    path = io_manager.uri(dg.AssetKey("silver_daily"), "2026-01-02")
    assert path.endswith(os.path.join("silver", "silver_daily", "2026-01-02.parquet"))
    assert pl.read_parquet(path)["day"].to_list() == ["2026-01-02"] * 2


def test_many_partitions_come_together_as_one_frame(materialize, io_manager):
    fill(materialize, bronze_daily, DAYS)
    assert materialize(bronze_daily, silver_all, selection="silver_all").success
    assert pl.read_parquet(io_manager.uri(dg.AssetKey("silver_all"))).height == 1 + 2 + 3 + 4


def test_or_one_by_one_by_their_keys(materialize):
    fill(materialize, bronze_daily, DAYS)
    seen = {}

    @dg.asset
    def silver_each(bronze_daily: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
        seen.update({day: type(frame) for day, frame in bronze_daily.items()})
        return pl.concat(bronze_daily.values())

    @dg.asset
    def silver_eager(bronze_daily: dict[str, pl.DataFrame]) -> pl.DataFrame:
        return pl.concat(bronze_daily.values())

    assert materialize(
        bronze_daily, silver_each, silver_eager, selection=["silver_each", "silver_eager"]
    ).success
    assert seen == dict.fromkeys(DAYS, pl.LazyFrame)


def test_missing_partitions_are_named(materialize, error_of):
    fill(materialize, bronze_daily, DAYS[:1])
    sentence = error_of(materialize(bronze_daily, silver_all, selection="silver_all"))
    assert "bronze_daily lacks 3 of the 4 partitions that are needed here" in sentence
    assert "2026-01-02, 2026-01-03, 2026-01-04" in sentence
    assert "allow_missing_partitions" in sentence


def test_missing_partitions_are_left_out_where_the_asset_says_so(materialize, io_manager, error_of):
    @dg.asset(ins={"bronze_daily": dg.AssetIn(metadata={"allow_missing_partitions": True})})
    def silver_some(bronze_daily: pl.LazyFrame) -> pl.LazyFrame:
        return bronze_daily

    nothing = materialize(bronze_daily, silver_some, selection="silver_some")
    assert "bronze_daily has nothing to read here yet" in error_of(nothing)
    fill(materialize, bronze_daily, [DAYS[0], DAYS[2]])
    result = materialize(bronze_daily, silver_some, selection="silver_some")
    assert result.success
    assert pl.read_parquet(io_manager.uri(dg.AssetKey("silver_some"))).height == 1 + 3


def test_a_window_of_days_reads_only_its_own(materialize, io_manager):
    yesterday = dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=0)

    @dg.asset(
        partitions_def=DAILY,
        ins={"bronze_daily": dg.AssetIn(partition_mapping=yesterday)},
    )
    def silver_window(bronze_daily: pl.LazyFrame) -> pl.LazyFrame:
        return bronze_daily

    fill(materialize, bronze_daily, DAYS[:3])
    assert materialize(
        bronze_daily, silver_window, selection="silver_window", partition_key=DAYS[2]
    ).success
    path = io_manager.uri(dg.AssetKey("silver_window"), DAYS[2])
    assert set(pl.read_parquet(path)["day"]) == {DAYS[1], DAYS[2]}


def test_a_backfill_in_one_run_returns_a_frame_a_partition(materialize, io_manager, error_of):
    @dg.asset(partitions_def=DAILY, backfill_policy=dg.BackfillPolicy.single_run())
    def bronze_range(context: dg.AssetExecutionContext):
        return {day: pl.LazyFrame({"day": [day]}) for day in context.partition_keys}

    @dg.asset(partitions_def=DAILY, backfill_policy=dg.BackfillPolicy.single_run())
    def bronze_wrong(context: dg.AssetExecutionContext):
        return pl.LazyFrame({"day": context.partition_keys})

    tags = {
        "dagster/asset_partition_range_start": DAYS[0],
        "dagster/asset_partition_range_end": DAYS[3],
    }
    assert materialize(bronze_range, tags=tags).success
    for day in DAYS:
        path = io_manager.uri(dg.AssetKey("bronze_range"), day)
        assert pl.read_parquet(path)["day"].to_list() == [day]
    assert "one frame for each partition key" in error_of(materialize(bronze_wrong, tags=tags))


ABSURD = [
    "2024-01-01/..",
    "../../etc/x",
    "..",
    ".",
    "a b",
    "ünï|çødé",
    "100%",
    'a:b*?<>"',
    "~",
    "x.parquet",
]


@pytest.mark.parametrize("key", ABSURD)
def test_any_partition_key_has_its_own_file_in_its_folder(materialize, io_manager, key):
    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(ABSURD))
    def bronze_odd(context: dg.AssetExecutionContext) -> pl.LazyFrame:
        return pl.LazyFrame({"key": [context.partition_key]})

    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(ABSURD))
    def silver_odd(bronze_odd: pl.LazyFrame) -> pl.LazyFrame:
        return bronze_odd

    assert materialize(bronze_odd, silver_odd, partition_key=key).success
    path = io_manager.uri(dg.AssetKey("silver_odd"), key)
    folder = os.path.join(io_manager.store.root, "silver", "silver_odd")
    assert os.path.dirname(os.path.abspath(path)) == folder
    assert os.listdir(folder) == [os.path.basename(path)]
    assert pl.read_parquet(path, glob=False)["key"].to_list() == [key]


def test_two_dimensions_of_partitions(materialize, io_manager):
    grid = dg.MultiPartitionsDefinition(
        {"day": DAILY, "shop": dg.StaticPartitionsDefinition(["north", "south"])}
    )

    @dg.asset(partitions_def=grid)
    def bronze_grid(context: dg.AssetExecutionContext) -> pl.LazyFrame:
        return pl.LazyFrame(context.partition_key.keys_by_dimension)

    @dg.asset(partitions_def=grid)
    def silver_grid(bronze_grid: pl.LazyFrame) -> pl.LazyFrame:
        return bronze_grid

    key = dg.MultiPartitionKey({"day": DAYS[0], "shop": "south"})
    assert materialize(bronze_grid, silver_grid, partition_key=key).success
    path = io_manager.uri(dg.AssetKey("silver_grid"), str(key))
    assert pl.read_parquet(path)["shop"].to_list() == ["south"]
