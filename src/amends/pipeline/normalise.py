"""Normalise: from kept items to posts with an author and a conversation, whatever order they came in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from amends.core.joining import Link, conversation_key
from amends.pipeline.arrival import Arrival, Change
from amends.pipeline.receive import Item, item_of, noticed
from amends.store import posts, raw
from amends.store.posts import Key, Known

_KNOWN_MARK = "#"


@dataclass(slots=True)
class Sorted:
    """What a batch of kept items turned out to be; `noticed` are posts stored before, by id, with when our
    own server first told of them."""

    arrivals: list[Arrival] = field(default_factory=list)
    ignored: dict[int, str] = field(default_factory=dict)
    emptied: dict[int, str] = field(default_factory=dict)
    originals: list[tuple[int, str]] = field(default_factory=list)
    noticed: dict[int, datetime] = field(default_factory=dict)


def normalise(brand_id: int, waiting: Sequence[raw.Waiting]) -> Sorted:
    """Sort the items into new posts, edits, deletions and repeats, with authors and conversations found."""
    items = [(row, item_of(row)) for row in waiting]
    keys = {(item.channel, item.remote_id) for _, item in items}
    parents = {(item.channel, item.in_reply_to) for _, item in items if item.in_reply_to}
    known = posts.known(brand_id, keys | parents)
    result = Sorted()
    fresh: dict[Key, Arrival] = {}
    for row, item in items:
        _sort(row, item, known, fresh, result)
    _place(brand_id, [a for a in result.arrivals if a.change is Change.NEW], known, fresh)
    return result


def _sort(
    row: raw.Waiting, item: Item, known: dict[Key, Known], fresh: dict[Key, Arrival], result: Sorted
) -> None:
    key = (item.channel, item.remote_id)
    if earlier := fresh.get(key):
        _same_batch(row, item, earlier, result)
        return
    before = known.get(key)
    if before is None:
        arrival = Arrival(item, Change.NEW, row.account_id, row.received_at, row.clock_offset)
        fresh[key] = arrival
        result.arrivals.append(arrival)
        return
    if item.noticed_at:
        _told_of(before.id, item.noticed_at, result)
    change = _change(item, before)
    if before.deleted_at is not None:
        result.emptied[row.id] = "this post was deleted"
        return
    if _is_original(item, before):
        result.originals.append((before.id, item.text))
        return
    if change is None:
        result.ignored[row.id] = "this post is kept already"
        return
    arrival = Arrival(
        item,
        change,
        row.account_id,
        row.received_at,
        row.clock_offset,
        post_id=before.id,
        author_id=before.author_id,
        conversation_id=before.conversation_id,
        case_id=before.case_id,
    )
    fresh[key] = arrival
    result.arrivals.append(arrival)


def _told_of(post_id: int, noticed_at: datetime, result: Sorted) -> None:
    earlier = result.noticed.get(post_id, noticed_at)
    result.noticed[post_id] = min(earlier, noticed_at)


def _is_original(item: Item, before: Known) -> bool:
    """What a post said before the edit by which we first heard of it."""
    return before.edited_at is not None and not item.edited_at and not item.deleted


def _change(item: Item, before: Known) -> Change | None:
    if item.deleted:
        return Change.DELETED
    if item.edited_at and (before.edited_at is None or item.edited_at > before.edited_at):
        return Change.EDITED
    return None


def _same_batch(row: raw.Waiting, item: Item, earlier: Arrival, result: Sorted) -> None:
    """A second version within one batch changes the arrival itself: the later edit or the deletion holds,
    and the first word that our own server had of it."""
    if item.noticed_at and earlier.post_id:
        _told_of(earlier.post_id, item.noticed_at, result)
    elif item.noticed_at:
        earlier.item = noticed(earlier.item, item.noticed_at, earlier.received_at - earlier.offset)
    newer = item.edited_at and (earlier.item.edited_at is None or item.edited_at > earlier.item.edited_at)
    if item.deleted and not earlier.item.deleted:
        earlier.item = replace(earlier.item, deleted=True)
        if earlier.change is not Change.NEW:
            earlier.change = Change.DELETED
    elif newer and not earlier.item.deleted:
        earlier.item = replace(earlier.item, text=item.text, edited_at=item.edited_at)
    else:
        result.ignored[row.id] = "this post is kept already"
        return


def _place(brand_id: int, new: Sequence[Arrival], known: dict[Key, Known], fresh: dict[Key, Arrival]) -> None:
    if not new:
        return
    people = posts.authors(brand_id, [_author(arrival.item) for arrival in new])
    for arrival in new:
        arrival.author_id = people[arrival.item.channel, arrival.item.author_id]
        _know_parent(arrival, known, fresh)
    _into_conversations(brand_id, new, known)


def _author(item: Item) -> posts.NewAuthor:
    return posts.NewAuthor(
        item.channel, item.author_id, item.author_handle, item.author_name, item.author_followers
    )


def _know_parent(arrival: Arrival, known: dict[Key, Known], fresh: dict[Key, Arrival]) -> None:
    key = (arrival.item.channel, arrival.item.in_reply_to)
    if parent := known.get(key):
        arrival.parent_text, arrival.parent_case_id = parent.text, parent.case_id
    elif key in fresh:
        arrival.parent_text = fresh[key].item.text[:5000]


def _into_conversations(brand_id: int, new: Sequence[Arrival], known: dict[Key, Known]) -> None:
    wanted: dict[Key, list[Arrival]] = defaultdict(list)
    for channel, arrivals in _by_channel(new).items():
        links = {a.item.remote_id: _link(a.item) for a in arrivals}

        def found(remote_id: str, channel: str = channel) -> str | None:
            post = known.get((channel, remote_id))
            return f"{_KNOWN_MARK}{post.conversation_id}" if post else None

        for arrival in arrivals:
            wanted[channel, conversation_key(links[arrival.item.remote_id], links, found)].append(arrival)
    named = [key for key in wanted if not key[1].startswith(_KNOWN_MARK)]
    early = {(a.item.channel, f"p:{a.item.remote_id}"): a for a in new}
    there = posts.conversations(brand_id, {*named, *early})
    ids = there | posts.make_conversations(brand_id, [key for key in named if key not in there])
    for key, arrivals in wanted.items():
        conversation = ids[key] if key in ids else int(key[1].removeprefix(_KNOWN_MARK))
        for arrival in arrivals:
            arrival.conversation_id = conversation
    _gather_early_answers({there[key]: a for key, a in early.items() if key in there}, new)


def _gather_early_answers(waiting: dict[int, Arrival], new: Sequence[Arrival]) -> None:
    """Answers that came before their post wait in a conversation under its id: bring them here."""
    moves = {
        source: arrival.conversation_id
        for source, arrival in waiting.items()
        if source != arrival.conversation_id
    }
    for source in moves:
        moves[source] = _end(moves, source)
    moves = {source: target for source, target in moves.items() if source != target}
    posts.merge_conversations(moves)
    for arrival in new:
        arrival.conversation_id = moves.get(arrival.conversation_id, arrival.conversation_id)


def _end(moves: dict[int, int], start: int) -> int:
    """Where a chain of moves leads; a circle leads to its smallest member."""
    seen = [start]
    at = moves[start]
    while at in moves:
        if at in seen:
            return min(seen[seen.index(at) :])
        seen.append(at)
        at = moves[at]
    return at


def _by_channel(new: Iterable[Arrival]) -> dict[str, list[Arrival]]:
    groups: dict[str, list[Arrival]] = defaultdict(list)
    for arrival in new:
        groups[arrival.item.channel].append(arrival)
    return groups


def _link(item: Item) -> Link:
    return Link(item.remote_id, item.conversation_id, item.in_reply_to)
