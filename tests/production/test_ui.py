"""`run_polster.py --ui`: it binds to loopback, finds a port, ends with all that it started."""

import json
import signal
import socket
import sqlite3
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.production.living import free_port, wait_for

pytestmark = pytest.mark.slow

SLOW_ASSET = '''
import time
from pathlib import Path

import dagster as dg
import polars as pl


@dg.asset
def bronze_slow() -> pl.LazyFrame:
    """A source that takes minutes."""
    Path(__file__).with_name("started.txt").write_text("yes")
    time.sleep(300)
    return pl.LazyFrame({"a": [1]})
'''


LAUNCH = """mutation { launchRun(executionParams: { runConfigData: {}, selector: {
    repositoryLocationName: "my_pipeline", repositoryName: "__repository__", pipelineName: "bronze"
} }) { __typename } }"""

LATEST_RUN = """
import dagster as dg
with dg.DagsterInstance.get() as instance:
    print(instance.get_runs(limit=1)[0].status.value)
"""


def ask(address: str, query: str) -> dict:
    """Return the answer of Dagster's GraphQL to a query."""
    request = urllib.request.Request(
        f"{address}/graphql",
        data=json.dumps({"query": query}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["data"]


def listening(family: list[psutil.Process]) -> set[str]:
    """Return the addresses on which these processes listen by TCP."""
    return {
        connection.laddr.ip
        for process in family
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }


def daemons(family: list[psutil.Process]) -> list[psutil.Process]:
    """Return those of these processes that are Dagster's daemon."""
    return [process for process in family if "dagster-daemon" in " ".join(process.cmdline())]


def beats(project: Path) -> bool:
    """Tell whether a daemon of the project gave a sign of life."""
    with sqlite3.connect(project / ".dagster" / "history" / "runs.db") as database:
        return database.execute("select count(*) from daemon_heartbeats").fetchone()[0] > 0


def test_ctrl_c_ends_every_process_and_a_second_ui_beside_it_starts_no_second_daemon(
    project, start_ui
) -> None:
    port = free_port()
    first = start_ui(project, "--port", str(port))
    assert first.address() == f"http://127.0.0.1:{port}"
    family = wait_for(
        lambda: len(found := first.look()) >= 4 and found, 180, "webserver, daemon, code servers"
    )
    assert listening(family) == {"127.0.0.1"}
    assert len(daemons(family)) == 1

    wait_for(lambda: beats(project), 180, "the daemon's first sign of life")
    second = start_ui(project, "--port", str(port))
    assert second.address(180) != first.address()
    assert f"Port {port} is taken; using " in second.text
    assert "A daemon already serves this project: starting the web UI alone." in second.text
    assert daemons(second.look()) == []
    assert second.end() == 0
    wait_for(lambda: not second.alive(), 60, "every process of the second to end")
    assert first.process.poll() is None

    assert first.end(signal.SIGINT) == 0
    wait_for(lambda: not first.alive(), 60, "every process to end")
    assert first.lines == [
        "Starting Dagster's web UI; this takes some seconds.",
        f"Dagster's UI: http://127.0.0.1:{port} (Ctrl-C stops it)",
    ]


def test_sigterm_ends_a_run_in_progress_too_and_records_that(project, start_ui, run) -> None:
    asset = project / "src" / "my_pipeline" / "defs" / "bronze" / "slow.py"
    asset.write_text(SLOW_ASSET, encoding="utf-8")
    ui = start_ui(project, "--port", str(free_port()))
    assert ask(ui.address(), LAUNCH)["launchRun"]["__typename"] == "LaunchRunSuccess"
    wait_for((asset.parent / "started.txt").exists, 240, "the run")
    assert ui.end(signal.SIGTERM) == 0
    wait_for(lambda: not ui.alive(), 60, "every process to end")
    ended = run(project, "-c", LATEST_RUN, env={"DAGSTER_HOME": str(project / ".dagster")}).stdout
    assert ended.strip() in ("CANCELED", "FAILURE")


def test_a_service_that_dies_ends_the_other_and_an_address_for_others_is_warned_about(
    project, start_ui
) -> None:
    ui = start_ui(project, "--port", str(free_port()), "--host", "0.0.0.0")
    ui.address()
    assert "Dagster's UI has no login" in ui.text
    (daemon,) = daemons(ui.look())
    daemon.kill()
    assert ui.process.wait(120) == 1
    wait_for(lambda: "dagster-daemon ended, with status -9." in ui.text, 30, "the sentence")
    wait_for(lambda: not ui.alive(), 60, "every process to end")


def test_an_address_that_cannot_be_is_one_sentence(project, run_each) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 65535))
        taken.listen()
        wrong, full = run_each(
            project, ["--ui", "--host", "192.0.2.1"], ["--ui", "--port", "65535"]
        )
    assert wrong.returncode == full.returncode == 1
    assert wrong.stderr.splitlines()[-1] == (
        "run_polster.py: 192.0.2.1 is not an address of this machine."
    )
    assert "No port from 65535" in full.stderr.splitlines()[-1]


@pytest.mark.parametrize("host", ["\udcff", "a" * 70, "a..b"])
def test_a_host_that_is_no_name_at_all_is_one_sentence(project, run_each, host) -> None:
    (done,) = run_each(project, ["--ui", "--host", host])
    assert done.returncode == 1
    assert done.stderr.endswith(f"run_polster.py: {host} is not an address of this machine.\n")


def test_a_log_that_cannot_be_written_is_one_sentence(project, run) -> None:
    (project / ".dagster" / "ui.log").mkdir(parents=True)
    done = run(project, "run_polster.py", "--ui", check=False)
    assert done.returncode == 1
    assert "ui.log cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_verbose_leaves_the_log_of_an_earlier_ui_alone(project, start_ui) -> None:
    log = project / ".dagster" / "ui.log"
    log.write_text("what went wrong last night", encoding="utf-8")
    ui = start_ui(project, "--verbose", "--port", str(free_port()))
    ui.address()
    assert log.read_text(encoding="utf-8") == "what went wrong last night"
