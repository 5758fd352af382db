"""Items that could not be taken in: shown with their reasons, and taken in once what was wrong is mended."""

from __future__ import annotations

from datetime import datetime

import pytest
from django.db import connection

from amends.core.values import Role
from amends.language.stand_in import StandIn
from amends.pipeline.people_checks import NotForYou
from amends.pipeline.receive import Item, receive
from amends.pipeline.take import take_in
from amends.pipeline.trying_again import try_again
from amends.store import brands, failed_items, history, models, raw
from amends.store.stats import stats


def spoil(brand: models.Brand, now: datetime, count: int) -> None:
    """Items that cannot be taken in, for a reason that is not theirs."""
    items = [(Item("x", f"{brand.pk}-{n}", "ann", f"Hello {n} “ü” \\", now), b"%d" % n) for n in range(count)]
    receive(brand.pk, items, source="test", now=now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT raw_id FROM store_waiting WHERE brand_id = %s", [brand.pk])
        waiting = [row[0] for row in cursor.fetchall()]
    for raw_id in waiting:
        raw.give_up(raw_id, "DataError: the disk was full")


def take(now: datetime) -> None:
    while take_in(StandIn(0.5), now):
        pass


def test_what_failed_is_shown_and_taken_in_once_more(desk: None, now: datetime) -> None:
    brand, other = brands.get_or_create("Acme", now), brands.get_or_create("Other", now)
    spoil(brand, now, 3)
    spoil(other, now, 1)
    raw.insert_failed(brand.pk, None, "x", [(b"garbage", "it is not JSON")], now)
    found = failed_items.of_brand(brand.pk)
    assert (found.total, found.again, len(found.items)) == (4, 3, 4)
    assert [(item.reason, item.again) for item in found.items][:2] == [
        ("it is not JSON", False),
        ("DataError: the disk was full", True),
    ]
    assert len(failed_items.of_brand(brand.pk, 2).items) == 2
    take(now)
    assert not models.Post.objects.exists()
    assert try_again(brand.pk, None, now) == 3
    take(now)
    assert set(models.Post.objects.values_list("text", flat=True)) == {f"Hello {n} “ü” \\" for n in range(3)}
    assert try_again(brand.pk, None, now) == 0
    assert {name: each.rejected for name, each in stats().brands.items()} == {"Acme": 1, "Other": 1}
    entry = models.HistoryEntry.objects.get(action="failed items tried again")
    assert (entry.chain, entry.actor) == (f"brand:{brand.pk}", "system")
    assert list(history.faults()) == []


def test_what_fails_again_is_failed_again_with_its_fields(desk: None, now: datetime) -> None:
    brand = brands.get_or_create("Acme", now)
    spoil(brand, now, 1)
    models.Raw.objects.update(fields={"author_id": "ann", "posted_at": "never"})
    assert try_again(brand.pk, None, now) == 1
    take(now)
    (item,) = failed_items.of_brand(brand.pk).items
    assert (item.reason, item.again) == ("ValueError: Invalid isoformat string: 'never'", True)


def test_only_an_admin_may(desk: None, now: datetime) -> None:
    brand = brands.get_or_create("Acme", now)
    spoil(brand, now, 1)
    for role in (Role.AGENT, Role.SUPERVISOR, Role.ADMIN):
        user = models.User.objects.create_user(f"{role}@example.org", name=role)
        models.Membership.objects.create(user=user, brand=brand, role=role)
        if role is Role.ADMIN:
            assert try_again(brand.pk, user, now) == 1
            continue
        with pytest.raises(NotForYou):
            try_again(brand.pk, user, now)
    stranger = models.User.objects.create_user("s@example.org", name="s")
    with pytest.raises(NotForYou):
        try_again(brand.pk, stranger, now)
