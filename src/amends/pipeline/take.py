"""Take in: one transaction from kept items to posts, cases and their place in the inbox."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import DataError, IntegrityError, transaction

from amends.core.values import Direction, Visibility
from amends.language.model import Model
from amends.pipeline import grievances
from amends.pipeline.arrival import Arrival, Change
from amends.pipeline.normalise import normalise
from amends.pipeline.receive import Item
from amends.pipeline.understand import labels, understand
from amends.store import outbox, policies, post_rows, post_times, posts, raw
from amends.store.cases import interval
from amends.store.plain import plain
from amends.store.post_rows import Labels, NewPost

_log = logging.getLogger(__name__)
BATCH = 500
_ABOUT_AN_ITEM = (DataError, IntegrityError, ValueError, TypeError, LookupError, ArithmeticError)
"""What may be wrong with one item; anything else is wrong with the desk and is tried again later."""


def take_in(model: Model | None, now: datetime, limit: int = BATCH) -> int:
    """Take in one batch of some brand's waiting items; returns how many, 0 when nothing can be taken now.

    One worker a brand at a time; workers of other brands go on beside it. A worker that dies leaves
    everything as it was before its batch.
    """
    for brand_id in raw.waiting_brands():
        if taken := take_in_of(brand_id, model, now, limit):
            return taken
    return 0


def take_in_of(brand_id: int, model: Model | None, now: datetime, limit: int = BATCH) -> int:
    """Take in one batch of a brand's waiting items; returns how many, 0 when nothing can be taken now.

    An item that cannot be taken in is found by halving, and given up with the reason; the others go on.
    """
    claimed: list[raw.Waiting] = []
    try:
        with transaction.atomic():
            if raw.try_brand_lock(brand_id) and (claimed := raw.claim(brand_id, limit)):
                _take(brand_id, claimed, model, now)
        return len(claimed)
    except _ABOUT_AN_ITEM as error:
        if len(claimed) > 1:
            return take_in_of(brand_id, model, now, len(claimed) // 2)
        return _give_up(brand_id, claimed, f"{type(error).__name__}: {error}")


def _give_up(brand_id: int, claimed: Sequence[raw.Waiting], why: str) -> int:
    _log.error("An item of brand %d could not be taken in: %s", brand_id, why)
    for item in claimed:
        raw.give_up(item.id, plain(why))
    return len(claimed)


def _take(brand_id: int, claimed: Sequence[raw.Waiting], model: Model | None, now: datetime) -> None:
    version, policy = policies.current(brand_id)
    batch = normalise(brand_id, claimed)
    understand(batch.arrivals, model, policy)
    plan = grievances.join(brand_id, batch.arrivals, policy)
    store(brand_id, batch.arrivals, now)
    plan.touched |= post_times.notice(batch.noticed)
    grievances.follow(plan, batch.arrivals, version, policy, now)
    posts.keep_originals(batch.originals, now)
    raw.ignore(batch.ignored | batch.emptied)
    raw.empty(batch.emptied)


def store(brand_id: int, arrivals: Sequence[Arrival], now: datetime) -> None:
    """Write the arrivals as posts: new rows, new words, words gone, labels."""
    new = [a for a in arrivals if a.change is Change.NEW]
    _find_automatic(brand_id, [a for a in new if not a.incoming])
    ids = post_rows.insert(brand_id, [(_row(arrival), _labels(arrival, now)) for arrival in new])
    for arrival in new:
        arrival.post_id = ids[arrival.key]
    edited = [a for a in arrivals if a.change is Change.EDITED and a.post_id]
    posts.edit([(a.post_id or 0, a.item.text, a.item.edited_at or now) for a in edited], now)
    read = [a for a in arrivals if a.change is not Change.NEW and a.reading]
    post_rows.label([(a.post_id or 0, _labels(a, now)) for a in read])
    posts.delete([a.post_id for a in arrivals if a.post_id and a.item.deleted], now)


def _find_automatic(brand_id: int, ours: Sequence[Arrival]) -> None:
    """Holding replies that the network tells of before their sending has come to an end answer nobody."""
    said = outbox.holding_replies(brand_id) if ours else ()
    for arrival in ours:
        arrival.automatic = any(text in arrival.item.text for text in said)


def _row(arrival: Arrival) -> NewPost:
    item = arrival.item
    return NewPost(
        channel=item.channel,
        remote_id=item.remote_id,
        account_id=arrival.account_id,
        author_id=arrival.author_id,
        conversation_id=arrival.conversation_id,
        direction=item.direction,
        visibility=item.visibility,
        text=item.text,
        url=item.url,
        in_reply_to=item.in_reply_to,
        posted_at=item.posted_at,
        claimed_at=item.claimed_at,
        received_at=arrival.received_at,
        clock_offset=interval(arrival.offset),
        edited_at=item.edited_at,
        automatic=arrival.automatic,
    )


def _labels(arrival: Arrival, now: datetime) -> Labels:
    reading, item = arrival.reading, arrival.item
    if reading is None:
        return Labels(None if arrival.incoming and not item.deleted else now, item.lang, arrival.case_id)
    return Labels(
        now,
        item.lang or reading.lang[:12],
        arrival.case_id,
        model=reading.model,
        complaint=round(reading.complaint, 4),
        is_complaint=reading.is_complaint,
        kind=reading.kind,
        severity=reading.severity,
        labels=json.dumps(labels(reading, item.text)),
        wants_answer=arrival.wants,
    )


def read_again(model: Model, now: datetime, limit: int = BATCH) -> int:
    """Have posts read that no model has read yet (it failed, or they were edited); returns how many."""
    for brand_id in posts.unread_brands():
        with transaction.atomic():
            if raw.try_brand_lock(brand_id) and (arrivals := _unread(brand_id, limit)):
                version, policy = policies.current(brand_id)
                understand(arrivals, model, policy)
                read = [a for a in arrivals if a.reading]
                plan = grievances.join(brand_id, read, policy)
                store(brand_id, read, now)
                grievances.follow(plan, read, version, policy, now)
                return len(read)
    return 0


def _unread(brand_id: int, limit: int) -> list[Arrival]:
    return [arrival_of(row) for row in posts.unread(brand_id, limit)]


def arrival_of(row: dict[str, Any]) -> Arrival:
    """A stored post in flight again, to be read anew."""
    item = Item(
        channel=row["channel"],
        remote_id=row["remote_id"],
        author_id="",
        text=row["text"],
        posted_at=row["posted_at"],
        in_reply_to=row["in_reply_to"],
        direction=Direction(row["direction"]),
        visibility=Visibility(row["visibility"]),
        lang=row["lang"],
        edited_at=row["edited_at"],
    )
    return Arrival(
        item,
        Change.READ,
        row["account_id"],
        row["received_at"],
        row["clock_offset"],
        post_id=row["id"],
        author_id=row["author_id"],
        conversation_id=row["conversation_id"],
        case_id=row["case_id"],
        parent_text=row["parent_text"],
    )
