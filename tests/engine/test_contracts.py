"""Good rows go on in the contract's types, bad rows to quarantine with their reasons."""

from datetime import UTC, date, datetime
from decimal import Decimal

import dagster as dg
import dataframely as dy
import polars as pl
import pytest
from polars.testing import assert_frame_equal

RECEIVED = pl.LazyFrame(
    {
        "order_id": ["1", "2", "2", "3", "4", "5"],
        "amount": ["10.50", "1", "2", "-4", "free", None],
        "status": ["open", "paid", "paid", "paid", "lost", "open"],
        "day": ["2026-01-31", "2026-01-31", "2026-01-31", "31.01.2026", "2026-02-01", None],
        "_source_file": ["orders.csv"] * 6,
    }
)


class Orders(dy.Schema):
    order_id = dy.Int64(primary_key=True)
    amount = dy.Decimal(10, 2, nullable=False, min=0)
    status = dy.Enum(["open", "paid"], nullable=True)
    day = dy.Date(nullable=True)

    @dy.rule()
    def paid_orders_cost_something(cls) -> pl.Expr:
        return (pl.col("status") != "paid") | (pl.col("amount") != 0)


def pipeline(contract, received=RECEIVED, **options):
    @dg.asset(**options)
    def bronze_orders() -> pl.LazyFrame:
        return received

    @dg.asset(**options)
    def silver_orders(bronze_orders: pl.LazyFrame) -> pl.LazyFrame:
        return contract.good_rows(bronze_orders)

    @dg.asset(**options)
    def gold_orders(silver_orders: pl.LazyFrame) -> pl.LazyFrame:
        return silver_orders

    return bronze_orders, silver_orders, gold_orders, contract.checks("silver_orders")


def stored(io_manager, name: str) -> pl.DataFrame:
    return pl.read_parquet(io_manager.uri(dg.AssetKey(name)))


def quarantined(io_manager) -> dict[str, list[str]]:
    bad = pl.read_parquet(io_manager.quarantine_uri(dg.AssetKey("silver_orders")))
    return dict(
        zip(
            bad["order_id"] + "/" + bad["amount"].fill_null("-"),
            bad["_reasons"].to_list(),
            strict=True,
        )
    )


def evaluations(result) -> dict:
    return {e.check_name: e for e in result.get_asset_check_evaluations()}


def test_good_rows_have_the_types_of_the_contract(engine, materialize, io_manager):
    contract = engine.polster.Contract(Orders, max_bad_share=1)
    assert materialize(*pipeline(contract)).success
    assert_frame_equal(
        stored(io_manager, "gold_orders"),
        pl.DataFrame(
            {
                "order_id": [1],
                "amount": [Decimal("10.50")],
                "status": ["open"],
                "day": [date(2026, 1, 31)],
            },
            schema={
                "order_id": pl.Int64,
                "amount": pl.Decimal(10, 2),
                "status": pl.Enum(["open", "paid"]),
                "day": pl.Date,
            },
        ),
    )


def test_bad_rows_are_kept_as_received_with_every_reason(engine, materialize, io_manager):
    contract = engine.polster.Contract(Orders, max_bad_share=1)
    assert materialize(*pipeline(contract)).success
    bad = pl.read_parquet(io_manager.quarantine_uri(dg.AssetKey("silver_orders")))
    assert bad.drop("_reasons").schema == RECEIVED.collect_schema()  # text, and _source_file
    assert quarantined(io_manager) == {
        "2/1": ["primary_key"],
        "2/2": ["primary_key"],
        "3/-4": ["day|type", "amount|min"],
        "4/free": ["amount|type", "status|type"],
        "5/-": ["amount|nullability"],
    }
    good = stored(io_manager, "silver_orders")
    assert good.height + bad.height == RECEIVED.collect().height


