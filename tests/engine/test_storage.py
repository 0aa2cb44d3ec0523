"""What an asset returns is on disk, whole and described; what it asks for arrives as it asked."""

import os
import subprocess
import sys
import warnings
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import dagster as dg
import polars as pl
import pytest

ROWS = pl.DataFrame({"id": [1, 2, 3], "name": ["a|b", None, "two\nlines"]})


def metadata(result: dg.ExecuteInProcessResult, step: str) -> dict:
    [event] = [e for e in result.get_asset_materialization_events() if e.step_key == step]
    return {k: v.value for k, v in event.materialization.metadata.items()}


@dg.asset
def bronze_rows() -> pl.LazyFrame:
    return ROWS.lazy()


def test_lazy_and_eager_frames_are_stored_alike(materialize, io_manager):
    @dg.asset
    def bronze_eager() -> pl.DataFrame:
        return ROWS

    assert materialize(bronze_rows, bronze_eager).success
    for name in ("bronze_rows", "bronze_eager"):
        path = io_manager.uri(dg.AssetKey(name))
        assert path.endswith(os.path.join("data", "bronze", f"{name}.parquet"))
        assert pl.read_parquet(path).equals(ROWS)


def test_an_input_arrives_as_it_is_annotated(materialize):
    seen = {}

    @dg.asset
    def silver_lazy(bronze_rows: pl.LazyFrame) -> pl.LazyFrame:
        seen["lazy"] = type(bronze_rows)
        return bronze_rows

    @dg.asset
    def silver_eager(bronze_rows: pl.DataFrame) -> pl.DataFrame:
        seen["eager"] = type(bronze_rows)
        return bronze_rows

    @dg.asset
    def silver_bare(bronze_rows):
        seen["bare"] = type(bronze_rows)
        return bronze_rows

    assert materialize(bronze_rows, silver_lazy, silver_eager, silver_bare).success
    assert seen == {"lazy": pl.LazyFrame, "eager": pl.DataFrame, "bare": pl.LazyFrame}


def test_dagster_is_told_rows_columns_size_path_and_preview(materialize, io_manager):
    found = metadata(materialize(bronze_rows), "bronze_rows")
    path = io_manager.uri(dg.AssetKey("bronze_rows"))
    assert found["dagster/row_count"] == 3
    assert found["size_bytes"] == os.path.getsize(path)
    assert found["path"] == path
    assert [(c.name, c.type) for c in found["dagster/column_schema"].columns] == [
        ("id", "Int64"),
        ("name", "String"),
    ]
    assert found["preview"].splitlines() == [
        "| id | name |",
        "| --- | --- |",
        "| 1 | a\\|b |",
        "| 2 |  |",
        "| 3 | two lines |",
    ]


def test_the_preview_is_short_and_can_be_hidden(engine, materialize, tmp_path):
    @dg.asset
    def bronze_long() -> pl.LazyFrame:
        return pl.LazyFrame({"n": range(1000), "text": "x" * 1000})

    lines = metadata(materialize(bronze_long), "bronze_long")["preview"].splitlines()
    assert len(lines) == 22
    assert max(map(len, lines)) < 100
    shy = engine.polster.PolarsIOManager(storage_url=str(tmp_path / "shy"), preview_rows=0)
    assert "preview" not in metadata(materialize(bronze_long, manager=shy), "bronze_long")


def test_the_preview_of_a_wide_frame_is_not_wide(materialize):
    @dg.asset
    def bronze_wide() -> pl.LazyFrame:
        return pl.LazyFrame({f"c{i}": [i] for i in range(2000)})

    found = metadata(materialize(bronze_wide), "bronze_wide")
    assert len(found["dagster/column_schema"].columns) == 2000
    assert found["preview"].splitlines()[0].count("|") == 51


def test_the_data_is_computed_once(materialize):
    calls = []

    @dg.asset
    def bronze_counted() -> pl.LazyFrame:
        def note(frame: pl.DataFrame) -> pl.DataFrame:
            calls.append(1)
            return frame

        return ROWS.lazy().map_batches(note)

    assert materialize(bronze_counted).success
    assert calls == [1]


