"""A pipeline that nobody touches: it ticks, flows, recovers, and calls for help when it cannot."""

import json

import pytest

from tests.production.living import free_port, wait_for

SOURCES = '''
from pathlib import Path

import dagster as dg
import polars as pl

TRIES = Path(__file__).with_name("tries.txt")


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=3, delay=0.2), pool="bronze")
def bronze_flaky() -> pl.LazyFrame:
    """A source that fails twice."""
    tries = int(TRIES.read_text()) if TRIES.exists() else 0
    TRIES.write_text(str(tries + 1))
    if tries < 2:
        raise ConnectionError("the source is busy")
    return pl.LazyFrame({"tries": [tries + 1]})


@dg.asset(retry_policy=dg.RetryPolicy(max_retries=1, delay=0.2), pool="bronze")
def bronze_gone() -> pl.LazyFrame:
    """A source that is gone for good."""
    raise ConnectionError("no route to <the> source")
'''

RETRIES = """
import dagster as dg
with dg.DagsterInstance.get() as instance:
    for run in instance.get_runs():
        for entry in instance.all_logs(run.run_id, of_type=dg.DagsterEventType.STEP_UP_FOR_RETRY):
            print(entry.step_key)
"""


@pytest.mark.slow
def test_it_ticks_flows_recovers_and_reports(bake, run, webhook, start_ui) -> None:
    project = bake(starter="ecommerce")
    package = project / "src" / "my_pipeline"
    (package / "defs" / "bronze" / "sources.py").write_text(SOURCES, encoding="utf-8")
    ui = start_ui(
        project,
        "--port",
        str(free_port()),
        POLSTER_BRONZE_CRON="* * * * *",
        POLSTER_ALERT_WEBHOOK=webhook.url,
        POLSTER_UI_URL="https://dagster.example.com/",
    )
    ui.address()

    def everything_is_there() -> bool:
        names = ["bronze_flaky", "gold_customer_ltv", "gold_product_analytics"]
        return all((project / "data" / n.split("_")[0] / f"{n}.parquet").exists() for n in names)

    wait_for(everything_is_there, 480, "bronze by schedule, silver and gold by automation")
    text = wait_for(lambda: webhook.texts, 300, "the report of the failure")[0]

    assert text.startswith("my_pipeline: bronze_gone failed\n")
    assert "bronze_gone: ConnectionError: no route to &lt;the&gt; source" in text
    assert text.splitlines()[-1].startswith("https://dagster.example.com/runs/")
    assert "bronze_flaky" not in text

    home = {"DAGSTER_HOME": str(project / ".dagster")}
    retried = run(project, "-c", RETRIES, env=home).stdout.split()
    assert retried.count("bronze_flaky") == 2
    assert retried.count("bronze_gone") >= 1

    def told() -> dict:
        words = ("run_polster.py", "--status", "--format", "json", "--check")
        status = run(project, *words, check=False)
        assert status.returncode == 1
        answer = json.loads(status.stdout)
        answer["assets"] = {asset["key"]: asset for asset in answer["assets"]}
        # While the next minute's attempt runs, there is no latest error.
        return answer if answer["assets"]["bronze_gone"]["last_error"] else {}

    answer = wait_for(told, 180, "a status between two attempts")
    by_key = answer["assets"]
    assert by_key["bronze_gone"]["last_error"] == "ConnectionError: no route to <the> source"
    assert by_key["bronze_flaky"]["last_error"] is None
    assert by_key["gold_customer_ltv"]["row_count"] > 0
    assert answer["daemon"] is True

    assert ui.end() == 0
    wait_for(lambda: not ui.alive(), 60, "every process to end")
    assert "Warning" not in ui.text