def test_dagster_shows_counts_for_each_rule(engine, materialize):
    result = materialize(*pipeline(engine.polster.Contract(Orders, max_bad_share=1)))
    found = evaluations(result)
    assert found["bad_rows"].passed
    assert found["bad_rows"].metadata["bad_rows"].value == 5
    assert found["bad_rows"].metadata["rows"].value == 6
    assert found["primary_key"].metadata["bad_rows"].value == 2
    assert found["amount__min"].metadata["bad_rows"].value == 1
    assert not found["amount__min"].passed
    assert found["amount__min"].severity == dg.AssetCheckSeverity.WARN
    assert found["order_id__nullability"].passed
    [event] = [
        e for e in result.get_asset_materialization_events() if e.step_key == "silver_orders"
    ]
    assert event.materialization.metadata["quarantined_rows"].value == 5


def test_too_many_bad_rows_keep_the_last_good_data_and_block_what_is_downstream(
    engine, materialize, io_manager, error_of
):
    fine = RECEIVED.head(1)
    contract = engine.polster.Contract(Orders, max_bad_share=0.5)
    assert materialize(*pipeline(contract, fine)).success
    with dg.DagsterInstance.ephemeral() as instance:
        result = materialize(*pipeline(contract), instance=instance)
        sentence = error_of(result)
        assert "silver_orders: 5 of 6 rows break the contract, more than the 50.0%" in sentence
        assert "primary_key 2" in sentence
        assert "silver_orders.parquet with the reasons" in sentence
        assert stored(io_manager, "silver_orders").height == 1
        assert len(quarantined(io_manager)) == 5
        assert {e.step_key for e in result.all_events if e.is_step_success} == {"bronze_orders"}
        check = dg.AssetCheckKey(dg.AssetKey("silver_orders"), "bad_rows")
        [seen] = instance.event_log_storage.get_latest_asset_check_execution_by_key(
            [check]
        ).values()
        assert seen.event.dagster_event.event_specific_data.passed is False


def test_no_bad_rows_empty_the_quarantine(engine, materialize, io_manager):
    contract = engine.polster.Contract(Orders, max_bad_share=1)
    assert materialize(*pipeline(contract)).success
    result = materialize(*pipeline(contract, RECEIVED.head(1)))
    assert result.success
    assert quarantined(io_manager) == {}
    assert all(e.passed for e in result.get_asset_check_evaluations())


def test_no_rows_keep_every_contract(engine, materialize):
    contract = engine.polster.Contract(Orders, max_bad_share=0)
    assert materialize(*pipeline(contract, RECEIVED.head(0))).success


def test_partitions_have_their_own_quarantine(engine, materialize, io_manager):
    contract = engine.polster.Contract(Orders, max_bad_share=1)
    days = dg.StaticPartitionsDefinition(["mon", "tue"])
    result = materialize(*pipeline(contract, partitions_def=days), partition_key="tue")
    assert result.success
    assert evaluations(result)["bad_rows"].metadata["bad_rows"].value == 5
    bad = pl.read_parquet(io_manager.quarantine_uri(dg.AssetKey("silver_orders"), "tue"))
    assert bad.height == 5


def test_a_changed_type_is_one_sentence_with_column_old_and_new_type(engine, materialize, error_of):
    contract = engine.polster.Contract(Orders)
    changed = RECEIVED.with_columns(pl.lit([1.5]).alias("amount"))
    sentence = error_of(materialize(*pipeline(contract, changed)))
    assert "silver_orders: the type of column amount has changed" in sentence
    assert (
        "its contract says Decimal(precision=10, scale=2), it arrives as List(Float64)" in sentence
    )


def test_text_is_not_made_of_numbers(engine):
    class Codes(dy.Schema):
        code = dy.String()

    contract = engine.polster.Contract(Codes)
    with pytest.raises(dg.Failure, match="column code has changed: its contract says String"):
        contract.good_rows(pl.LazyFrame({"code": [7]}))


