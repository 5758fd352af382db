"""The record: chains that hold, contents that can go, and rows that nobody can change."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import datetime
from typing import LiteralString

import psycopg
import pytest
from django.db import DatabaseError, connection, connections, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amends.core import events
from amends.language.stand_in import StandIn
from amends.pipeline import decide
from amends.pipeline.receive import Item, receive
from amends.pipeline.take import take_in
from amends.site.cluster import Cluster
from amends.store import agreement, brands, erasure, history, models


def record(now: datetime, *bodies: history.Body, brand: int | None = None) -> None:
    with transaction.atomic():
        history.record(brand, [history.Line(now, history.SYSTEM, "noted", 1, body) for body in bodies])


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE store_historyentry SET actor = 'person:1'",
        "DELETE FROM store_historyentry",
        "TRUNCATE store_historyentry CASCADE",
        "UPDATE store_historycontent SET body = '{}'",
        "TRUNCATE store_historycontent",
        "ALTER TABLE store_historyentry DISABLE TRIGGER ALL",
        "DROP TABLE store_historycontent",
        "SET session_replication_role = replica",
        "SET ROLE amends_owner",
    ],
)
def test_the_application_cannot_change_what_is_on_record(desk: None, now: datetime, statement: str) -> None:
    record(now, {"text": "one"})
    assert connection.settings_dict["USER"] == "amends_app"
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert models.HistoryEntry.objects.count() == 1
    assert list(history.faults()) == []


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("UPDATE store_historyentry SET actor = actor", "Cannot update"),
        ("DELETE FROM store_historyentry", "Cannot update or delete"),
        ("TRUNCATE store_historyentry CASCADE", "append-only"),
        ("UPDATE store_historycontent SET body = body", "Cannot update"),
        ("TRUNCATE store_historycontent", "append-only"),
    ],
)
def test_not_even_the_owner_changes_it_in_passing(
    desk: None, cluster: Cluster, now: datetime, statement: LiteralString, refusal: str
) -> None:
    record(now, {"text": "one"})
    name = str(connection.settings_dict["NAME"])
    with (
        psycopg.connect(cluster.url("amends_owner", name)) as owner,
        pytest.raises(psycopg.Error, match=refusal),
    ):
        owner.execute(statement)


def test_erasing_contents_leaves_chains_whole(desk: None, now: datetime) -> None:
    record(now, {"text": "secret"}, {"text": "other"})
    first = models.HistoryEntry.objects.earliest("id")
    assert erasure.erase_contents([first.pk], "asked for by law", history.SYSTEM, now) == 1
    assert erasure.erase_contents([first.pk], "asked for by law", history.SYSTEM, now) == 0
    assert [*history.faults(), *agreement.faults()] == []
    assert models.HistoryContent.objects.count() == 2
    assert "secret" not in str(list(models.HistoryContent.objects.values()))


def test_a_case_can_be_erased_from_the_record(desk: None, now: datetime) -> None:
    brand = brands.get_or_create("Erased", now)
    receive(brand.pk, [(Item("fake", "1", "ann", "It is broken", now), b"1")], source="test", now=now)
    assert take_in(StandIn(1.0), now) == 1
    case = models.Case.objects.get()
    entries = models.HistoryEntry.objects.filter(chain=f"case:{case.pk}").count()
    assert erasure.erase_contents_of_case(case.pk, "asked for by law", history.SYSTEM, now) == entries > 0
    (left,) = models.HistoryContent.objects.filter(case=case)
    assert left.body["why"] == "asked for by law"
    assert models.HistoryEntry.objects.filter(chain=f"case:{case.pk}").count() == entries + 1
    assert [*history.faults(), *agreement.faults()] == []


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE store_historycontent SET person_id = 999 WHERE case_id IS NOT NULL", "whose it is"),
        ("UPDATE store_historycontent SET case_id = NULL WHERE case_id IS NOT NULL", "whose it is"),
        ("DELETE FROM store_historycontent", "is gone"),
        ('UPDATE store_policyversion SET document = document || \'{"time_zone": "Asia/Tokyo"}\'', "policy"),
        ("UPDATE store_case SET state = 'resolved', resolution = 'lost'", "stand where"),
        ("UPDATE store_case SET severity = 'critical'", "severity"),
    ],
)
def test_rows_that_contradict_the_record_are_found(
    desk: None, cluster: Cluster, now: datetime, statement: LiteralString, what: str
) -> None:
    brand = brands.get_or_create("Contradicted", now)
    receive(brand.pk, [(Item("fake", "1", "ann", "It is broken", now), b"1")], source="test", now=now)
    assert take_in(StandIn(1.0), now) == 1
    ada = models.User.objects.create_user("ada@example.org", name="Ada").pk
    decide.happen(models.Case.objects.get().pk, events.Noted("call back"), decide.person(ada), now)
    assert [*history.faults(), *agreement.faults()] == []
    name = str(connection.settings_dict["NAME"])
    with psycopg.connect(cluster.url("postgres", name)) as superuser:
        superuser.execute("SET session_replication_role = replica")
        superuser.execute(statement)
    assert any(what in fault.what for fault in agreement.faults())


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.text(st.characters(codec=None), max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=st.lists(st.dictionaries(st.text(max_size=8), json_values, max_size=3), min_size=1, max_size=3))
def test_any_content_can_be_put_on_record_and_checked(
    desk: None, now: datetime, bodies: Iterable[dict[str, object]]
) -> None:
    record(now, *bodies)
    assert list(history.faults()) == []


def test_many_writers_make_one_chain(desk: None, now: datetime) -> None:
    def writer(name: int) -> None:
        for number in range(10):
            record(now, {"writer": name, "number": number})
        connections.close_all()

    threads = [threading.Thread(target=writer, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(history.faults()) == []
    assert list(models.HistoryEntry.objects.order_by("id").values_list("position", flat=True)) == list(
        range(1, 41)
    )
