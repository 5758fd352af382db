"""Hosts as people spell them, brought to the one form in which they go over the wire and are compared."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

HIGHEST_PORT = 65535
_STANDARD = {"http": 80, "https": 443}
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_LONGEST_NAME = 253
_READ_IN_TWO_WAYS = frozenset("ßς\u200c\u200d")
"""Browsers and Python's own IDNA make different names of these (RFC 5894, deviations)."""


class NotAHost(ValueError):
    """The text names no host that could be called."""


class NotAPlace(ValueError):
    """The text is no `host:port`; the message quotes it."""


class NotAnOrigin(ValueError):
    """The text is no address that a desk could have; the message is why, without quoting it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port as browsers send them in `Origin` and `Host`; `port` is empty where standard."""

    scheme: str
    host: str
    port: str = ""

    def __str__(self) -> str:
        return f"{self.scheme}://{self.host}{self.port and ':'}{self.port}"


def host(spelled: str) -> str:
    """The host in ASCII and lower case, an IPv6 address shortest and without brackets; raises NotAHost."""
    bracketed = spelled.startswith("[") and spelled.endswith("]")
    bare = spelled[1:-1] if bracketed else spelled
    try:
        if bracketed or ":" in bare:
            return str(IPv6Address(bare))
        if _READ_IN_TWO_WAYS & set(bare):
            raise NotAHost(spelled)
        name = (bare if bare.isascii() else bare.encode("idna").decode("ascii")).lower().removesuffix(".")
        labels = name.split(".")
        if labels[-1].isdigit():
            return str(IPv4Address(name))
    except ValueError:
        raise NotAHost(spelled) from None
    if len(name) > _LONGEST_NAME or not all(map(_LABEL.fullmatch, labels)):
        raise NotAHost(spelled)
    return name


def named(spelled: str, port: int) -> str:
    """A place in the form of `AMENDS_ALLOW_HOSTS`: `host:port`, lower case, IPv6 without brackets."""
    try:
        return f"{host(spelled)}:{port}"
    except NotAHost:
        return f"{spelled.strip('[]').rstrip('.').lower()}:{port}"


def places(spelled: str) -> frozenset[str]:
    """The places of a list with commas or blanks, each as `named` gives it; raises NotAPlace."""
    return frozenset(_place(word) for word in spelled.replace(",", " ").split())


def origin(spelled: str) -> Origin:
    """The address of a desk, with nothing but scheme, host and port; raises NotAnOrigin."""
    scheme, mark, rest = spelled.strip().partition("://")
    if not mark or scheme.lower() not in _STANDARD:
        raise NotAnOrigin("it does not begin with https:// or http://")
    if not rest.isprintable() or " " in rest:
        raise NotAnOrigin("there is a blank in it, or something that cannot be seen")
    authority = re.split(r"[/?#\\]", rest, maxsplit=1)[0]
    if "@" in rest:
        raise NotAnOrigin("there is a name or a password in it, which every link would show")
    if rest[len(authority) :].strip("/"):
        raise NotAnOrigin("something follows the host, but the desk needs one to itself")
    found = re.fullmatch(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{0,5}))?", authority)
    port = _port(found[2] or str(_STANDARD[scheme.lower()])) if found else 0
    if not found or not port:
        raise NotAnOrigin("its host or its port cannot be read")
    standard = port == _STANDARD[scheme.lower()]
    return Origin(scheme.lower(), _in_a_header(found[1]), "" if standard else str(port))


def _in_a_header(spelled: str) -> str:
    try:
        found = host(spelled)
    except NotAHost:
        raise NotAnOrigin("its host is none, or has to be written as browsers send it (xn--…)") from None
    if "_" in found or "%" in found:
        raise NotAnOrigin("its host holds a sign that web servers refuse")
    return f"[{found}]" if ":" in found else found


def _place(word: str) -> str:
    spelled, mark, port = word.rpartition(":")
    try:
        number = _port(port)
        if mark and number:
            return f"{host(spelled)}:{number}"
    except NotAHost:
        pass
    raise NotAPlace(word)


def _port(spelled: str) -> int:
    """The number of a port, or 0."""
    fits = spelled.isascii() and spelled.isdigit() and len(spelled) <= len(str(HIGHEST_PORT))
    return int(spelled) if fits and int(spelled) <= HIGHEST_PORT else 0
