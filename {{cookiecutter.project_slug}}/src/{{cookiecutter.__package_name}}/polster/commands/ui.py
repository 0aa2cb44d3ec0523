"""Show Dagster's web UI: its webserver and its daemon, without which nothing is ever scheduled."""

import ipaddress
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from . import services
from .loading import CommandError, open_instance

ENDING = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if sys.platform != "win32" else [])]


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
    print("Starting Dagster's web UI; that takes some seconds.", flush=True)
    commands = {"dagster-webserver": services.webserver(host, chosen, verbose)}
    with open_instance() as instance:
        if services.daemon_elsewhere(instance):
            print("A daemon already serves this project: starting the web UI alone.", flush=True)
        else:
            commands["dagster-daemon"] = services.daemon(verbose)
        log = Path(os.environ["DAGSTER_HOME"], "ui.log")
        with open(log, "w", encoding="utf-8") as file:
            status = run_until_told(commands, None if verbose else file, host, chosen)
        if "dagster-daemon" in commands:
            instance.wipe_daemon_heartbeats()  # so that the next start need not wait for one
    if status and not verbose:
        print(f"The log: {log}", file=sys.stderr)
    return status


def run_until_told(
    commands: Mapping[str, list[str]], log: IO[str] | None, host: str, port: int
) -> int:
    """Start the services, wait for a signal or for one of them to end, and end them all."""
    told: list[int] = []
    for number in ENDING:
        signal.signal(number, lambda number, _: told.append(number))
    running: dict[str, subprocess.Popen] = {}
    announced = False
    try:
        for name, command in commands.items():
            running[name] = services.start(command, log)
        while not told:
            for name, service in running.items():
                if service.poll() is not None:
                    print(f"{name} ended, with status {service.returncode}.", file=sys.stderr)
                    return 1
            if not announced and answers(host, port):
                print(f"Dagster's UI: {address(host, port)} (Ctrl-C stops it)", flush=True)
                announced = True
            time.sleep(0.2)
        return 0
    finally:
        services.stop(running.values())


def answers(host: str, port: int) -> bool:
    """Tell whether something listens at `host` and `port`."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def address(host: str, port: int) -> str:
    """Return the address to open in a browser on this machine."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def free_port(host: str, first: int, tries: int = 100) -> int:
    """Return the first port from `first` on that is free on `host`.

    Raises:
        CommandError: `host` is no address of this machine, or every port tried is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(first, min(first + tries, 65536)):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if sys.platform != "win32":  # there, the option would allow a second listener
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except (OSError, OverflowError) as error:
                if getattr(error, "errno", None) in (socket.EAI_NONAME, 99):
                    raise CommandError(f"{host} is not an address of this machine.") from error
                if isinstance(error, socket.gaierror):
                    raise CommandError(f"{host} is not an address of this machine.") from error
                continue
            return port
    raise CommandError(f"No port from {first} to {first + tries - 1} is free on {host}.")
