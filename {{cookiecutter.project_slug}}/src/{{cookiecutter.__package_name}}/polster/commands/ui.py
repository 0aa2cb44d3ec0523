"""Serve Dagster's web UI, together with the daemon, without which nothing runs by itself."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import IO

from . import services
from .errors import CommandError
from .loading import open_instance
from .network import accepts_connections, browser_address, free_port, is_loopback

STOP_SIGNALS = [signal.SIGINT, signal.SIGTERM]
if sys.platform != "win32":
    STOP_SIGNALS.append(signal.SIGHUP)


def serve(host: str, port: int, verbose: bool = False) -> int:
    """Run the web UI and the daemon until Ctrl-C or SIGTERM.

    Args:
        host: the address to listen on; anything but loopback is warned about.
        port: the port to listen on; if it is taken, the next free one is used.
        verbose: show the services' logs here, not in the file `ui.log` of DAGSTER_HOME.

    Returns:
        0 after Ctrl-C or SIGTERM; 1 if a service ended by itself.
    """
    if not is_loopback(host):
        print(
            f"Warning: {host} can be reached from other machines, and Dagster's UI has no login: "
            "put a proxy with one in front of it.",
            file=sys.stderr,
        )
    chosen = free_port(host, port)
    if chosen != port:
        print(f"Port {port} is taken; using {chosen}.")
    print("Starting Dagster's web UI; this takes some seconds.", flush=True)
    commands = {"dagster-webserver": services.webserver(host, chosen, verbose)}
    with open_instance() as instance:
        if services.daemon_elsewhere(instance):
            print("A daemon already serves this project: starting the web UI alone.", flush=True)
        else:
            commands["dagster-daemon"] = services.daemon(verbose)
        log = Path(os.environ["DAGSTER_HOME"], "ui.log")
        with nullcontext() if verbose else open_log(log) as file:
            status = run_until_stopped(commands, file, host, chosen)
        if "dagster-daemon" in commands:
            instance.wipe_daemon_heartbeats()  # the next start need not wait for another one
    if status and not verbose:
        print(f"The log: {log}", file=sys.stderr)
    return status


def open_log(path: Path) -> IO[str]:
    """Open the file for the services' logs, empty.

    Raises:
        CommandError: it cannot be written.
    """
    try:
        return open(path, "w", encoding="utf-8")
    except OSError as error:
        raise CommandError(
            f"{path} cannot be written ({error.strerror}). Move it away, or add --verbose to see "
            "the log here."
        ) from error


def run_until_stopped(
    commands: Mapping[str, list[str]], log: IO[str] | None, host: str, port: int
) -> int:
    """Start the services, wait for a signal or for one of them to end, and end them all."""
    received: list[int] = []
    for number in STOP_SIGNALS:
        signal.signal(number, lambda number, _: received.append(number))
    running: dict[str, subprocess.Popen] = {}
    announced = False
    try:
        for name, command in commands.items():
            running[name] = services.start(command, log)
        while not received:
            for name, service in running.items():
                if service.poll() is not None:
                    print(f"{name} ended, with status {service.returncode}.", file=sys.stderr)
                    return 1
            if not announced and accepts_connections(host, port):
                print(f"Dagster's UI: {browser_address(host, port)} (Ctrl-C stops it)", flush=True)
                announced = True
            time.sleep(0.2)
        return 0
    finally:
        services.stop(running.values())