@pytest.mark.parametrize("value", [None, 3, [ROWS], {"a": ROWS}, "text"], ids=str)
def test_anything_but_a_frame_is_an_error_that_names_the_asset(materialize, error_of, value):
    attempts = []

    @dg.asset(retry_policy=dg.RetryPolicy(max_retries=3))
    def bronze_wrong():
        attempts.append(1)
        return value

    sentence = error_of(materialize(bronze_wrong))
    assert "bronze_wrong: the asset returned" in sentence
    assert "Return a pl.LazyFrame or a pl.DataFrame" in sentence
    assert len(attempts) == 1  # trying again would not help


def test_an_upstream_that_never_ran_is_named(materialize, error_of):
    @dg.asset
    def silver_rows(bronze_rows: pl.LazyFrame) -> pl.LazyFrame:
        return bronze_rows

    result = materialize(bronze_rows, silver_rows, selection="silver_rows")
    assert "bronze_rows has not been materialized yet" in error_of(result)
    assert "python run_polster.py --asset bronze_rows" in error_of(result)


def test_an_annotation_that_polars_cannot_serve_is_named(materialize, error_of):
    @dg.asset
    def silver_rows(bronze_rows: list) -> pl.LazyFrame:
        return pl.LazyFrame(bronze_rows)

    assert "bronze_rows is annotated with" in error_of(materialize(bronze_rows, silver_rows))


def test_an_op_may_return_nothing_but_not_data(io_manager):
    @dg.op
    def quiet():
        return None

    @dg.op
    def loud():
        return 1

    @dg.job(resource_defs={"io_manager": io_manager})
    def quiet_job():
        quiet()

    @dg.job(resource_defs={"io_manager": io_manager})
    def loud_job():
        loud()

    assert quiet_job.execute_in_process().success
    with pytest.raises(dg.Failure, match="op loud returned data"):
        loud_job.execute_in_process()


def test_a_failed_step_keeps_the_last_good_data_and_leaves_no_temporary_file(
    materialize, io_manager
):
    assert materialize(bronze_rows).success

    @dg.asset(name="bronze_rows")
    def breaks() -> pl.LazyFrame:
        return ROWS.lazy().select(pl.col("name").cast(pl.Int64))

    assert not materialize(breaks).success
    path = Path(io_manager.uri(dg.AssetKey("bronze_rows")))
    assert pl.read_parquet(path).equals(ROWS)
    assert os.listdir(path.parent) == [path.name]


def test_an_asset_may_read_and_replace_itself(materialize, io_manager, engine):
    assert materialize(bronze_rows).success
    path = io_manager.uri(dg.AssetKey("bronze_rows"))

    @dg.asset(name="bronze_rows")
    def doubled() -> pl.LazyFrame:
        return pl.concat([pl.scan_parquet(path)] * 2)

    assert materialize(doubled).success
    assert pl.read_parquet(path).height == 6


def test_a_reader_skips_what_its_filter_cannot_match(materialize, io_manager):
    """Row groups carry statistics: a damaged one does not matter to who does not need it."""

    @dg.asset
    def bronze_many() -> pl.LazyFrame:
        return pl.LazyFrame({"n": range(1_000_000)})

    assert materialize(bronze_many).success
    path = Path(io_manager.uri(dg.AssetKey("bronze_many")))
    damaged = bytearray(path.read_bytes())
    damaged[50:5000] = bytes(4950)  # in the first row group
    path.write_bytes(damaged)
    frame = pl.scan_parquet(path)
    assert frame.filter(pl.col("n") >= 999_990).collect().height == 10
    with pytest.raises(pl.exceptions.PolarsError):
        frame.collect()


