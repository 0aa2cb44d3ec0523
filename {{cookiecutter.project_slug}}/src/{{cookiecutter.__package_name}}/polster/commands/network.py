"""Addresses and ports: which one is free, who can reach it, and what to open in a browser."""

import errno
import ipaddress
import socket
import sys

from .errors import CommandError


def accepts_connections(host: str, port: int) -> bool:
    """Return whether something listens at `host` and `port`."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def browser_address(host: str, port: int) -> str:
    """Return the address to open in a browser on this machine."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach `host`."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def free_port(host: str, first: int, tries: int = 100) -> int:
    """Return the first port from `first` on that is free on `host`.

    Raises:
        CommandError: `host` is not an address of this machine, or every port tried is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(first, min(first + tries, 65536)):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            if sys.platform != "win32":  # there, the option would allow a second listener
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except (OSError, TypeError, ValueError) as error:
                # What is no name of a machine at all is a TypeError or a ValueError.
                unknown = not isinstance(error, OSError) or isinstance(error, socket.gaierror)
                if unknown or error.errno == errno.EADDRNOTAVAIL:
                    raise CommandError(f"{host} is not an address of this machine.") from error
                continue
            return port
    raise CommandError(f"No port from {first} to {first + tries - 1} is free on {host}.")
