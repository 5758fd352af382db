"""Whom a request comes from when proxies stand in between: only what trusted ones say is believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Networks: TypeAlias = tuple[IPv4Network | IPv6Network, ...]

MOST_HOPS = 20
"""More proxies than any request passes; a longer list is somebody's play."""
SCHEMES = frozenset({"http", "https"})


class NotANetwork(ValueError):
    """The text names no address and no network; the message quotes it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is believed of a request; `scheme` and `host` are empty where no trusted proxy told."""

    address: str
    scheme: str = ""
    host: str = ""


def networks(spelled: str) -> Networks:
    """The addresses and networks of a list with commas or blanks; raises NotANetwork."""
    found = []
    for word in spelled.replace(",", " ").split():
        try:
            found.append(ip_network(word, strict=False))
        except ValueError:
            raise NotANetwork(word) from None
    return tuple(found)


def is_trusted(peer: str, trusted: Networks) -> bool:
    """Whether the machine that connected to us is one of the trusted ones."""
    address = _address(peer)
    return address is not None and _within(address, trusted)


def seen(peer: str, *, hops: str, scheme: str, host: str, trusted: Networks) -> Seen:
    """What to believe, given who connected and what the `X-Forwarded-For`, `-Proto`, `-Host` headers say.

    Every proxy adds whom it heard at the right of `hops`, so from there on the first that is not trusted
    is the one; what stands to the left of it was told by a stranger. The other two are the nearest proxy's.
    """
    if not is_trusted(peer, trusted):
        return Seen(peer)
    told_scheme, told_host = _last(scheme).lower(), _last(host)
    return Seen(
        _client(peer, hops.split(",")[-MOST_HOPS:] if hops.strip() else [], trusted),
        told_scheme if told_scheme in SCHEMES else "",
        told_host if told_host.isascii() and told_host.isprintable() and " " not in told_host else "",
    )


def _client(peer: str, hops: Sequence[str], trusted: Networks) -> str:
    nearest = peer
    for hop in reversed(hops):
        address = _address(hop)
        if address is None:
            return nearest
        nearest = str(address)
        if not _within(address, trusted):
            return nearest
    return nearest


def _within(address: Address, trusted: Networks) -> bool:
    return any(address in network for network in trusted)


def _address(spelled: str) -> Address | None:
    """The address of a hop, which some proxies give with a port or in brackets; None for anything else."""
    word = spelled.strip().strip('"')
    if word.startswith("["):
        word = word[1:].partition("]")[0]
    elif word.count(":") == 1:
        word = word.partition(":")[0]
    try:
        address = ip_address(word)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _last(header: str) -> str:
    return header.rpartition(",")[2].strip()
