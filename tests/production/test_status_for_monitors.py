"""`--status`: freshness, failed checks, quarantine and the next tick; `--check` for a monitor."""

import datetime as dt
import json

import pytest

pytestmark = pytest.mark.slow

BRONZE = '''
import dagster as dg
import polars as pl


@dg.asset
def bronze_hasty() -> pl.LazyFrame:
    """A source."""
    return pl.LazyFrame({"a": [1, 2]})


@dg.asset_check(asset=bronze_hasty)
def odd() -> dg.AssetCheckResult:
    """A check that warns."""
    return dg.AssetCheckResult(passed=False, severity=dg.AssetCheckSeverity.WARN)


@dg.asset_check(asset=bronze_hasty)
def wrong() -> dg.AssetCheckResult:
    """A check that fails."""
    return dg.AssetCheckResult(passed=False)
'''

TIMING = """
import datetime as dt, types
import dagster as dg
from my_pipeline.polster.commands.timing import freshness
now = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
def event(hours):
    return types.SimpleNamespace(timestamp=(now - dt.timedelta(hours=hours)).timestamp())
day = dg.FreshnessPolicy.time_window(
    fail_window=dt.timedelta(hours=36), warn_window=dt.timedelta(hours=26)
)
cron = dg.FreshnessPolicy.cron("0 9 * * *", lower_bound_delta=dt.timedelta(hours=1))
for policy, hours in [
    (None, 99), (day, 1), (day, 27), (day, 37), (cron, 3.5), (cron, 4.5), (cron, 1)
]:
    print(freshness(policy, event(hours), now))
print(freshness(day, None, now))
from my_pipeline.polster.commands.asset_status import AssetStatus
old = AssetStatus("a", "gold", "fresh", "fail", "2026", 1, None, {}, None, None)
print(*old.problems, *old._replace(status="never").problems)
"""


def status(run, project, *arguments, code: int = 0, **variables) -> dict:
    done = run(
        project,
        *("run_polster.py", "--status", "--format", "json"),
        *arguments,
        check=False,
        env=variables,
    )
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) | {"said": done.stderr.splitlines()}


def test_a_monitor_hears_of_what_never_ran_and_nothing_when_all_is_well(bake, run) -> None:
    project = bake(starter="ecommerce")
    shown = status(run, project, "--check", code=1)
    assert len(shown["said"]) == 6
    assert "bronze_raw_orders: never" in shown["said"]
    assert status(run, project)["said"] == []  # without --check the status is only shown

    run(project, "run_polster.py")
    shown = status(run, project, "--check")
    assert shown["said"] == []
    assert shown["daemon"] is False
    by_key = {asset["key"]: asset for asset in shown["assets"]}
    assert {asset["freshness"] for asset in shown["assets"]} == {"pass"}
    assert by_key["silver_validated_orders"]["quarantined_rows"] > 0
    assert set(by_key["silver_validated_orders"]["failed_checks"].values()) == {"WARN"}
    assert by_key["bronze_raw_orders"]["quarantined_rows"] is None


def test_a_monitor_hears_of_failed_checks_and_stale_data(project, run) -> None:
    bronze = project / "src" / "my_pipeline" / "defs" / "bronze" / "hasty.py"
    bronze.write_text(BRONZE, encoding="utf-8")
    silver = project / "src" / "my_pipeline" / "defs" / "silver" / "calm.py"
    silver.write_text(
        "import dagster as dg\n\n\n@dg.asset\ndef silver_calm(bronze_hasty):\n"
        '    """Follow."""\n    return bronze_hasty\n',
        encoding="utf-8",
    )
    run(project, "run_polster.py")
    shown = status(run, project, "--check", code=1)
    assert shown["said"] == ["bronze_hasty: check wrong failed"]
    assert shown["assets"][0]["failed_checks"] == {"odd": "WARN", "wrong": "ERROR"}

    run(project, "run_polster.py", "--asset", "hasty")
    shown = status(run, project, "--check", code=1)
    assert shown["said"] == ["bronze_hasty: check wrong failed", "silver_calm: stale"]

    table = run(project, "run_polster.py", "--status").stdout
    assert "check wrong failed; check odd warns" in table


def test_the_next_tick_is_the_configured_one(project, run) -> None:
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(hours=3)
    cron = f"30 {soon.hour} * * *"
    (tick,) = status(run, project, POLSTER_BRONZE_CRON=cron)["schedules"]
    assert tick["schedule"] == "bronze_schedule"
    assert (tick["cron"], tick["timezone"]) == (cron, "UTC")
    when = dt.datetime.fromisoformat(tick["next_tick"])
    assert (when.hour, when.minute) == (soon.hour, 30)
    assert dt.timedelta() < when - dt.datetime.now(dt.UTC) < dt.timedelta(days=1)
    (tick,) = status(run, project, POLSTER_AUTOMATION="stopped")["schedules"]
    assert tick["next_tick"] is None


def test_freshness_follows_both_kinds_of_policies(project, run) -> None:
    answers = run(project, "-c", TIMING).stdout.split()
    assert answers == [
        "None",
        "pass",
        "warn",
        "fail",
        "pass",
        "fail",
        "pass",
        "fail",
        "overdue",
        "never",
    ]
