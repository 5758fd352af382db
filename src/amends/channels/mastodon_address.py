"""What people type when asked for their server: its address, the address of a page on it, a handle."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from amends.channels.errors import HostRefused
from amends.channels.signing_in import Place

LONGEST = 500
STANDARD_PORTS = {"http": 80, "https": 443}
_HANDLE = re.compile(r"(?:acct:|@)?([\w.-]{1,64})@([^@/?#]+)")
_PROFILE = re.compile(r"/(?:@|users/|u/)([\w.-]{1,64})(?:/.*)?")
_SERVER = re.compile(r"[^/]*(\.|:\d)")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_HOW = "Write it like mastodon.example, https://mastodon.example or @brand@mastodon.example."


def read(typed: str) -> Place:
    """The server somebody meant, with the account where they named one; raises `HostRefused`."""
    text = typed.strip()
    if not text or len(text) > LONGEST or not text.isprintable() or " " in text:
        raise HostRefused(f"That is not the address of a server. {_HOW}")
    if "://" in text:
        return _of_url(text)
    text = text.rstrip("/")
    if named := _HANDLE.fullmatch(text):
        return Place(origin(f"https://{named[2]}"), named[1])
    if not _SERVER.match(text):
        raise HostRefused(f"That names no server. {_HOW}")
    return _of_url(f"https://{text}")


def origin(url: str) -> str:
    """Scheme, host and port of a URL in their one form; raises `HostRefused` for what cannot be called."""
    parts = _split(url)
    scheme, host = parts.scheme.lower(), _host(parts.hostname or "")
    port = parts.port
    if scheme not in STANDARD_PORTS or "@" in parts.netloc or port == 0:
        raise HostRefused(f"The address must be http or https, without a name or password in it. {_HOW}")
    return f"{scheme}://{host}" + ("" if port in (None, STANDARD_PORTS[scheme]) else f":{port}")


def _of_url(url: str) -> Place:
    profile = _PROFILE.fullmatch(_split(url).path)
    return Place(origin(url), profile[1] if profile else "")


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for what is no port
    except ValueError:
        raise HostRefused(f"That is not the address of a server. {_HOW}") from None
    return parts


def _host(name: str) -> str:
    """A host as it is called: an address, or a name in ASCII and lower case."""
    try:
        address = ip_address(name)
    except ValueError:
        return _name(name)
    return f"[{address}]" if address.version == 6 else str(address)


def _name(name: str) -> str:
    try:
        ascii_name = name.rstrip(".").encode("idna").decode("ascii").lower()
    except UnicodeError:
        ascii_name = ""
    if not ascii_name or len(ascii_name) > 253 or not all(map(_LABEL.fullmatch, ascii_name.split("."))):
        raise HostRefused(f"That is not the address of a server. {_HOW}")
    return ascii_name
