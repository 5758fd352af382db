"""How an account is connected by signing in on its own server (OAuth 2): values, and the flows of a network.

The person is sent to the server's own consent page and comes back with a code, for which the desk fetches a
token; it sees no password. Where nobody can be sent back, the server shows the code and the person pastes it.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

from amends.channels.protocol import Flow

SHOWN = "urn:ietf:wg:oauth:2.0:oob"
"""In place of an address to come back to: the server shows the code (RFC 6749's out-of-band practice)."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where somebody wants to sign in, read from what they typed; `handle` where they named the account."""

    base_url: str
    handle: str = ""


@dataclass(frozen=True, slots=True)
class Server:
    """One server, looked up: what the desk will ask it for, and what it says of itself.

    `issuer` is its own name for itself, `tells_issuer` its promise to give that name with every answer.
    """

    base_url: str
    scopes: tuple[str, ...]
    issuer: str = ""
    tells_issuer: bool = False
    takes_challenge: bool = True


@dataclass(frozen=True, slots=True)
class App:
    """The desk as a server knows it; `redirect` is where it sends people back to, or `SHOWN`."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Granted:
    """A token, and what it is good for where the server says so."""

    token: str = field(repr=False)
    scopes: tuple[str, ...] = ()


class SignsIn(Protocol):
    """A network whose accounts are connected by signing in on their own server."""

    @property
    def name(self) -> str:
        """The channel that the accounts belong to."""

    def read(self, typed: str) -> Place:
        """What somebody meant who typed an address, a profile or a handle; `HostRefused` if it is none."""

    def look_up(self, place: Place) -> Flow[Server]:
        """The server that this place is on; `Refused` where there is none that speaks this network's way."""

    def register(self, server: Server, redirect: str) -> Flow[App]:
        """Make the desk known to the server; `Refused` when it does not take `redirect`."""

    def knows(self, server: Server, app: App) -> Flow[bool]:
        """Whether the server surely still knows the app; False when it does not, or cannot tell."""

    def sign_in_url(self, server: Server, app: App, *, state: str, verifier: str) -> str:
        """The server's consent page; an empty `state` or `verifier` is left out."""

    def exchange(self, base_url: str, app: App, code: str, verifier: str) -> Flow[Granted]:
        """The token for a code; `Refused` for a code that is no good, `AppUnknown` for a forgotten app."""

    def revoke(self, base_url: str, app: App, token: str) -> Flow[None]:
        """End a token; `Refused` or `AppUnknown` when asking again is no use."""


def challenge(verifier: str) -> str:
    """What a verifier is recognised by (RFC 7636, S256)."""
    return urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def missing(asked: tuple[str, ...], granted: tuple[str, ...]) -> list[str]:
    """What was asked for and not granted; a scope covers those below it, and no word at all is all."""
    covers = set(granted)
    return [scope for scope in asked if granted and not {scope, scope.split(":")[0]} & covers]