UNUSUAL = {
    "no rows": pl.DataFrame(schema={"a": pl.Int8, "b": pl.List(pl.String)}),
    "no columns": pl.DataFrame(),
    "null column": pl.DataFrame({"a": [None, None]}),
    "nested": pl.DataFrame({"a": [{"x": [1, 2], "y": {"z": "q"}}, None], "b": [[[1]], []]}),
    "array": pl.DataFrame({"a": [[1, 2]]}, schema={"a": pl.Array(pl.Int16, 2)}),
    "decimal": pl.DataFrame({"a": [Decimal("1.10")]}, schema={"a": pl.Decimal(38, 10)}),
    "categorical": pl.DataFrame({"a": ["x", "y"]}, schema={"a": pl.Categorical}),
    "enum": pl.DataFrame({"a": ["x", None]}, schema={"a": pl.Enum(["x", "y"])}),
    "time": pl.DataFrame({"a": [datetime(2026, 1, 1)], "d": [date(1, 1, 1)]}).with_columns(
        t=pl.col("a").dt.time(),
        z=pl.col("a").dt.replace_time_zone("Asia/Kathmandu"),
        u=pl.duration(days=1),
    ),
    "binary": pl.DataFrame({"a": [b"\x00\xff", b""]}),
    "big integers": pl.DataFrame({"a": [2**127 - 1]}, schema={"a": pl.Int128}),
    "odd names": pl.DataFrame({"ключ |": [1], "": [2], " ": [3], "a.b/c": [4]}),
    "floats": pl.DataFrame({"a": [float("nan"), float("inf"), -0.0, None]}),
}


@pytest.mark.parametrize("name", UNUSUAL)
@pytest.mark.parametrize("lazy", [True, False], ids=["lazy", "eager"])
def test_unusual_frames_come_back_as_they_were(materialize, io_manager, name, lazy):
    frame = UNUSUAL[name]

    @dg.asset
    def bronze_odd():
        return frame.lazy() if lazy else frame

    @dg.asset
    def silver_odd(bronze_odd: pl.DataFrame) -> pl.DataFrame:
        return bronze_odd

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = materialize(bronze_odd, silver_odd)
    assert result.success
    back = pl.read_parquet(io_manager.uri(dg.AssetKey("silver_odd")))
    assert back.equals(frame)
    assert back.schema == frame.schema


def test_keys_never_share_a_file(io_manager):
    keys = [["bronze_a"], ["x", "bronze_a"], ["bronze_a", "x"], ["a"], ["x.a"], ["x", "a"]]
    uris = [io_manager.uri(dg.AssetKey(key)) for key in keys]
    uris += [
        io_manager.uri(dg.AssetKey("bronze_a"), part) for part in ("x", "..", "", ".", "%2F", "/")
    ]
    folders = {io_manager.quarantine_uri(dg.AssetKey("bronze_a"))}
    assert len({*uris, *folders}) == len(uris) + 1
    root = io_manager.store.root
    assert all(os.path.abspath(uri) == uri and uri.startswith(root + os.sep) for uri in uris)


def test_relative_folders_are_meant_from_the_project(engine, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert engine.store.Store.parse("data").root == str(engine.root / "data")
    assert engine.store.Store.parse("~/lake").root == os.path.expanduser("~/lake")
    assert engine.store.Store.parse(str(tmp_path)).root == str(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_a_read_only_folder_is_one_sentence(engine, tmp_path):
    """As a user without root's rights, who may write anywhere."""
    code = f"""
import os, sys
sys.path.insert(0, {str(engine.root / "src")!r})
import polars as pl
from engine_lab.polster.storage.errors import StorageError
from engine_lab.polster.storage.store import Store
store = Store.parse({str(tmp_path / "locked")!r})
if os.getuid() == 0:
    os.setuid(65534)
try:
    store.write(pl.LazyFrame({{"a": [1]}}).sink_parquet, store.uri("bronze", "a.parquet"))
except StorageError as error:
    print(error)
"""
    (tmp_path / "locked").mkdir(mode=0o555)
    for parent in [tmp_path, *tmp_path.parents[:4]]:
        if parent.owner() == Path.home().owner() and parent != Path("/tmp"):
            parent.chmod(parent.stat().st_mode | 0o055)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert f"The folder {tmp_path / 'locked' / 'bronze'} cannot be written to" in done.stdout
    assert "POLSTER_STORAGE_URL" in done.stdout
