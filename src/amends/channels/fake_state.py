"""What the fake network remembers: accounts, posts and one ordered sequence of events, built from entries.

`State.apply` is the only way to change it, and an entry is one line of JSON, so a journal of entries
is the whole network.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import TypeAlias

from amends.channels.errors import Unreadable
from amends.channels.protocol import Json
from amends.channels.record import Record
from amends.core.values import Visibility

MENTION = re.compile(r"(?<![\w@])@(\w{1,40})")


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody on the network."""

    id: str
    handle: str
    name: str
    messages: bool = True
    """Whether strangers may send a direct message."""
    followers: int = 0


@dataclass(frozen=True, slots=True)
class Post:
    """One post or direct message; `beat` names the line of the story it was told from.

    `noticed_at` is when the network first had it, where `created_at` is by the author's own wrong clock.
    """

    id: str
    author_id: str
    text: str
    created_at: datetime
    conversation_id: str
    visibility: Visibility
    in_reply_to: str | None = None
    recipient_id: str | None = None
    lang: str = ""
    edited_at: datetime | None = None
    deleted: bool = False
    beat: str = ""
    noticed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """A new text for a post."""

    post_id: str
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Deletion:
    """A post taken away by its author; its words go at once."""

    post_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Block:
    """One account shutting another out, or letting it in again."""

    by: str
    whom: str
    on: bool


Entry: TypeAlias = Account | Post | Edit | Deletion | Block


@dataclass(frozen=True, slots=True)
class Event:
    """One step of the network's history, in a sequence without gaps or ties."""

    seq: int
    kind: str
    post_id: str


class State:
    """Everything that was ever said, as it stands now."""

    def __init__(self) -> None:
        self.accounts: dict[str, Account] = {}
        self.handles: dict[str, str] = {}
        self.posts: dict[str, Post] = {}
        self.children: dict[str, list[str]] = defaultdict(list)
        self.conversations: dict[str, list[str]] = defaultdict(list)
        self.blocks: set[tuple[str, str]] = set()
        self.beats: dict[str, str] = {}
        self.seq = 0
        self._timelines: dict[str, list[Event]] = defaultdict(list)
        self._audience: dict[str, set[str]] = {}
        self._followers: dict[str, set[str]] = defaultdict(set)

    def apply(self, entry: Entry) -> None:
        """Make what `entry` says true."""
        match entry:
            case Account():
                self.accounts[entry.id] = entry
                self.handles[entry.handle.lower()] = entry.id
            case Post():
                self._add(entry)
            case Edit():
                post = self.posts[entry.post_id]
                self.posts[post.id] = replace(post, text=entry.text, edited_at=entry.at)
                self._tell("edit", self.posts[post.id])
            case Deletion():
                self.posts[entry.post_id] = replace(self.posts[entry.post_id], text="", deleted=True)
                self._tell("delete", self.posts[entry.post_id])
            case Block():
                (self.blocks.add if entry.on else self.blocks.discard)((entry.by, entry.whom))

    def timeline(self, account_id: str, after: int, limit: int) -> tuple[list[Event], bool]:
        """The next events that concern an account, and whether there are more."""
        events = self._timelines.get(account_id, [])
        start = bisect_right(events, after, key=lambda event: event.seq)
        return events[start : start + limit], len(events) > start + limit

    def newest(self) -> Iterator[Post]:
        """Every public post that still stands, the last said first."""
        for post in reversed(self.posts.values()):
            if post.visibility is Visibility.PUBLIC and not post.deleted:
                yield post

    def _add(self, post: Post) -> None:
        self.posts[post.id] = post
        self.conversations[post.conversation_id].append(post.id)
        if post.in_reply_to:
            self.children[post.in_reply_to].append(post.id)
        if post.beat:
            self.beats[post.beat] = post.id
        self._tell("post", post)

    def _tell(self, kind: str, post: Post) -> None:
        """Put an event on the timeline of everybody whom the post concerns."""
        audience = self._audience.setdefault(post.id, set()) | self._concerned(post)
        self._audience[post.id] = audience
        self._followers[post.conversation_id] |= audience
        self.seq += 1
        for account_id in audience:
            self._timelines[account_id].append(Event(self.seq, kind, post.id))

    def _concerned(self, post: Post) -> set[str]:
        if post.visibility is Visibility.PRIVATE:
            return {post.author_id, post.recipient_id or post.author_id}
        named = {self.handles.get(handle.lower(), "") for handle in MENTION.findall(post.text)}
        return ({post.author_id} | named | self._followers[post.conversation_id]) - {""}


def as_json(entry: Entry) -> dict[str, Json]:
    """An entry as a JSON object."""
    fields: dict[str, Json] = {"entry": type(entry).__name__.lower()}
    for name, value in asdict(entry).items():
        fields[name] = value.isoformat() if isinstance(value, datetime) else value
    return fields


def from_json(value: Json) -> Entry:
    """The entry that a JSON object stands for; anything else is `Unreadable`."""
    record = Record(value)
    match record.text("entry"):
        case "account":
            name, messages = record.text("name"), record.flag("messages")
            followers = record.number("followers", 0)
            return Account(record.key("id"), record.key("handle"), name, messages, followers)
        case "post":
            return _post(record)
        case "edit":
            return Edit(record.key("post_id"), record.text("text"), record.time("at"))
        case "deletion":
            return Deletion(record.key("post_id"), record.time("at"))
        case "block":
            return Block(record.key("by"), record.key("whom"), record.flag("on"))
        case other:
            raise Unreadable(f"The journal has an entry of unknown kind {other[:40]!r}.")


def _post(record: Record) -> Post:
    return Post(
        id=record.key("id"),
        author_id=record.key("author_id"),
        text=record.text("text"),
        created_at=record.time("created_at"),
        conversation_id=record.key("conversation_id"),
        visibility=Visibility(record.text("visibility")),
        in_reply_to=record.maybe_key("in_reply_to"),
        recipient_id=record.maybe_key("recipient_id"),
        lang=record.text("lang", ""),
        edited_at=record.maybe_time("edited_at"),
        deleted=record.flag("deleted"),
        beat=record.text("beat", ""),
        noticed_at=record.maybe_time("noticed_at"),
    )
