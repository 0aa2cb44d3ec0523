"""Killed at any moment, a run leaves every last good file; readers never see half of one."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="Windows has no kill -9"),
]

KILLS = int(os.environ.get("POLSTER_TEST_KILLS", "12"))
ROWS = 400_000
PIPELINE = """
import sys
sys.path.insert(0, sys.argv[1])
import dagster as dg
import polars as pl
from engine_lab.polster import PolarsIOManager

number = int(sys.argv[3])

@dg.asset
def bronze_rows() -> pl.LazyFrame:
    rows = pl.int_range(0, 400_000)
    return pl.select(id=rows).lazy().with_columns(
        run=pl.lit(number), noise=pl.col("id").hash(number), text=pl.format("row {}", pl.col("id"))
    )

@dg.asset
def silver_rows(bronze_rows: pl.LazyFrame) -> pl.LazyFrame:
    return bronze_rows.filter(pl.col("id") >= 0).sort("noise")

@dg.asset
def gold_rows(silver_rows: pl.LazyFrame) -> pl.LazyFrame:
    return silver_rows

manager = PolarsIOManager(storage_url=sys.argv[2])
print("ready", flush=True)
while True:
    dg.materialize(
        [bronze_rows, silver_rows, gold_rows],
        resources={"io_manager": manager},
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )
    number += 1
    if "--once" in sys.argv:
        break
"""


def start(engine, folder: Path, number: int, *more: str) -> subprocess.Popen:
    argv = [
        sys.executable,
        "-c",
        PIPELINE,
        str(engine.root / "src"),
        str(folder),
        str(number),
        *more,
    ]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout.readline().strip() == b"ready"
    return process


def check(folder: Path) -> dict[str, int]:
    """Read every asset whole; return the run that each comes from."""
    runs = {}
    for path in sorted(folder.glob("*/*.parquet")):
        rows = pl.read_parquet(path)
        assert rows.height == ROWS, path
        assert rows["run"].n_unique() == 1, path
        assert rows["id"].sum() == ROWS * (ROWS - 1) // 2, path
        runs[path.stem] = rows["run"][0]
    return runs


def temporary(folder: Path) -> list[Path]:
    return list(folder.rglob(".polster-*"))


def test_data_stays_good_whenever_the_run_is_killed(engine, tmp_path):
    seed = int(os.environ.get("POLSTER_TEST_SEED", time.time_ns()))
    print(f"POLSTER_TEST_SEED={seed}")
    chance, left_behind, reads = random.Random(seed), 0, 0
    once = start(engine, tmp_path, 0, "--once")
    assert once.wait(timeout=60) == 0
    last = check(tmp_path)
    assert set(last) == {"bronze_rows", "silver_rows", "gold_rows"}
    for kill in range(1, KILLS + 1):
        process = start(engine, tmp_path, kill * 1000)
        try:
            end = time.monotonic() + chance.uniform(0, 1.5)
            while time.monotonic() < end:
                check(tmp_path)  # while it writes
                reads += 1
        finally:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        left_behind += len(temporary(tmp_path))
        now = check(tmp_path)
        assert set(now) == set(last)
        assert all(now[name] >= last[name] for name in now)  # never an older state again
        last = now
    assert start(engine, tmp_path, 10**6, "--once").wait(timeout=60) == 0
    assert set(check(tmp_path).values()) == {10**6}
    assert temporary(tmp_path) == []
    print(f"{KILLS} kills, {left_behind} temporary files left and swept, {reads} reads meanwhile")


@pytest.mark.skipif(sys.platform != "linux", reason="needs a small disk to fill")
def test_a_full_disk_is_one_sentence_and_keeps_the_last_good_data(engine, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("this user may not mount a small disk")
    try:
        store = engine.store.Store(str(disk))
        uri = store.uri("bronze", "bronze_x")
        store.write(pl.LazyFrame({"a": [1]}), uri)
        big = pl.select(a=pl.int_range(0, 3_000_000)).lazy().with_columns(b=pl.col("a").hash())
        with pytest.raises(engine.errors.StorageError, match=r"is full; bronze_x\.parquet keeps"):
            store.write(big, uri)
        assert pl.read_parquet(uri)["a"].to_list() == [1]
        assert temporary(disk) == []
    finally:
        subprocess.run(["umount", str(disk)], check=True)
