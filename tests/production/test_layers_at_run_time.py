"""What a layer gives to its assets, what a file can override, and settings that cannot work."""

import json

import pytest

pytestmark = pytest.mark.slow

DESCRIBE = """
import json
import dagster as dg
from my_pipeline.definitions import defs
loaded = defs()
dg.Definitions.validate_loadable(loaded)
graph = loaded.resolve_asset_graph()
job = loaded.resolve_job_def("bronze")
assets = {}
for key in graph.get_all_asset_keys():
    node = graph.get(key)
    assets[key.to_user_string()] = {
        "automation": node.automation_condition.get_label() if node.automation_condition else None,
        "freshness": str(node.freshness_policy),
        "owners": sorted(node.owners),
        "tags": {k: v for k, v in node.tags.items() if not k.startswith("dagster/")},
        "kinds": sorted(node.kinds),
        "group": node.group_name,
    }
print(json.dumps({
    "assets": assets,
    "scheduled": sorted(key.to_user_string() for key in job.asset_layer.selected_asset_keys),
    "crons": [
        (s.cron_schedule, s.execution_timezone, s.default_status.value) for s in loaded.schedules
    ],
    "executor": loaded.executor.name,
}))
"""

ODD_BRONZE = '''
import datetime as dt

import dagster as dg
import polars as pl


@dg.asset(partitions_def=dg.DailyPartitionsDefinition("2026-11-20"))
def bronze_by_day(context: dg.AssetExecutionContext) -> pl.LazyFrame:
    """One partition a day."""
    return pl.LazyFrame({"day": [context.partition_key]})


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["de", "fr"]))
def bronze_by_country(context: dg.AssetExecutionContext) -> pl.LazyFrame:
    """One partition a country."""
    return pl.LazyFrame({"country": [context.partition_key]})


@dg.asset(
    automation_condition=dg.AutomationCondition.on_cron("0 * * * *"),
    freshness_policy=dg.FreshnessPolicy.time_window(fail_window=dt.timedelta(hours=2)),
    owners=["team:sources"],
    group_name="crm",
    kinds={"postgres"},
    tags={"pii": "yes"},
)
def bronze_by_the_hour() -> pl.LazyFrame:
    """All of it overridden."""
    return pl.LazyFrame({"a": [1]})
'''


def describe(run, project, *, env=None) -> dict:
    done = run(project, "-W", "error", "-c", DESCRIBE, env=env)
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_layers_give_what_medallion_says_and_a_file_overrides_it(bake, run) -> None:
    project = bake(starter="ecommerce")
    odd = project / "src" / "my_pipeline" / "defs" / "bronze" / "odd.py"
    odd.write_text(ODD_BRONZE, encoding="utf-8")
    shown = describe(run, project)
    assets = shown["assets"]

    assert shown["scheduled"] == ["bronze_raw_customers", "bronze_raw_orders"]
    assert shown["crons"] == [["0 5 * * *", "UTC", "RUNNING"]]
    assert shown["executor"] == "in_process"
    for name, asset in assets.items():
        layer = name.partition("_")[0]
        assert asset["tags"]["layer"] == layer
        assert layer in asset["kinds"]
        if name != "bronze_by_the_hour":
            assert asset["group"] == layer
            assert asset["owners"] == ["team:data"]
            assert "fail_window" in asset["freshness"]
        if layer != "bronze":
            assert asset["automation"] == "upstreams changed, their blocking checks passed"

    assert "on_cron(0 5 * * *, UTC)" in assets["bronze_by_day"]["automation"]
    assert "on_cron(0 5 * * *, UTC)" in assets["bronze_by_country"]["automation"]
    own = assets["bronze_by_the_hour"]
    assert "on_cron(0 * * * *, UTC)" in own["automation"]
    assert own["owners"] == ["team:sources"]
    assert own["group"] == "crm"
    assert own["kinds"] == ["bronze", "postgres"]
    assert own["tags"] == {"layer": "bronze", "pii": "yes"}
    assert "seconds=7200" in own["freshness"]


def test_a_fresh_project_loads_without_a_word_and_settings_reach_it(project, run) -> None:
    env = {"POLSTER_BRONZE_CRON": "*/15 * * * *", "POLSTER_AUTOMATION": "stopped"}
    shown = describe(run, project, env=env)
    assert shown["scheduled"] == []
    assert shown["crons"] == [["*/15 * * * *", "UTC", "STOPPED"]]


def test_a_setting_that_cannot_work_is_one_sentence_at_load(project, run_each) -> None:
    expected = [
        ("POLSTER_BRONZE_CRON", "61 * * * *", "POLSTER_BRONZE_CRON is '61 * * * *', which is no"),
        ("POLSTER_BRONZE_CRON", "daily", "POLSTER_BRONZE_CRON is 'daily', which is not a cron"),
        ("POLSTER_AUTOMATION", "off", "POLSTER_AUTOMATION is 'off': set it to running or stopped."),
        ("POLSTER_ALERT_WEBHOOK", "SECRET", "POLSTER_ALERT_WEBHOOK is not a web address"),
    ]
    answers = run_each(project, variables=[{name: value} for name, value, _ in expected])
    for done, (_, _, sentence) in zip(answers, expected, strict=True):
        assert done.returncode == 1
        (line,) = done.stderr.splitlines()
        assert sentence in line
        assert "SECRET" not in line


def test_dagster_home_is_configured_for_a_small_machine_and_stays_out_of_git(project, run) -> None:
    script = (
        "import dagster as dg\n"
        "with dg.DagsterInstance.get() as i:\n"
        "    print(i.telemetry_enabled, i.nux_enabled, i.run_monitoring_enabled,"
        " i.run_retries_enabled, i.run_retries_max_retries)\n"
    )
    shown = run(project, "-c", script, env={"DAGSTER_HOME": str(project / ".dagster")})
    assert shown.stdout.split() == ["False", "False", "True", "True", "1"]
    ignored = (project / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"/.dagster/*", "!/.dagster/dagster.yaml", ".env"} <= set(ignored)
