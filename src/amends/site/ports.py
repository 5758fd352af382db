"""Ports of this machine: whether one can be had, and a free one."""

from __future__ import annotations

import errno
import socket

from amends.site.errors import SiteError


class PortError(SiteError):
    """The address to serve on cannot be had."""


def check(host: str, port: int) -> None:
    """Raise PortError, saying what to do, when nobody could serve there now."""
    if not 0 < port < 65536:
        raise PortError(f"{port} is no port: choose one from 1 to 65535 with --port. Nothing was started.")
    try:
        kind, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(kind, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except (OSError, UnicodeError) as error:
        raise PortError(_advice(host, port, error)) from error


def free(wanted: int = 0) -> int:
    """`wanted` if it is free on loopback, else any free port."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise PortError("There is no free port on 127.0.0.1. End some programs and try again.")


def shown(host: str, port: int) -> str:
    """The address for a browser on this machine."""
    name = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{name}:{port}"


def _advice(host: str, port: int, error: Exception) -> str:
    code = getattr(error, "errno", None)
    if code == errno.EADDRINUSE:
        return (
            f"Port {port} on {host} is taken, perhaps by a desk that runs already. Nothing was started. "
            "Choose another with --port, or stop what listens there."
        )
    if code == errno.EACCES:
        return f"Port {port} needs rights that this user does not have. Choose one above 1023 with --port."
    return f"Nothing can be served on {host} port {port} ({error}). Choose another --host or --port."
