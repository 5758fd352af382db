"""Receive: keep what came, once, before anything is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from amends.core.times import bounded
from amends.core.values import Direction, Visibility
from amends.store import raw
from amends.store.plain import plain

BATCH = 500
ZERO = timedelta(0)
_LONGEST = 500
_EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(days=1)


class NotAPost(ValueError):
    """What came cannot be kept as a post; the message says why."""


@dataclass(frozen=True, slots=True)
class Item:
    """One post as its source read it. Ids are the network's own; times are aware.

    Until it is kept, `posted_at` is what the network says; as `item_of` gives it again, what can be believed
    of that, with `claimed_at` the network's word where it is another.
    """

    channel: str
    remote_id: str
    author_id: str
    text: str
    posted_at: datetime
    author_handle: str = ""
    author_name: str = ""
    in_reply_to: str = ""
    conversation_id: str = ""
    direction: Direction = Direction.IN
    visibility: Visibility = Visibility.PUBLIC
    url: str = ""
    lang: str = ""
    edited_at: datetime | None = None
    deleted: bool = False
    noticed_at: datetime | None = None
    claimed_at: datetime | None = None
    author_followers: int | None = None


def checked(item: Item, now: datetime) -> Item:
    """The item if the desk can keep it; raises NotAPost with a reason a person can act on."""
    for name in ("remote_id", "author_id", "channel"):
        if not getattr(item, name).strip():
            raise NotAPost(f"{_told(name)} is empty")
    for name in ("remote_id", "author_id", "in_reply_to", "conversation_id"):
        if len(getattr(item, name)) > _LONGEST:
            raise NotAPost(f"{_told(name)} is longer than {_LONGEST} characters")
    if len(item.channel) > 40:
        raise NotAPost("channel is longer than 40 characters")
    if not _EARLIEST <= item.posted_at <= now + _AHEAD:
        raise NotAPost(f"{_told('posted_at')}: {item.posted_at.isoformat()} is before 1990 or in the future")
    return item


def _told(name: str) -> str:
    """What whoever sends posts calls this field of ours."""
    return {"remote_id": "id", "posted_at": "created_at"}.get(name, name)


@dataclass(frozen=True, slots=True)
class Received:
    """How many items were new and how many were kept already; `posts` of the new were never heard of."""

    new: int
    repeated: int
    posts: int


def receive(
    brand_id: int,
    items: Sequence[tuple[Item, bytes]],
    *,
    source: str,
    now: datetime,
    account_id: int | None = None,
    offset: timedelta = ZERO,
) -> Received:
    """Keep checked items with their raw bytes; what is kept already, in this very form, is left alone."""
    new = posts = 0
    for start in range(0, len(items), BATCH):
        rows = [as_raw(item, payload) for item, payload in items[start : start + BATCH]]
        put = raw.insert(brand_id, rows, source=source, account_id=account_id, offset=offset, now=now)
        new, posts = new + put.items, posts + put.posts
    return Received(new, len(items) - new, posts)


def receive_each(
    brand_id: int, items: Sequence[tuple[Item, bytes]], *, source: str, now: datetime
) -> list[bool]:
    """As `receive`, of live posts, telling for each whether it was new; for callers who want to know."""
    rows = [as_raw(item, payload) for item, payload in items]
    return raw.insert_each(brand_id, rows, source=source, account_id=None, offset=ZERO, now=now)


def as_raw(item: Item, payload: bytes) -> raw.NewRaw:
    """A checked item with its bytes as it is kept."""
    return raw.NewRaw(plain(item.channel), plain(item.remote_id), _fields(item), payload)


def _fields(item: Item) -> raw.Fields:
    fields: raw.Fields = {
        "author_id": plain(item.author_id),
        "author_handle": plain(item.author_handle)[:200],
        "author_name": plain(item.author_name)[:200],
        "text": plain(item.text),
        "posted_at": item.posted_at.astimezone(UTC).isoformat(),
        "noticed_at": item.noticed_at.astimezone(UTC).isoformat() if item.noticed_at else "",
        "in_reply_to": plain(item.in_reply_to),
        "conversation_id": plain(item.conversation_id),
        "direction": item.direction,
        "visibility": item.visibility,
        "url": _web(plain(item.url)),
        "lang": plain(item.lang)[:12],
        "edited_at": item.edited_at.astimezone(UTC).isoformat() if item.edited_at else "",
        "deleted": item.deleted,
        raw.FOLLOWERS: item.author_followers,
    }
    return {name: value for name, value in fields.items() if value}


def _web(url: str) -> str:
    """Only addresses a browser may safely be sent to are kept."""
    return url if url.startswith(("https://", "http://")) and len(url) <= 1000 else ""


def item_of(waiting: raw.Waiting) -> Item:
    """The item again, from what was kept of it, with its time as far as it can be believed."""
    fields = waiting.fields
    word = fields.get
    edited, noticed = word("edited_at"), word("noticed_at")
    claimed = datetime.fromisoformat(fields["posted_at"])
    noticed_at = datetime.fromisoformat(noticed) if noticed else None
    posted_at = bounded(claimed, waiting.received_at - waiting.clock_offset, noticed_at)
    return Item(
        channel=waiting.channel,
        remote_id=waiting.remote_id,
        author_id=fields["author_id"],
        text=word("text", ""),
        posted_at=posted_at,
        author_handle=word("author_handle", ""),
        author_name=word("author_name", ""),
        in_reply_to=word("in_reply_to", ""),
        conversation_id=word("conversation_id", ""),
        direction=Direction(fields["direction"]),
        visibility=Visibility(fields["visibility"]),
        url=word("url", ""),
        lang=word("lang", ""),
        edited_at=datetime.fromisoformat(edited) if edited else None,
        deleted=word("deleted", False),
        noticed_at=noticed_at,
        claimed_at=claimed if claimed != posted_at else None,
        author_followers=word(raw.FOLLOWERS),
    )


def noticed(item: Item, noticed_at: datetime, received: datetime) -> Item:
    """An item as `item_of` gave it, of which our own server told at this time too; the first time holds."""
    if item.noticed_at is not None and item.noticed_at <= noticed_at:
        return item
    claimed = item.claimed_at or item.posted_at
    posted_at = bounded(claimed, received, noticed_at)
    claimed_at = claimed if claimed != posted_at else None
    return replace(item, posted_at=posted_at, claimed_at=claimed_at, noticed_at=noticed_at)


def chunks(items: Iterable[tuple[Item, bytes]], size: int = BATCH) -> Iterable[list[tuple[Item, bytes]]]:
    """The items in lists of at most `size`."""
    batch: list[tuple[Item, bytes]] = []
    for item in items:
        batch.append(item)
        if len(batch) >= size:
            yield batch
            batch = []
    if batch:
        yield batch
