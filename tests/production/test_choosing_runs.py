"""Parts of the pipeline: selections, partitions, and what the latest run left undone."""

import os
import pty
import signal
import subprocess
import sys

import pytest

from conftest import clean_environment

pytestmark = pytest.mark.slow

SWITCH = '''
from pathlib import Path

import dagster as dg
import polars as pl


@dg.asset
def bronze_switch() -> pl.LazyFrame:
    """Fail while the file `broken` is there."""
    if (Path(__file__).parent / "broken").exists():
        raise ValueError("the switch is off")
    return pl.LazyFrame({"a": [1, 2]})


@dg.asset_check(asset=bronze_switch, blocking=True)
def enough(bronze_switch: pl.LazyFrame) -> dg.AssetCheckResult:
    """Fail while the file `empty` is there."""
    return dg.AssetCheckResult(passed=not (Path(__file__).parent / "empty").exists())
'''

AFTER = '''
import dagster as dg
import polars as pl


@dg.asset
def silver_after(bronze_switch: pl.LazyFrame) -> pl.LazyFrame:
    """What needs the switch."""
    return bronze_switch
'''

BY_HAND = '''
import dagster as dg
import polars as pl


@dg.asset
def bronze_by_hand() -> pl.LazyFrame:
    """What never fails."""
    return pl.LazyFrame({"a": [1]})
'''

BY_DAY = '''
import dagster as dg
import polars as pl


@dg.asset(partitions_def=dg.DailyPartitionsDefinition("2026-01-01", end_date="2026-01-05"))
def bronze_by_day(context: dg.AssetExecutionContext) -> pl.LazyFrame:
    """One partition a day."""
    return pl.LazyFrame({"day": [context.partition_key]})
'''


SELECT = """
import sys
from my_pipeline.polster.commands.choosing import select
from my_pipeline.definitions import defs
pipeline = defs()
for text in sys.argv[1:]:
    print(*(key.to_user_string() for key in select(text, pipeline)))
"""


@pytest.fixture
def shop(bake):
    """Return an e-commerce project."""
    return bake(starter="ecommerce")


@pytest.fixture
def layer(project):
    """Return a function that gives a layer's folder in an empty project."""
    return lambda name: project / "src" / "my_pipeline" / "defs" / name


def finished(stdout: str) -> list[str]:
    """Return the assets that a run says it finished."""
    lines = (line.split() for line in stdout.splitlines() if line.startswith("["))
    return [words[1] for words in lines if words[2:3] != ["FAILED"]]


def test_selections(shop, run) -> None:
    bronze = "bronze_raw_customers bronze_raw_orders"
    silver = "silver_clean_customers silver_validated_orders"
    expected = {
        "+gold_customer_ltv": f"{bronze} gold_customer_ltv {silver}",
        "product_analytics": "gold_product_analytics",
        "tag:layer=bronze or kind:silver": f"{bronze} {silver}",
        "gold_* and not customer_ltv": "gold_product_analytics",
        'key:"silver_clean_customers"+': "gold_customer_ltv silver_clean_customers",
        "1+gold_customer_ltv": f"gold_customer_ltv {silver}",
        "*": f"{bronze} gold_customer_ltv gold_product_analytics {silver}",
    }
    done = run(shop, "-W", "error", "-c", SELECT, *expected)
    assert dict(zip(expected, done.stdout.splitlines(), strict=True)) == expected
    done = run(shop, "run_polster.py", "--select", "raw_orders or silver_validated_orders")
    assert finished(done.stdout) == ["bronze_raw_orders", "silver_validated_orders"]


def test_what_cannot_be_run_is_one_sentence(shop, run_each) -> None:
    expected = [
        (["--select", "+gold_customer_lvt"], 1, "did you mean 'gold_customer_ltv'?"),
        (["--select", "(("], 1, "'((' is not a selection: write a name, +name"),
        (["--select", ""], 1, "'' is not a selection"),
        (["--select", "kind:excel"], 1, "The selection 'kind:excel' matches no asset."),
        (["--partition", "2026-01-01"], 1, "None of these assets has partitions"),
        (["--from-failure"], 1, "Nothing has run yet"),
        (["--from-failure", "--partition", "x"], 2, "--partition goes with a run"),
        (["--status", "--partition", "x"], 2, "--partition goes with a run"),
        (["--check"], 2, "--format and --check go with --status"),
    ]
    answers = run_each(shop, *(arguments for arguments, _, _ in expected))
    for done, (arguments, status, sentence) in zip(answers, expected, strict=True):
        assert done.returncode == status, (arguments, done)
        assert sentence in done.stderr.splitlines()[-1]
        assert "Traceback" not in done.stderr
        assert "Warning" not in done.stderr


