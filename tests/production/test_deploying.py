"""The commands of the documented systemd units run, in the way that systemd runs them."""

import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil
import pytest

from conftest import clean_environment
from tests.production.living import free_port, wait_for

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "deploying.md"
PLACE = "/srv/my_pipeline/app"

BEATS = """
import dagster as dg
with dg.DagsterInstance.get() as instance:
    print(len(instance.get_daemon_heartbeats()))
"""


def units() -> list[dict[str, str]]:
    """Return the settings of every systemd unit in the document."""
    blocks = re.findall(r"```ini\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    return [dict(re.findall(r"^(\w+)=(.*)$", block, re.MULTILINE)) for block in blocks]


def test_the_units_bind_to_loopback_and_end_by_sigint() -> None:
    webserver, daemon = units()
    assert "-h 127.0.0.1" in webserver["ExecStart"]
    assert daemon["ExecStart"].startswith(f"{PLACE}/.venv/bin/dagster-daemon run")
    assert {unit["KillSignal"] for unit in (webserver, daemon)} == {"SIGINT"}


@pytest.mark.slow
def test_the_commands_of_the_units_serve_a_project_and_end(project, run) -> None:
    scripts, port = str(Path(sys.executable).parent), str(free_port())
    started = []
    try:
        for unit in units():
            name, _, value = unit["Environment"].replace(PLACE, str(project)).partition("=")
            command = unit["ExecStart"].replace(f"{PLACE}/.venv/bin", scripts)
            words = [port if word == "3000" else word for word in shlex.split(command)]
            started.append(
                subprocess.Popen(
                    words,
                    cwd=unit["WorkingDirectory"].replace(PLACE, str(project)),
                    env=clean_environment(**{name: value}),
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                )
            )

        def answers() -> bool:
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info").status == 200
            except OSError:
                return False

        wait_for(answers, 240, "the webserver")
        home = {"DAGSTER_HOME": str(project / ".dagster")}
        wait_for(lambda: int(run(project, "-c", BEATS, env=home).stdout), 240, "the daemon")
        family = [p for s in started for p in psutil.Process(s.pid).children(recursive=True)]
        for service in started:
            os.killpg(service.pid, signal.SIGINT)
        for service in started:
            service.wait(120)
        ended = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
        wait_for(
            lambda: all(not p.is_running() or p.status() in ended for p in family), 60, "the end"
        )
    finally:
        for service in started:
            if service.poll() is None:
                os.killpg(service.pid, signal.SIGKILL)
                service.wait()
