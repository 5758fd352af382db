"""What an address of the desk tells of who can open it."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

_INSIDE = (".local", ".internal", ".lan", ".home.arpa", ".intranet")
"""Endings that no name of the internet has (RFC 6762, RFC 8375, and what firms use)."""


def is_here(url: str) -> bool:
    """Whether only this machine itself can open it."""
    host = _host(url)
    number = _number(host)
    return number.is_loopback if number else host == "localhost" or host.endswith(".localhost")


def is_public(url: str) -> bool:
    """Whether the internet can open it, as far as the address itself tells."""
    host = _host(url)
    number = _number(host)
    if number:
        return number.is_global
    return "." in host and not is_here(url) and not host.endswith(_INSIDE)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").rstrip(".").lower()
    except ValueError:
        return ""


def _number(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
