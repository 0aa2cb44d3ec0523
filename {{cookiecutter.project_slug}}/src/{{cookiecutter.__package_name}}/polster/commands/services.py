"""Dagster's two long-running services, started and ended together."""

import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import IO

import dagster as dg

from ..project import PROJECT_ROOT
from .errors import CommandError

HEARTBEAT = 30  # seconds between two heartbeats of a daemon
GRACE_PERIOD = 15  # seconds that a service has to end by itself
WINDOWS = sys.platform == "win32"


def webserver(host: str, port: int, verbose: bool) -> list[str]:
    """Return the command that serves the web UI."""
    level = "info" if verbose else "warning"
    options = ["-h", host, "-p", str(port), "--log-level", level, "--dagster-log-level", level]
    return [script("dagster-webserver"), "-w", "workspace.yaml", *options]


def daemon(verbose: bool) -> list[str]:
    """Return the command of the daemon, which runs schedules, sensors and queued runs."""
    level = "info" if verbose else "error"
    return [script("dagster-daemon"), "run", "-w", "workspace.yaml", "--log-level", level]


def script(name: str) -> str:
    """Return the path of a command of this Python's environment.

    Raises:
        CommandError: it is not installed.
    """
    path = shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
    if path is None:
        raise CommandError(f"{name} is not installed: run `pip install -e .` in the project.")
    return path


def start(command: list[str], log: IO[str] | None) -> subprocess.Popen:
    """Start a service as the leader of its own process group, so that all of it can be ended."""
    group = {"creationflags": 0x200} if WINDOWS else {"start_new_session": True}
    return subprocess.Popen(
        command, cwd=PROJECT_ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **group
    )


def stop(services: Iterable[subprocess.Popen]) -> None:
    """End the services with everything that they started: ask first, then force."""
    services = list(services)
    for service in services:
        send(service, signal.CTRL_BREAK_EVENT if WINDOWS else signal.SIGINT)
    deadline = time.monotonic() + GRACE_PERIOD
    while time.monotonic() < deadline and any(service.poll() is None for service in services):
        time.sleep(0.1)
    for service in services:
        send(service, signal.SIGTERM if WINDOWS else signal.SIGKILL)
        service.wait()


def send(service: subprocess.Popen, number: int) -> None:
    """Send a signal to a service and everything that it started, if anything still runs."""
    if WINDOWS:
        service.send_signal(number)
        return
    with suppress(ProcessLookupError):
        os.killpg(service.pid, number)


def daemon_elsewhere(instance: dg.DagsterInstance) -> bool:
    """Return whether another process already runs this project's daemon.

    Two daemons would start everything twice. A daemon that was killed leaves a last heartbeat, so
    after a recent one, wait for the next.
    """
    first = last_heartbeat(instance)
    if time.time() - first > 2 * HEARTBEAT:
        return False
    print("Checking whether a daemon already serves this project ...", flush=True)
    deadline = time.monotonic() + HEARTBEAT + 10
    while time.monotonic() < deadline:
        if last_heartbeat(instance) > first:
            return True
        time.sleep(1)
    return False


def last_heartbeat(instance: dg.DagsterInstance) -> float:
    """Return the time of the newest heartbeat in seconds since 1970; 0 if there is none."""
    return max((beat.timestamp for beat in instance.get_daemon_heartbeats().values()), default=0)
