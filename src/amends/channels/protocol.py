"""The one protocol that every network speaks with the desk: frozen values and pure flows.

A flow is a generator that yields `Request`s and is sent `Response`s; `drive.run` does the talking.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol, TypeAlias

from amends.channels.exchange import LONGEST_WAIT as LONGEST_WAIT
from amends.channels.exchange import NOTHING as NOTHING
from amends.channels.exchange import Flow as Flow
from amends.channels.exchange import Json as Json
from amends.channels.exchange import Request as Request
from amends.channels.exchange import Response as Response
from amends.channels.exchange import T as T
from amends.channels.exchange import read_json as read_json
from amends.core.holding import Automation
from amends.core.values import Direction, Visibility

Settings: TypeAlias = "Mapping[str, str]"
"""What the desk remembers of what an account's server said of itself, in the channel's own words."""


@dataclass(frozen=True, slots=True)
class Connected:
    """What a flow may know of one account of ours; the token is never shown."""

    base_url: str
    handle: str
    remote_id: str
    token: str = field(repr=False)
    settings: Settings = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """One post as a network shows it now, in the desk's words, with the raw item kept.

    A deletion has `deleted` and no text; an edit has `edited_at` and the new text. `noticed_at` is when our
    own server first told of it, by its own clock; None where `created_at` is by that clock already.
    `author_followers` is how many follow its author, where the network says so.
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
    noticed_at: datetime | None = None
    author_followers: int | None = None
    raw: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Unread:
    """One item that the channel could not understand: kept with its reason, never dropped."""

    raw: bytes = field(repr=False)
    reason: str


@dataclass(frozen=True, slots=True)
class Page:
    """One step of a poll: what came since the last cursor, oldest first; `more` asks to come at once.

    `rest_until` is set where the network has few requests left for us before that time.
    """

    items: tuple[Seen, ...]
    cursor: str
    more: bool
    unread: tuple[Unread, ...] = ()
    rest_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """One event of a stream: its name and its data, as the network wrote them."""

    name: str
    data: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Heard:
    """What an event of a stream brings: posts, ids of posts to be looked at again, or "poll now"."""

    items: tuple[Seen, ...] = ()
    unread: tuple[Unread, ...] = ()
    again: tuple[str, ...] = ()
    poll: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """A post as the desk has it, to be looked at again."""

    id: str
    author_id: str
    created_at: datetime
    direction: Direction
    visibility: Visibility
    edited_at: datetime | None = None


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
    recipient_handle: str = ""


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
    poll_every: timedelta = timedelta(seconds=3)
    """How often the network may be asked for what is new."""
    poll_beside_stream: timedelta = timedelta(seconds=30)
    """How often it is asked while a stream is open, to find what the stream lost."""
    tells_changes: bool = True
    """Whether a poll tells of every edit and deletion; else posts are looked at again now and then."""
    idempotent_send: bool = False
    automation: Automation = Automation.NEVER
    """What the network's rules say of replies that no person sends; none where nobody has looked it up."""
    can_edit: bool = False
    can_delete_own: bool = False
    private_messages: bool = False
    hide: Ability | None = None
    mute: Ability | None = None
    block: Ability | None = None
    report: Ability | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds on one server: how long a text may be, and how long the server knows a send's key again.

    Within `keeps_keys` a send may be repeated under its key: the server then says what it made of the first.
    """

    text: int
    private_text: int
    keeps_keys: timedelta = timedelta(0)

    def of(self, visibility: Visibility) -> int:
        """The limit for a text in public or in private."""
        return self.text if visibility is Visibility.PUBLIC else self.private_text


class Channel(Protocol):
    """A network: a name, what it can do, and its flows. `Plain` has those that not every network needs."""

    @property
    def name(self) -> str:
        """The name by which posts and accounts refer to this network."""

    @property
    def capabilities(self) -> Capabilities:
        """What the network can do."""

    def own(self, connected: Connected) -> Flow[Own]:
        """Whose token it is, so that our own posts are known as ours; a wrong token is `AuthExpired`."""

    def about(self, connected: Connected) -> Flow[Settings]:
        """What the server says of itself that is worth remembering in `Connected.settings`."""

    def poll(self, connected: Connected, cursor: str) -> Flow[Page]:
        """The page after `cursor` (empty for the beginning); repeating it changes nothing."""

    def look_again(self, connected: Connected, posts: Sequence[Standing]) -> Flow[tuple[Seen, ...]]:
        """Those of the posts that were edited or deleted since, as they stand now."""

    def stream(self, connected: Connected) -> Request | None:
        """What to open for events as they happen (server-sent events); None where there is no stream."""

    def hear(self, connected: Connected, event: Event) -> Heard:
        """What an event of the stream means; nothing in it is too strange to be heard."""

    def send(self, connected: Connected, intent: Intent) -> Flow[Sent]:
        """Say `intent` once; raises `Maybe` whenever it may have gone out without our knowing."""

    def read_back(self, connected: Connected, intent: Intent) -> Flow[Sent | None]:
        """Look whether `intent` went out; None only when the network surely shows nothing of it."""

    def limits(self, settings: Settings) -> Limits:
        """What holds on the server that said `settings` of itself."""

    def length(self, text: str, to: str, settings: Settings) -> int:
        """The length of `text` exactly as the server counts it, said to the person with the handle `to`."""


class Plain:
    """The part of a channel that is the same wherever polls tell everything and all servers are alike."""

    capabilities: Capabilities

    def about(self, connected: Connected) -> Flow[Settings]:  # noqa: ARG002
        """Nothing."""
        yield from ()
        return NOTHING

    def look_again(self, connected: Connected, posts: Sequence[Standing]) -> Flow[tuple[Seen, ...]]:  # noqa: ARG002
        """Nothing: polls tell of edits and deletions."""
        yield from ()
        return ()

    def stream(self, connected: Connected) -> Request | None:  # noqa: ARG002
        """None."""
        return None

    def hear(self, connected: Connected, event: Event) -> Heard:  # noqa: ARG002
        """Nothing."""
        return Heard()

    def limits(self, settings: Settings) -> Limits:  # noqa: ARG002
        """Those of the network."""
        return Limits(self.capabilities.text_limit, self.capabilities.private_text_limit)