def test_a_missing_column_is_one_sentence(engine):
    with pytest.raises(dg.Failure, match="the column day of its contract is missing"):
        engine.polster.Contract(Orders).good_rows(RECEIVED.drop("day"))


def test_outside_a_run_nothing_is_written_and_good_rows_come_back(engine, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    good = engine.polster.Contract(Orders, max_bad_share=0).good_rows(RECEIVED)
    assert isinstance(good, pl.LazyFrame)
    assert good.collect()["order_id"].to_list() == [1]
    assert list(tmp_path.iterdir()) == []


def test_columns_that_the_schema_does_not_name(engine):
    drop = engine.polster.Contract(Orders).good_rows(RECEIVED)
    keep = engine.polster.Contract(Orders, extra_columns="keep").good_rows(RECEIVED)
    assert drop.collect_schema().names() == ["order_id", "amount", "status", "day"]
    assert keep.collect_schema().names()[-1] == "_source_file"


def test_a_schema_without_rules_passes_everything(engine, materialize, io_manager):
    class Nothing(dy.Schema):
        pass

    contract = engine.polster.Contract(Nothing, extra_columns="keep")
    assert materialize(*pipeline(contract)).success
    assert_frame_equal(stored(io_manager, "silver_orders"), RECEIVED.collect())


def test_text_is_read_as_every_type(engine):
    class Everything(dy.Schema):
        whole = dy.Int32(nullable=True)
        real = dy.Float64(nullable=True)
        yes = dy.Bool(nullable=True)
        day = dy.Date(nullable=True)
        moment = dy.Datetime(nullable=True)
        zoned = dy.Datetime(nullable=True, time_zone="Europe/Berlin")
        clock = dy.Time(nullable=True)
        text = dy.String(nullable=True)

    good = {
        "whole": "-7",
        "real": "1e3",
        "yes": "TRUE",
        "day": "2026-02-28",
        "moment": "2026-02-28T23:59:59.5",
        "zoned": "2026-02-28 23:00:00Z",
        "clock": "23:59:59",
        "text": " as it is ",
    }
    bad = {
        "whole": "1.0",
        "real": "1,5",
        "yes": "yes",
        "day": "28/02/2026",
        "moment": "2026-02-30T00:00:00",
        "zoned": "2026-02-28T23:00:00",
        "clock": "25:00:00",
    }
    rows = [good, dict.fromkeys(good), *(good | {name: value} for name, value in bad.items())]
    contract = engine.polster.Contract(Everything)
    read = contract.good_rows(pl.LazyFrame(rows)).collect()
    assert read.height == 2
    assert read.row(0) == (
        -7,
        1000.0,
        True,
        date(2026, 2, 28),
        datetime(2026, 2, 28, 23, 59, 59, 500000),
        read["zoned"][0],
        datetime(2026, 1, 1, 23, 59, 59).time(),
        " as it is ",
    )
    assert read["zoned"][0] == datetime(2026, 2, 28, 23, tzinfo=UTC)
    assert read.row(1) == (None,) * 8


def test_references_are_checked_between_assets(engine, materialize):
    @dg.asset
    def bronze_customers() -> pl.LazyFrame:
        return pl.LazyFrame({"id": ["a", "b"]})

    @dg.asset
    def silver_orders(bronze_customers: pl.LazyFrame) -> pl.LazyFrame:
        return pl.LazyFrame({"customer_id": ["a", "x", "x", None]})

    check = engine.polster.reference_check(
        "silver_orders", "customer_id", to="bronze_customers", to_column="id"
    )
    result = materialize(bronze_customers, silver_orders, check)
    assert result.success
    [found] = result.get_asset_check_evaluations()
    assert not found.passed
    assert found.metadata["rows_without_reference"].value == 2
    assert found.metadata["most_frequent"].value.splitlines()[-1] == "| x | 2 |"

    elsewhere = engine.polster.reference_check(
        "silver_orders", "customer_id", to="bronze_elsewhere", to_column="id"
    )

    @dg.asset
    def bronze_elsewhere() -> pl.LazyFrame:
        return pl.LazyFrame({"id": ["a"]})

    assets = (bronze_customers, silver_orders, bronze_elsewhere, elsewhere)
    alone = materialize(*assets, selection=dg.AssetSelection.assets("silver_orders"))
    assert alone.success  # what is referred to is not there yet: said, but no broken run
    [found] = alone.get_asset_check_evaluations()
    assert not found.passed
    assert found.description == "bronze_elsewhere has not been materialized yet."

    strict = engine.polster.reference_check(
        "silver_orders",
        "customer_id",
        to="bronze_customers",
        to_column="id",
        severity=dg.AssetCheckSeverity.ERROR,
    )

    @dg.asset
    def gold_orders(silver_orders: pl.LazyFrame) -> pl.LazyFrame:
        return silver_orders

    result = materialize(bronze_customers, silver_orders, gold_orders, strict)
    assert not result.success
    assert "gold_orders" not in [e.step_key for e in result.all_events if e.is_step_success]


def test_columns_that_arrive_without_a_value_have_the_contracts_types(engine):
    class Empty(dy.Schema):
        day = dy.Date(nullable=True)
        moment = dy.Datetime(nullable=True)
        tags = dy.List(dy.String(), nullable=True)
        name = dy.String(nullable=True)
        odd = dy.Int8(nullable=True, alias="odd name")

    nothing = pl.LazyFrame({name: [None] for name in Empty.column_names()})
    read = engine.polster.Contract(Empty).good_rows(nothing).collect()
    assert read.height == 1
    assert Empty.is_valid(read)


def test_a_rule_may_have_the_name_of_a_column_that_is_dropped(engine, materialize, io_manager):
    class Rows(dy.Schema):
        id = dy.Int64(nullable=False)

        @dy.rule()
        def small(cls) -> pl.Expr:
            return pl.col("id") < 3

    contract = engine.polster.Contract(Rows, max_bad_share=1)
    rows = pl.LazyFrame({"id": ["1", "7"], "small": ["yes", "no"]})

    @dg.asset
    def silver_rows() -> pl.LazyFrame:
        return contract.good_rows(rows)

    assert materialize(silver_rows, contract.checks("silver_rows")).success
    bad = pl.read_parquet(io_manager.quarantine_uri(dg.AssetKey("silver_rows")))
    assert bad.rows() == [("7", "no", ["small"])]


@pytest.mark.parametrize("wrong", [{"max_bad_share": 5}, {"extra_columns": "Keep"}], ids=str)
def test_settings_that_would_let_everything_pass_are_refused(engine, wrong):
    with pytest.raises(ValueError, match="max_bad_share is from 0 to 1"):
        engine.polster.Contract(Orders, **wrong)


def test_another_io_manager_is_refused_in_a_sentence(engine):
    contract = engine.polster.Contract(Orders)

    @dg.asset
    def silver_orders() -> pl.LazyFrame:
        return contract.good_rows(RECEIVED)

    with pytest.raises(dg.Failure, match="A contract needs the project's I/O manager"):
        dg.materialize([silver_orders], resources={"io_manager": dg.mem_io_manager})


def test_many_partitions_in_one_run_are_refused(engine, materialize, error_of):
    """Their bad rows would overwrite each other's."""
    contract = engine.polster.Contract(Orders, max_bad_share=1)
    days = dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-04")

    @dg.asset(partitions_def=days)
    def silver_orders(context: dg.AssetExecutionContext):
        return {day: contract.good_rows(RECEIVED) for day in context.partition_keys}

    tags = {
        "dagster/asset_partition_range_start": "2026-01-01",
        "dagster/asset_partition_range_end": "2026-01-03",
    }
    result = materialize(silver_orders, tags=tags)
    assert "one partition at a time" in error_of(result)
