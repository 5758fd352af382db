"""The one protocol that every network speaks with the desk: frozen values and pure flows.

A flow is a generator that yields `Request`s and is sent `Response`s; `drive.run` does the talking.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol, TypeAlias, TypeVar

from amends.channels.errors import Unreadable
from amends.core.values import Direction, Visibility

T = TypeVar("T")
Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

NOTHING: Mapping[str, str] = MappingProxyType({})
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
LONGEST_WAIT = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a network; its `repr` shows neither headers nor query nor body."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    json: Json = field(default=None, repr=False)
    body: bytes | None = field(default=None, repr=False)
    timeout: float = 20.0
    repeatable: bool = False
    """A write that the network itself knows how to do once only."""

    @property
    def writes(self) -> bool:
        """Whether a lost answer leaves open if something was changed on the network."""
        return self.method not in READING_METHODS and not self.repeatable

    @property
    def content(self) -> bytes:
        """The bytes of the body, whichever way it was given."""
        if self.body is not None:
            return self.body
        return b"" if self.json is None else json.dumps(self.json).encode()


@dataclass(frozen=True, slots=True)
class Response:
    """One answer of a network; header names are lower case."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    received_at: datetime

    def json(self) -> Json:
        """The body as JSON; raises `Unreadable` whatever is wrong with it."""
        try:
            value: Json = json.loads(self.body, parse_constant=_no_constant)
        except (ValueError, RecursionError) as error:
            raise Unreadable(f"The network answered {self.status} with a body that is not JSON.") from error
        return value

    def retry_at(self) -> datetime | None:
        """When the network asks us to come back, at most a day ahead; None when it does not say."""
        asked = self.headers.get("retry-after", "").strip()
        if not asked:
            return None
        if asked.isascii() and asked.isdigit():
            wait = min(int(asked[:9]), int(LONGEST_WAIT.total_seconds()))
            return self.received_at + timedelta(seconds=wait)
        try:
            at = parsedate_to_datetime(asked)
        except (ValueError, OverflowError):
            return None
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return max(self.received_at, min(at.astimezone(UTC), self.received_at + LONGEST_WAIT))


def _no_constant(name: str) -> Json:
    raise ValueError(f"{name} is no JSON")


Flow: TypeAlias = Generator[Request, Response, T]


@dataclass(frozen=True, slots=True)
class Connected:
    """What a flow may know of one account of ours; the token is never shown."""

    base_url: str
    handle: str
    remote_id: str
    token: str = field(repr=False)
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """One post as a network shows it now, in the desk's words, with the raw item kept.

    A deletion has `deleted` and no text; an edit has `edited_at` and the new text.
    """

    id: str
    author_id: str
    author_handle: str
    author_name: str
    text: str
    created_at: datetime
    direction: Direction
    visibility: Visibility
    in_reply_to: str | None = None
    conversation_id: str | None = None
    url: str = ""
    lang: str = ""
    edited_at: datetime | None = None
    deleted: bool = False
    raw: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Unread:
    """One item that the channel could not understand: kept with its reason, never dropped."""

    raw: bytes = field(repr=False)
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """One step of a poll: what came since the last cursor, oldest first; `more` asks to come at once."""

    items: tuple[Seen, ...]
    cursor: str
    more: bool
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class Intent:
    """One thing to say, fixed before the first try; `key` is the same at every try.

    `others` are ids of what was said in the same words in the same place, so that a read back takes none of
    them for this one.
    """

    key: str
    text: str
    in_reply_to: str | None
    conversation_id: str | None
    visibility: Visibility
    recipient: str | None
    created_at: datetime
    others: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Own:
    """The account of ours that a token stands for, as the network knows it."""

    remote_id: str
    handle: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What the network says of a thing that surely went out."""

    remote_id: str
    url: str
    posted_at: datetime


class Unit(StrEnum):
    """What a network counts when it counts the length of a text."""

    GRAPHEMES = "graphemes"
    CHARACTERS = "characters"
    BYTES = "bytes"
    WEIGHTED = "weighted"


class Receipt(StrEnum):
    """The ways in which posts can reach us."""

    POLL = "poll"
    STREAM = "stream"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class Ability:
    """One conduct step that a network offers: whether it can be undone, and who sees that it was done."""

    undoable: bool
    seen_by: str


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a network can do, as data, so that no screen needs to know its name."""

    text_limit: int
    private_text_limit: int
    counted_in: Unit
    receipts: frozenset[Receipt]
    erase_within: timedelta
    """How soon the words of a deleted post must be gone from the desk."""
    idempotent_send: bool = False
    can_edit: bool = False
    can_delete_own: bool = False
    private_messages: bool = False
    hide: Ability | None = None
    mute: Ability | None = None
    block: Ability | None = None
    report: Ability | None = None


class Channel(Protocol):
    """A network: a name, what it can do, and its flows."""

    @property
    def name(self) -> str:
        """The name by which posts and accounts refer to this network."""

    @property
    def capabilities(self) -> Capabilities:
        """What the network can do."""

    def own(self, connected: Connected) -> Flow[Own]:
        """Whose token it is, so that our own posts are known as ours; a wrong token is `AuthExpired`."""

    def poll(self, connected: Connected, cursor: str) -> Flow[Page]:
        """The page after `cursor` (empty for the beginning); repeating it changes nothing."""

    def send(self, connected: Connected, intent: Intent) -> Flow[Sent]:
        """Say `intent` once; raises `Maybe` whenever it may have gone out without our knowing."""

    def read_back(self, connected: Connected, intent: Intent) -> Flow[Sent | None]:
        """Look whether `intent` went out; None only when the network surely shows nothing of it."""

    def length(self, text: str) -> int:
        """The length of `text` exactly as the network counts it."""
