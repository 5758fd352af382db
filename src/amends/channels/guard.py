"""The guard before every connection: no hostile address is ever called, whatever a name resolves to.

A name is resolved once, every address behind it is looked at, and the connection goes to an address
that was looked at, so that a name which changes its mind in between (DNS rebinding) gains nothing.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TypeAlias

import httpcore2
import httpx2

from amends.channels.errors import HostRefused
from amends.core.hosts import named

Resolve: TypeAlias = Callable[[str, int], list[str]]
SocketOption: TypeAlias = (
    "tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]"
)

NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))


def system_resolve(host: str, port: int) -> list[str]:
    """Every address that the system knows for a name, in the system's order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def hostile(address: str) -> bool:
    """Whether an address is anything but a plain place on the public internet."""
    try:
        ip = ip_address(address)
    except ValueError:
        return True
    inner = _inside(ip)
    if inner is not None and hostile(str(inner)):
        return True
    return ip.is_multicast or ip.is_reserved or ip.is_unspecified or not ip.is_global


def _inside(ip: IPv4Address | IPv6Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address carries, if any."""
    if isinstance(ip, IPv4Address):
        return None
    if ip.ipv4_mapped or ip.sixtofour:
        return ip.ipv4_mapped or ip.sixtofour
    if ip.teredo:
        return ip.teredo[1]
    if any(ip in network for network in NAT64) or int(ip) >> 32 == 0:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return None


class Deadline:
    """The moment by which one exchange must be over, however slowly its bytes drip; `abort` makes it now."""

    def __init__(self) -> None:
        self._at = float("inf")
        self._aborted = False
        self._stream: httpcore2.NetworkStream | None = None
        self.reuses = False
        """Whether the exchange runs over a connection that was there before it."""

    def start(self, seconds: float) -> None:
        """Begin the exchange."""
        self._at, self.reuses = time.monotonic() + seconds, self._stream is not None

    def extend(self, seconds: float) -> None:
        """Give the exchange so long from now on."""
        self._at = time.monotonic() + seconds

    def abort(self) -> None:
        """End the exchange that is under way, whichever thread waits for it; no other begins."""
        self._aborted = True
        opened = self._stream.get_extra_info("socket") if self._stream else None
        if isinstance(opened, socket.socket):
            with suppress(OSError):  # it has ended by itself
                opened.shutdown(socket.SHUT_RDWR)

    def watch(self, stream: httpcore2.NetworkStream) -> None:
        """The new connection that the exchange runs over."""
        self._stream, self.reuses = stream, False

    def over(self, stream: httpcore2.NetworkStream) -> None:
        """The connection that the exchange runs over, new or kept."""
        self._stream = stream

    def within(self, timeout: float | None) -> float:
        """The shorter of `timeout` and what is left; raises a time-out when nothing is."""
        left = 0.0 if self._aborted else self._at - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("The exchange took too long.")
        return left if timeout is None else min(timeout, left)


class _TimedStream(httpcore2.NetworkStream):
    """A connection of which each read and write ends by the deadline of the whole exchange."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline
        deadline.watch(stream)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._deadline.over(self._stream)
        self._stream.write(buffer, self._deadline.within(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: object, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        within = self._deadline.within(timeout)
        inner = self._stream.start_tls(ssl_context, server_hostname, within)  # type: ignore[arg-type]
        return _TimedStream(inner, self._deadline)

    def get_extra_info(self, info: str) -> object:
        return self._stream.get_extra_info(info)


class GuardedBackend(httpcore2.NetworkBackend):
    """Opens connections to addresses that were looked at, and to the named exceptions."""

    def __init__(self, allow_hosts: frozenset[str], resolve: Resolve, deadline: Deadline) -> None:
        self._allow_hosts = allow_hosts
        self._resolve = resolve
        self._deadline = deadline
        self._plain = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore2.NetworkStream:
        """A connection to the first address behind `host` that answers, if none of them is hostile."""
        failed = httpcore2.ConnectError("The name has no address.")
        for address in self._addresses(host, port):
            within = self._deadline.within(timeout)
            try:
                stream = self._plain.connect_tcp(address, port, within, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = httpcore2.ConnectError(type(error).__name__)
                continue
            return _TimedStream(stream, self._deadline)
        raise failed

    def _addresses(self, host: str, port: int) -> list[str]:
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise httpcore2.ConnectError("The name could not be resolved.") from error
        if named(host, port) not in self._allow_hosts and any(hostile(address) for address in addresses):
            raise HostRefused(
                f"{host} leads to a private or reserved address, so it was not called. "
                f"An admin can permit it with AMENDS_ALLOW_HOSTS={named(host, port)}."
            )
        return addresses


@cache
def _trusted() -> ssl.SSLContext:
    """Whom we believe to be who they say: one for the process, since each takes time and memory to make."""
    return httpx2.create_ssl_context(trust_env=False)


class GuardedTransport(httpx2.HTTPTransport):
    """The transport of `httpx2` over guarded connections, without proxies or the environment's settings.

    Unless it `keeps` connections, each request goes over one of its own.
    """

    def __init__(
        self, allow_hosts: frozenset[str], resolve: Resolve, deadline: Deadline, *, keeps: bool = True
    ) -> None:
        self._pool = httpcore2.ConnectionPool(
            ssl_context=_trusted(),
            max_connections=10,
            max_keepalive_connections=None if keeps else 0,
            keepalive_expiry=15,
            network_backend=GuardedBackend(allow_hosts, resolve, deadline),
        )
