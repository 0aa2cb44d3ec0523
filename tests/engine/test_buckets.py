"""Bucket by bucket gives the same rows as all at once, in a bounded memory."""

import json
import subprocess
import sys

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

FLOATS = st.one_of(st.none(), st.sampled_from([0.0, -0.0, float("nan"), 1.5, float("inf")]))
ROWS = st.lists(
    st.tuples(st.one_of(st.none(), st.text("ab", max_size=2)), FLOATS, st.integers(0, 3)),
    max_size=40,
)


@settings(max_examples=60, deadline=None)
@given(rows=ROWS, keep=st.sampled_from(["first", "last", "none"]), buckets=st.integers(1, 5))
def test_unique_by_keeps_the_rows_that_unique_keeps(engine, rows, keep, buckets):
    schema = {"k": pl.String, "f": pl.Float64, "n": pl.Int64}
    frame = pl.LazyFrame(rows, schema=schema, orient="row").with_row_index("i")
    for key in ("k", ["k", "f"], ["n"]):
        mine = engine.polster.unique_by(frame, key, keep=keep, buckets=buckets)
        assert_frame_equal(
            mine.sort("i").collect(), frame.unique(key, keep=keep).sort("i").collect()
        )


def test_any_step_over_a_key_can_go_in_buckets(engine):
    frame = pl.LazyFrame({"k": [1, 2, 1, 3, None], "v": [1, 2, 3, 4, 5]})

    def total(part: pl.LazyFrame) -> pl.LazyFrame:
        return part.group_by("k").agg(pl.col("v").sum())

    assert_frame_equal(
        engine.polster.in_buckets(frame, "k", total, buckets=3).sort("k").collect(),
        frame.pipe(total).sort("k").collect(),
    )


def test_what_follows_sees_the_whole_result(engine):
    frame = pl.LazyFrame({"k": [1, 2, 1, 3], "v": ["a", "b", "c", "d"], "w": [1, 2, 3, 4]})
    one = engine.polster.unique_by(frame, "k", keep="first", buckets=2)
    assert one.collect_schema() == frame.collect_schema()
    assert one.head(2).collect().height == 2
    assert one.filter(pl.col("v") == "d").collect().rows() == [(3, "d", 4)]
    assert one.select("w").sort("w").collect()["w"].to_list() == [1, 2, 4]
    assert one.filter(pl.col("w") > 1).head(1).collect().height == 1
    assert one.select(pl.len()).collect().item() == 3
    assert one.collect().height == one.collect().height == 3


def test_categories_nested_values_and_no_rows(engine):
    frame = pl.LazyFrame({"c": ["x", "y", "x"], "s": [{"a": 1}, {"a": 2}, {"a": 1}]})
    frame = frame.with_columns(pl.col("c").cast(pl.Categorical))
    for key in ("c", "s"):
        assert engine.polster.unique_by(frame, key, buckets=4).collect().height == 2
    assert engine.polster.unique_by(frame.head(0), "c").collect().height == 0


CODE = """
import json, resource, sys
sys.path.insert(0, sys.argv[1])
import polars as pl
from engine_lab.polster import unique_by
frame = pl.scan_parquet(sys.argv[2])
one = unique_by(frame, "id") if sys.argv[3] == "buckets" else frame.unique("id")
one.sink_parquet(sys.argv[2] + ".out")
rows = pl.scan_parquet(sys.argv[2] + ".out").select(pl.len()).collect().item()
print(json.dumps([rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="no resource module")
def test_buckets_need_much_less_memory(engine, tmp_path):
    path = tmp_path / "rows.parquet"
    number = pl.int_range(0, 6_000_000)
    pl.select(id=number).lazy().select(
        id=pl.col("id").hash() % 4_000_000,
        a=pl.col("id"),
        b=pl.col("id").hash(1),
        t=pl.format("row {}", pl.col("id")),
    ).sink_parquet(path)
    measured = {}
    for how in ("plain", "buckets"):
        done = subprocess.run(
            [sys.executable, "-c", CODE, str(engine.root / "src"), str(path), how],
            capture_output=True,
            text=True,
            check=True,
        )
        measured[how] = json.loads(done.stdout)
    assert measured["buckets"][0] == measured["plain"][0]
    assert measured["buckets"][1] < 0.7 * measured["plain"][1], measured
