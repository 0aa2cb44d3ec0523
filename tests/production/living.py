"""Servers on loopback that record what a pipeline sends, and a pipeline left to itself."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from conftest import clean_environment


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(condition: Callable[[], object], seconds: float, what: str) -> object:
    """Return the first true value of `condition`; fail the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if value := condition():
            return value
        time.sleep(0.1)
    pytest.fail(f"waited {seconds} s for {what}")


class Webhook:
    """An HTTP server that keeps every body; `behaviour` gives the status of each answer in turn."""

    def __init__(self) -> None:
        self.bodies: list[str] = []
        self.statuses: list[int] = []
        self.released = threading.Event()  # while `hangs`, no answer comes before this
        self.hangs = False
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                webhook.bodies.append(body)
                if webhook.hangs:
                    webhook.released.wait(60)
                self.send_response(webhook.statuses.pop(0) if webhook.statuses else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Stay quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/services/SECRET"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def texts(self) -> list[str]:
        """The Slack texts received."""
        return [json.loads(body)["text"] for body in self.bodies]

    def close(self) -> None:
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


class Ui:
    """`run_polster.py --ui` in a process of its own; `lines` is what it printed so far."""

    def __init__(self, project: Path, *arguments: str, **variables: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-u", "run_polster.py", "--ui", *arguments],
            cwd=project,
            env=clean_environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        self.family: dict[int, psutil.Process] = {}
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def address(self, seconds: float = 240) -> str:
        """Wait until the UI answers and return its address."""

        def found() -> str | None:
            if self.process.poll() is not None:
                pytest.fail(f"the UI ended: {self.text}")
            starts = [line for line in self.lines if line.startswith("Dagster's UI: ")]
            return starts[0].split()[2] if starts else None

        return str(wait_for(found, seconds, "the UI's address"))

    def look(self) -> list[psutil.Process]:
        """Return the processes that it started, and remember them."""
        for child in psutil.Process(self.process.pid).children(recursive=True):
            self.family[child.pid] = child
        return list(self.family.values())

    def end(self, number: int = signal.SIGTERM, seconds: float = 120) -> int:
        """Send a signal, wait for the end, and return the exit status."""
        self.look()
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def alive(self) -> list[psutil.Process]:
        """Return those of its processes that still run; a zombie that nobody reaped has ended."""
        return [
            p for p in self.family.values() if p.is_running() and p.status() != psutil.STATUS_ZOMBIE
        ]

    def kill(self) -> None:
        """Leave nothing behind, whatever the test did."""
        if self.process.poll() is None:
            self.look()
            self.process.kill()
            self.process.wait()
        for process in self.alive():
            process.kill()
