"""Ctrl-C ends a run at once, in one word, and what was half done can be asked about."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import clean_environment

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="Windows has no process group to send Ctrl-C to"),
]


def start(project: Path) -> subprocess.Popen[str]:
    """Start a run in a process group of its own, as a terminal does."""
    path = os.pathsep.join((str(project / "src"), str(project)))
    return subprocess.Popen(
        [sys.executable, "run_polster.py"],
        cwd=project,
        env=clean_environment(PYTHONPATH=path),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def test_ctrl_c_in_the_middle_of_a_run_says_stopped(
    bake: Callable[..., Path], run: Callable
) -> None:
    project = bake(starter="ecommerce")
    # A contract's checks are planned when the run starts, and never evaluated once it is stopped.
    silver = project / "src/my_pipeline/defs/silver/validated_orders.py"
    text = silver.read_text(encoding="utf-8")
    slow = "    print('now', flush=True)\n    __import__('time').sleep(600)\n    received ="
    silver.write_text(text.replace("    received =", slow, 1), encoding="utf-8")
    with start(project) as process:
        said = ""
        while "now" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        os.killpg(process.pid, signal.SIGINT)
        said += process.stdout.read()
        assert process.wait(120) == 130

    assert said.endswith("Stopped.\n")
    assert "Traceback" not in said
    assert "failed" not in said.lower()
    told = json.loads(run(project, "run_polster.py", "--status", "--format", "json").stdout)
    known = {asset["key"]: asset for asset in told["assets"]}
    assert known["bronze_raw_orders"]["status"] == "fresh"
    assert known["silver_validated_orders"]["status"] == "never"
    assert known["silver_validated_orders"]["failed_checks"] == {}


@pytest.mark.parametrize("seconds", [0.5, 1.0, 1.5, 2.0])
def test_ctrl_c_at_the_start_says_stopped(project: Path, seconds: float) -> None:
    """While Python loads Dagster, or, on a fast machine, when all is done."""
    with start(project) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGINT)
        said = process.stdout.read()
        code = process.wait(120)

    assert "Traceback" not in said
    assert (code, said) in ((130, "Stopped.\n"), (0, said))
