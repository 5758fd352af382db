"""Who is at a case: said, told once, gone with the window, the stream or the time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import psycopg
import pytest

from amends.core.values import Doing, Role
from amends.site.cluster import Cluster
from amends.store import brands, live, models, presence
from amends.store.live import Notice
from amends.store.presence import Place

CASE, OTHER = 17, 18
AN_HOUR = timedelta(hours=1)


class Ear:
    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        connection.execute(f"LISTEN {live.CHANNEL}".encode())

    def heard(self) -> list[int]:
        found = [live.heard(notify.payload) for notify in self.connection.notifies(timeout=0.2)]
        return [notice.present for notice in found if isinstance(notice, Notice)]


@pytest.fixture
def ear(desk: None, cluster: Cluster) -> Iterator[Ear]:
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        yield Ear(connection)


@pytest.fixture
def brand(desk: None, now: datetime) -> models.Brand:
    return brands.get_or_create("The Brand", now)


def person(brand: models.Brand, name: str) -> models.User:
    user = models.User.objects.create_user(f"{name}@example.org", name=name)
    models.Membership.objects.create(user=user, brand=brand, role=Role.AGENT)
    return user


def names(case_id: int, now: datetime) -> dict[str, Doing]:
    return {somebody.name: somebody.doing for somebody in presence.at(case_id, now)}


def test_a_sign_of_life_that_changes_nothing_tells_nobody(
    brand: models.Brand, now: datetime, ear: Ear
) -> None:
    ada = Place(person(brand, "Ada").pk, "a1", "s1")
    presence.put(ada, brand.pk, CASE, Doing.READING, now)
    assert ear.heard() == [CASE]
    later = now + timedelta(seconds=20)
    presence.put(ada, brand.pk, CASE, Doing.READING, later)
    assert ear.heard() == []
    presence.put(ada, brand.pk, CASE, Doing.ANSWERING, later)
    assert ear.heard() == [CASE]
    presence.put(ada, brand.pk, OTHER, Doing.READING, later)
    assert ear.heard() == [CASE, OTHER]
    presence.put(ada, brand.pk, OTHER, Doing.READING, later + AN_HOUR)
    assert ear.heard() == [OTHER]


def test_the_most_that_somebody_does_in_any_window_counts(brand: models.Brand, now: datetime) -> None:
    ada = person(brand, "Ada").pk
    presence.put(Place(ada, "a1"), brand.pk, CASE, Doing.ANSWERING, now)
    presence.put(Place(ada, "a2"), brand.pk, CASE, Doing.READING, now)
    presence.put(Place(person(brand, "Ben").pk, "b1"), brand.pk, CASE, Doing.NOTING, now)
    assert names(CASE, now) == {"Ada": Doing.ANSWERING, "Ben": Doing.NOTING}
    assert {case for _, case in presence.in_brands([brand.pk], now)} == {CASE}
    assert presence.in_brands([brand.pk + 1], now) == {}


def test_it_ends_with_the_window_the_stream_or_the_time(brand: models.Brand, now: datetime, ear: Ear) -> None:
    ada = person(brand, "Ada").pk
    for window, stream in (("a1", "s1"), ("a2", "s2"), ("a3", "")):
        presence.put(Place(ada, window, stream), brand.pk, CASE, Doing.READING, now)
    ear.heard()
    presence.leave(ada, "a1")
    presence.leave(ada, "a1")
    assert ear.heard() == [CASE]
    presence.streams_ended(["s2", "nobody"])
    assert ear.heard() == [CASE]
    assert names(CASE, now) == {"Ada": Doing.READING}
    assert names(CASE, now + presence.LAPSES) == {}
    presence.forget(now + AN_HOUR)
    assert models.Presence.objects.count() == 0


def test_nobody_leaves_for_another(brand: models.Brand, now: datetime) -> None:
    ada, ben = person(brand, "Ada").pk, person(brand, "Ben").pk
    presence.put(Place(ada, "a1"), brand.pk, CASE, Doing.READING, now)
    presence.leave(ben, "a1")
    presence.put(Place(ben, "a1"), brand.pk, OTHER, Doing.READING, now)
    assert names(CASE, now) == {"Ada": Doing.READING}


def test_who_has_left_the_brand_is_not_shown(brand: models.Brand, now: datetime) -> None:
    ada = person(brand, "Ada")
    presence.put(Place(ada.pk, "a1"), brand.pk, CASE, Doing.READING, now)
    models.Membership.objects.all().delete()
    assert names(CASE, now) == {}


def test_windows_of_one_person_are_bounded(brand: models.Brand, now: datetime) -> None:
    ada = person(brand, "Ada").pk
    for number in range(presence.MOST_PLACES + 5):
        place = Place(ada, f"a{number}")
        presence.put(place, brand.pk, number + 1, Doing.READING, now + timedelta(milliseconds=number))
    assert models.Presence.objects.count() == presence.MOST_PLACES
    assert names(1, now) == {}


def test_the_table_is_not_logged(desk: None, cluster: Cluster) -> None:
    with psycopg.connect(cluster.url("postgres")) as admin:
        found = admin.execute(
            "SELECT relpersistence FROM pg_class WHERE relname = 'store_presence'"
        ).fetchone()
    assert found == ("u",)
