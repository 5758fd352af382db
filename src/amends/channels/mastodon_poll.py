"""One poll of a Mastodon account: mentions, direct messages and what we said elsewhere, forward without gaps.

Three feeds are read side by side. Each is a list of the newest, of which a page is given; how far it was read
stands in the cursor. A server that gives the oldest of what is new (`min_id`, as Mastodon does) and one that
gives the newest are both read whole: as long as a page may have been cut, the next one asks between it and
what was known before.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

from amends.channels.answers import answer
from amends.channels.errors import Refused, Unreadable
from amends.channels.mastodon_read import (
    MENTIONING,
    PUBLIC,
    REFUSALS,
    asked,
    asking,
    is_ours,
    listed,
    order,
    quoted,
    seen,
    status_of,
    told_at,
)
from amends.channels.protocol import Connected, Flow, Json, Page, Request, Response, Seen, Unread, read_json
from amends.channels.record import Record, raw_of

REACH = timedelta(days=7)
"""How far back an account is read when it is new to the desk."""
PAGE = 40
MAYBE_CUT = 20
"""No server is known to give fewer of what it has; a page of so many may not be all."""
RESERVE = 30
"""Requests that polling leaves for answers, of those the server allows."""
MOST_PAGES = 8
"""In one poll and of one feed; more comes with the next."""
MISSING = frozenset({404, 405, 410})
MENTIONS, MESSAGES, OURS = "mentions", "messages", "ours"
FEEDS, SINCE = frozenset({MENTIONS, MESSAGES, OURS}), "since"


@dataclass(frozen=True, slots=True)
class Place:
    """How far a feed was read: up to `after`; and from `before` up to `top` while a gap lies between."""

    after: str = ""
    before: str = ""
    top: str = ""


def unsaid(_item: Record) -> None:
    """An item that says nothing of when the server first told of it."""


@dataclass(frozen=True, slots=True)
class Feed:
    """A list of the server's: how to ask for it, how to find the status in an item and when it was told."""

    name: str
    path: str
    query: dict[str, str | tuple[str, ...]]
    key: Callable[[Record], str]
    status: Callable[[Record], Record | None]
    may_be_missing: bool = False
    told: Callable[[Record], datetime | None] = unsaid


@dataclass(slots=True)
class Found:
    """What a poll has found so far."""

    items: dict[str, Seen] = field(default_factory=dict)
    unread: list[Unread] = field(default_factory=list)
    rest_until: datetime | None = None

    def take(
        self,
        connected: Connected,
        value: Json,
        find: Callable[[Record], Record | None],
        told: Callable[[Record], datetime | None] = unsaid,
    ) -> None:
        """Keep the status in an item, or why it cannot be read; told of twice, the first time counts."""
        try:
            item = Record(value)
            status = find(item)
            if status is not None:
                self._keep(seen(connected, status, told(item)))
        except Unreadable as error:
            self.unread.append(Unread(raw_of(value), error.text))

    def _keep(self, item: Seen) -> None:
        kept = self.items.setdefault(item.id, item)
        if item.noticed_at and (kept.noticed_at is None or item.noticed_at < kept.noticed_at):
            self.items[item.id] = replace(kept, noticed_at=item.noticed_at)

    def page(self, cursor: str, *, more: bool) -> Page:
        """All of it, oldest first."""
        items = sorted(self.items.values(), key=lambda item: (item.created_at, order(item.id)))
        return Page(tuple(items), cursor, more, tuple(self.unread), self.rest_until)


def feeds(connected: Connected) -> tuple[Feed, ...]:
    """The lists that are read, those that tell most first."""

    def said_by_us(status: Record) -> Record | None:
        inner = status_of(status.fields)
        return inner if is_ours(connected, inner) else None

    mentions: dict[str, str | tuple[str, ...]] = {
        "types[]": tuple(sorted(MENTIONING)),
        "include_filtered": "true",
    }
    own = f"/api/v1/accounts/{quoted(connected.remote_id)}/statuses"
    return (
        Feed(MENTIONS, "/api/v1/notifications", mentions, _id, mentioned, told=told_at),
        Feed(MESSAGES, "/api/v1/conversations", {}, _last_id, _last, may_be_missing=True),
        Feed(OURS, own, {"exclude_reblogs": "true"}, _id, said_by_us),
    )


def mentioned(notification: Record) -> Record | None:
    """The status of a notification that somebody spoke to us, if it is one and still has it."""
    if notification.text("type") not in MENTIONING or notification.maybe_record("status") is None:
        return None
    return status_of(notification.record("status").fields)


def _id(item: Record) -> str:
    return item.key("id")


def _last_id(conversation: Record) -> str:
    return conversation.record("last_status").key("id")


def _last(conversation: Record) -> Record | None:
    status = conversation.maybe_record("last_status")
    return status_of(status.fields) if status else None


def poll(connected: Connected, cursor: str) -> Flow[Page]:
    """What is new in every feed, or in those of which more was known to be there."""
    since, places = _read_cursor(cursor)
    found, more = Found(), False
    behind = [name for name, place in places.items() if place.before]
    for feed in feeds(connected):
        if behind and feed.name not in behind:
            continue
        since, again = yield from _read_on(connected, feed, places, since, found)
        more |= again
    return found.page(_written(since, places), more=more)


