"""Hints do not pile up, one slow account holds up no other, and posts are kept without a model."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from django.db import connection

from amends import clock
from amends.language import reader
from amends.pipeline import wake
from amends.pipeline.receive import Item, receive
from amends.store import brands, sealed
from amends.store.models import Account, Brand, Post
from amends.work import once, tasks


@pytest.fixture
def brand(desk: None, now: datetime) -> Brand:
    once.stopping.clear()
    return brands.get_or_create("Brand", now)


def queued() -> list[tuple[str, str | None]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, lock FROM procrastinate_jobs ORDER BY id")
        return list(cursor.fetchall())


def account(brand: Brand, handle: str, **fields: object) -> Account:
    return Account.objects.create(
        brand=brand,
        channel="fake",
        handle=handle,
        base_url="http://127.0.0.1:9",
        token=sealed.seal("t"),
        created_at=brand.created_at,
        **fields,
    )


def test_one_hint_of_a_kind_waits_however_often_it_is_left(brand: Brand) -> None:
    for _ in range(5):
        wake.act()
        wake.take()
    assert [name for name, _ in queued()] == ["amends.act", "amends.take"]


def test_each_account_is_asked_once_at_a_time(brand: Brand) -> None:
    first, second = account(brand, "one"), account(brand, "two")
    account(brand, "away", active=False)
    for _ in range(3):
        tasks.poll()
    assert queued() == [("amends.poll_account", f"poll {each.pk}") for each in (first, second)]


def test_an_account_in_trouble_is_left_alone_for_a_while(brand: Brand) -> None:
    troubled = account(brand, "one")
    tasks.poll_account(troubled.pk)  # port 9 is not among the allowed addresses
    troubled.refresh_from_db()
    assert troubled.trouble
    assert troubled.retry_at
    assert troubled.retry_at > clock.now()
    tasks.poll()
    assert queued() == []


def test_posts_are_kept_when_the_model_cannot_be_loaded(
    brand: Brand, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = Item("fake", "1", "ann", "My parcel is lost, this is a scandal!", now)
    receive(brand.pk, [(item, b"{}")], source="test", now=now)
    with monkeypatch.context() as broken:
        broken.setattr(reader, "ROOM", Path("/no/such/weights"))
        reader.load.cache_clear()
        tasks.take()
    assert Post.objects.get().read_at is None
    tasks.take()
    assert Post.objects.get().read_at is not None
    reader.load.cache_clear()


def test_every_task_runs_on_an_empty_desk(brand: Brand) -> None:
    for task in (tasks.take, tasks.act, tasks.look, tasks.sweep, tasks.poll, tasks.checkpoint):
        task(timestamp=0)
    assert queued() == []
