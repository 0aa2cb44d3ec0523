"""Show Dagster's web UI: its webserver and its daemon, without which nothing is ever scheduled."""

import ipaddress
import signal
import socket
import subprocess
import sys

from {{ cookiecutter.__package_name }}.commands.loading import CommandError
from {{ cookiecutter.__package_name }}.project import PROJECT_ROOT


def serve(host: str, port: int) -> int:
    """Run the web UI until Ctrl-C.

    Args:
        host: the address to listen on; anything but loopback is warned about.
        port: the port to listen on; if it is taken, the next free one is used.

    Returns:
        The exit status of Dagster's process; 0 after Ctrl-C.
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
    print(f"Dagster's UI: http://{host}:{chosen} (Ctrl-C stops it)", flush=True)
    command = [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml"]
    process = subprocess.Popen([*command, "-h", host, "-p", str(chosen)], cwd=PROJECT_ROOT)
    signal.signal(signal.SIGTERM, lambda *_: process.terminate())
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            # A terminal sends Ctrl-C to Dagster too: it stops its servers, and we wait for that.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            process.wait()
            return 0


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