def _read_on(
    connected: Connected, feed: Feed, places: dict[str, Place], since: datetime | None, found: Found
) -> Flow[tuple[datetime | None, bool]]:
    """Read a feed on from its place, which moves; since when it is read, and whether there is more."""
    for _ in range(MOST_PAGES):
        place = places.get(feed.name, Place())
        response = yield _request(connected, feed, place)
        since = since or response.received_at - REACH
        fresh, places[feed.name], again = advance(feed.key, place, since, _items(feed, response))
        unheard = _unheard(feed, place, found, fresh)
        for value in fresh:
            found.take(connected, value, feed.status, feed.told)
        for remote_id in unheard[:PAGE]:
            yield from _around(connected, remote_id, place, found)
        found.rest_until = _rest(response) or found.rest_until
        if found.rest_until or unheard or not again:
            return since, again
    return since, True


def _request(connected: Connected, feed: Feed, place: Place) -> Request:
    bounds = {"min_id": place.after, "max_id": place.before}
    given = {name: value for name, value in bounds.items() if value}
    return asking(connected, feed.path, {**feed.query, "limit": str(PAGE), **given})


def _items(feed: Feed, response: Response) -> Sequence[Json]:
    if feed.may_be_missing and response.status in MISSING:
        return ()
    return listed(answer(Request("GET", ""), response, REFUSALS))


def advance(
    key: Callable[[Record], str], place: Place, since: datetime | None, items: Sequence[Json]
) -> tuple[list[Json], Place, bool]:
    """What of a page is new, how far the feed is read with it, and whether more is known to be there."""
    keyed = [(_maybe(key, item), item) for item in items]
    ids = [known for known, _ in keyed if known]
    first = not place.after
    fresh = [
        item
        for known, item in keyed
        if not known or (_between(known, place) and not (first and _before(item, since)))
    ]
    if not ids:
        return fresh, Place(place.top or place.after), bool(place.after and place.before)
    oldest, top = min(ids, key=order), max([place.top, *ids], key=order)
    if place.after and order(top) < order(place.after):
        top = place.after
    ended = len(items) < MAYBE_CUT or (first and any(_before(item, since) for item in items))
    stands_still = bool(place.before) and order(oldest) >= order(place.before)
    if ended or stands_still or (place.after and order(oldest) <= order(place.after)):
        return fresh, Place(top), bool(place.after and place.before)
    return fresh, replace(place, before=oldest, top=top), True


def _between(known: str, place: Place) -> bool:
    newer = not place.after or order(known) > order(place.after)
    return newer and (not place.before or order(known) < order(place.before))


def _maybe(key: Callable[[Record], str], item: Json) -> str:
    try:
        return key(Record(item))
    except Unreadable:
        return ""


def _before(item: Json, since: datetime | None) -> bool:
    try:
        record = Record(item)
        inner = record.maybe_record("last_status") or record
        return since is not None and inner.time("created_at") < since
    except Unreadable:
        return False


def _unheard(feed: Feed, place: Place, found: Found, fresh: Sequence[Json]) -> list[str]:
    """Last messages of conversations of which no notification told: there may be others before them."""
    if feed.name != MESSAGES or not place.after:
        return []
    ids = (_maybe(feed.key, item) for item in fresh)
    return [remote_id for remote_id in ids if remote_id and remote_id not in found.items]


def _around(connected: Connected, remote_id: str, place: Place, found: Found) -> Flow[None]:
    """The other messages of a conversation that came since the last poll."""
    path = f"/api/v1/statuses/{quoted(remote_id)}/context"
    try:
        context = Record((yield from asked(asking(connected, path))))
    except Refused:
        return

    def new(status: Record) -> Record | None:
        inner = status_of(status.fields)
        private = inner.text("visibility") not in PUBLIC
        return inner if private and order(inner.key("id")) > order(place.after) else None

    for value in [*context.items("ancestors"), *context.items("descendants")]:
        found.take(connected, value, new)


def _rest(response: Response) -> datetime | None:
    """Until when to leave what few requests are left to answers, if few are."""
    left = response.headers.get("x-ratelimit-remaining", "").strip()
    if left.isascii() and left.isdigit() and int(left[:9]) <= RESERVE:
        return response.reset_at()
    return None


def _read_cursor(cursor: str) -> tuple[datetime | None, dict[str, Place]]:
    """How far the feeds were read; a cursor that cannot be read is as good as none."""
    places: dict[str, Place] = {}
    try:
        kept = Record(read_json(cursor or "{}", "The cursor cannot be read."))
        for name in FEEDS & kept.fields.keys():
            place = kept.record(name)
            places[name] = Place(*(place.text(part) for part in ("after", "before", "top")))
        return kept.maybe_time(SINCE), places
    except Unreadable:
        return None, {}


def _written(since: datetime | None, places: dict[str, Place]) -> str:
    kept: dict[str, Json] = {name: {**asdict(at)} for name, at in places.items()}
    if since and not all(at.after for at in places.values()):
        kept[SINCE] = since.isoformat()
    return json.dumps(kept, separators=(",", ":"), sort_keys=True)
