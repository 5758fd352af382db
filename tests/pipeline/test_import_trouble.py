"""What cannot be taken in, and a model that fails: nothing is lost, and nobody else is held up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from tests.pipeline.imports import START, imported, line

from amends.clock import now as clock
from amends.language.reading import Reading
from amends.language.stand_in import StandIn
from amends.pipeline.importing import NotTakenIn, Tally
from amends.pipeline.receive import Item, receive
from amends.pipeline.take import take_in
from amends.store import brands, models
from amends.store.stats import stats


def test_an_item_that_cannot_be_taken_in_stops_nobody_else(desk: None) -> None:
    brand = brands.get_or_create("Acme", clock())
    items = [(Item("x", str(n), "ann", "Hello", START + timedelta(minutes=n)), b"%d" % n) for n in range(20)]
    receive(brand.pk, items, source="test", now=clock())
    with connection.cursor() as cursor:
        cursor.execute(
            'UPDATE store_waiting w SET fields = \'{"author_id": "ann", "posted_at": "never"}\' '
            "FROM store_raw r WHERE r.id = w.raw_id AND r.remote_id = '7'"
        )
    while take_in(StandIn(1.0), clock()):
        pass
    assert models.Post.objects.count() == 19
    spoilt = models.Raw.objects.get(remote_id="7")
    assert (spoilt.state, spoilt.reason) == ("failed", "ValueError: Invalid isoformat string: 'never'")
    assert spoilt.fields == {"author_id": "ann", "posted_at": "never"}
    assert stats().brands["Acme"].rejected == 1


class Broken(StandIn):
    """A model that brings the whole process of taking in down."""

    def read(self, texts: Any) -> list[Reading]:
        raise SystemError("no weights")


def test_a_model_that_fails_leaves_posts_unread_and_kept(desk: None) -> None:
    assert imported(line(1), model=Broken(1.0))[0].new == 1
    assert models.Post.objects.get().read_at is None


def test_trouble_in_taking_in_is_told_and_nothing_is_lost(desk: None) -> None:
    class Absent(StandIn):
        def read(self, texts: Any) -> list[Reading]:
            with connection.cursor() as cursor:
                cursor.execute("SELECT nothing_like_it()")
            return []

    with pytest.raises(NotTakenIn):
        imported(line(1) + line(2), model=Absent(1.0))
    assert models.Waiting.objects.count() == 2
    assert imported(line(1) + line(2))[0] == Tally(lines=2, repeated=2)
    assert models.Post.objects.count() == 2