def test_a_partition(project, layer, run) -> None:
    (layer("bronze") / "by_day.py").write_text(BY_DAY, encoding="utf-8")
    run(project, "run_polster.py", "--asset", "by_day", "--partition", "2026-01-02")
    run(project, "run_polster.py", "--asset", "by_day")
    kept = sorted(path.name for path in (project / "data" / "bronze" / "bronze_by_day").iterdir())
    assert kept == ["2026-01-02.parquet", "2026-01-04.parquet"]
    wrong = ["--asset", "by_day", "--partition", "2026-02-30"]
    done = run(project, "run_polster.py", *wrong, check=False)
    assert "There is no partition '2026-02-30': the newest is '2026-01-04'." in done.stderr


def test_from_failure_runs_what_failed_and_what_was_skipped_and_nothing_else(
    project, layer, run
) -> None:
    (layer("bronze") / "switch.py").write_text(SWITCH, encoding="utf-8")
    (layer("silver") / "after.py").write_text(AFTER, encoding="utf-8")
    (layer("bronze") / "by_hand.py").write_text(BY_HAND, encoding="utf-8")
    broken, empty = layer("bronze") / "broken", layer("bronze") / "empty"

    broken.touch()
    failed = run(project, "run_polster.py", check=False)
    assert failed.returncode == 1
    assert "bronze_switch failed: ValueError: the switch is off" in failed.stderr
    assert finished(failed.stdout) == ["bronze_by_hand"]

    again = run(project, "run_polster.py", "--from-failure", check=False)
    assert again.returncode == 1
    assert finished(again.stdout) == []

    broken.unlink()
    empty.touch()  # now the data comes, and its blocking check fails
    again = run(project, "run_polster.py", "--from-failure", check=False)
    assert again.returncode == 1
    assert finished(again.stdout) == ["bronze_switch"]

    empty.unlink()
    again = run(project, "run_polster.py", "--from-failure")
    assert finished(again.stdout) == ["bronze_switch", "silver_after"]

    nothing = run(project, "run_polster.py", "--from-failure")
    assert nothing.stdout == "The latest run left nothing to do.\n"


def test_from_failure_takes_up_a_run_that_was_killed(project, layer, run) -> None:
    suicide = SWITCH.replace('raise ValueError("the switch is off")', "__import__('os')._exit(9)")
    (layer("bronze") / "switch.py").write_text(suicide, encoding="utf-8")
    (layer("silver") / "after.py").write_text(AFTER, encoding="utf-8")
    (layer("bronze") / "broken").touch()
    assert run(project, "run_polster.py", check=False).returncode == 9
    (layer("bronze") / "broken").unlink()
    again = run(project, "run_polster.py", "--from-failure")
    assert finished(again.stdout) == ["bronze_switch", "silver_after"]


def test_a_bar_is_drawn_on_a_terminal_only(shop, run) -> None:
    main, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "run_polster.py"],
        cwd=shop,
        env=clean_environment(TERM="xterm", COLUMNS="100"),
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    while True:
        try:
            shown += os.read(main, 65536)
        except OSError:  # the other side is closed
            break
    os.close(main)
    assert process.wait(60) == 0
    assert "━".encode() in shown
    assert b"[6/6] gold_" in shown
    assert b"Materialized 6 assets in " in shown.rstrip().splitlines()[-1]
    piped = run(shop, "run_polster.py").stdout
    assert "━" not in piped and "\x1b" not in piped


SLOW_WITH_RETRIES = '''
import time

import dagster as dg
import polars as pl


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=3, delay=0.1))
def bronze_slow() -> pl.LazyFrame:
    """A source that takes minutes."""
    print("GO", flush=True)
    time.sleep(300)
    return pl.LazyFrame({"a": [1]})
'''


def test_ctrl_c_ends_a_run_and_is_not_tried_again(project, layer) -> None:
    (layer("bronze") / "slow.py").write_text(SLOW_WITH_RETRIES, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-u", "run_polster.py"],
        cwd=project,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout.readline() == "GO\n"
    process.send_signal(signal.SIGINT)
    try:
        shown, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode != 0
    assert "GO" not in shown
    assert "retried" not in shown
