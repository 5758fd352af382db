"""The supervisor's screen: every figure right, for supervisors only, and fast on a full desk."""

from __future__ import annotations

import re
import time
from datetime import timedelta

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.web.conftest import House

from amends.core import events
from amends.core.values import Doing, Role, Severity
from amends.pipeline import actions, decide
from amends.store import models, now, presence

REDRAW = {"HX-Request": "true", "Redraw": "now"}


@pytest.fixture
def boss(house: House, supervisor: models.User) -> Client:
    return house.enter(supervisor)


def test_agents_and_strangers_to_the_brand_have_no_such_screen(house: House, client: Client) -> None:
    assert client.get("/b/the-brand/now/").status_code == 403
    assert "/now/" not in client.get("/b/the-brand/").content.decode()
    elsewhere = house.enter(house.person(Role.ADMIN, house.other))
    assert elsewhere.get("/b/the-brand/now/").status_code == 404


def test_an_empty_brand_says_so(boss: Client) -> None:
    page = boss.get("/b/the-brand/now/").content.decode()
    for words in ("Nothing stands", "No case is open.", "nobody", "has done nothing yet"):
        assert words in page


def test_the_figures(house: House, boss: Client, supervisor: models.User, agent: models.User) -> None:
    late = house.case("critical It burns", "ann", minutes=300, lang="de")
    house.case("low Meh", "bob", minutes=1)
    mine = house.case("high Lost", "cid", minutes=200)
    done = house.case("high Late", "dan", minutes=5)
    aside = house.case("low Later", "eve", minutes=2)
    by = decide.person(agent.pk)
    actions.take(mine, agent.pk, None, by, house.now)
    decide.happen(mine.pk, events.Promised(house.now + timedelta(minutes=30)), by, house.now)
    decide.happen(done.pk, events.NeedsNoAnswer(), by, house.now)
    decide.happen(done.pk, events.CustomersTurn("asked for a number"), by, house.now)
    decide.happen(aside.pk, events.Snoozed(house.now + timedelta(hours=3)), by, house.now)
    presence.put(presence.Place(agent.pk, "ab12cd34"), house.brand.pk, mine.pk, Doing.ANSWERING, house.now)
    found = now.now(house.brand.pk, house.now)
    whole = found.clocks
    assert (whole.open, whole.waiting, found.snoozed, whole.with_customer) == (4, 3, 1, 1)
    assert (whole.overdue, whole.soon) == (_overdue(house), _soon(house))
    assert whole.overdue >= 1
    assert (whole.promised, whole.promised_overdue) == (1, 0)
    assert (whole.oldest, found.oldest_case) == (house.now - timedelta(minutes=300), late.pk)
    assert found.worst_case == late.pk
    assert [(severity, part.waiting) for severity, part in found.severities.items()] == [
        (Severity.CRITICAL, 1),
        (Severity.HIGH, 1),
        (Severity.LOW, 1),
    ]
    assert sum(part.waiting for part in found.bands.values()) == 3
    assert list(found.bands) == sorted(found.bands, reverse=True)
    assert sum(part.waiting for part in found.places.values()) == 3
    first, second = found.people
    assert (first.id, first.clocks.waiting, first.at[0].doing) == (agent.pk, 1, Doing.ANSWERING)
    assert (second.id, second.at) == (supervisor.pk, ())
    assert first.last_deed_at == house.now
    assert [hour.complaints for hour in found.hours] == [3, 0, 0, 1, 0, 1]
    page = boss.get("/b/the-brand/now/").content.decode()
    assert f'href="/cases/{late.pk}/"' in page
    assert f'answers <a href="/cases/{mine.pk}/">case {mine.pk}</a>' in page
    assert page.count("<caption") == 5
    assert not re.search(r"\bstyle=|\bonclick=", page)


def _overdue(house: House) -> int:
    return models.Case.objects.filter(brand=house.brand, state="open", due_at__lte=house.now).count()


def _soon(house: House) -> int:
    within = (house.now + timedelta(microseconds=1), house.now + timedelta(hours=1))
    return models.Case.objects.filter(brand=house.brand, state="open", due_at__range=within).count()


def test_imported_history_stands_on_its_own_clock(house: House) -> None:
    item = house.item("high Old", "old", minutes=60 * 24 * 300 + 5)
    house.arrive(item, offset=timedelta(days=300))
    found = now.now(house.brand.pk, house.now)
    assert found.clocks.oldest == house.now - timedelta(minutes=5)
    assert found.clocks.overdue == 0


def test_an_open_page_asks_for_what_may_change(house: House, boss: Client) -> None:
    house.case()
    page = boss.get("/b/the-brand/now/", headers=REDRAW).content.decode()
    assert "<html" not in page
    for part in ("alerts", "list", "now-clocks", "now-queue", "now-people", "now-load"):
        assert f'id="{part}"' in page
    assert 'data-every="5000"' in page


def test_figures_are_rendered_once_for_all_who_heard_of_the_same_change(house: House, boss: Client) -> None:
    house.case()
    other = house.enter(house.person(Role.ADMIN))
    heard = {"HX-Request": "true", "Redraw": "0123456789abcdef"}
    with CaptureQueriesContext(connection) as first:
        boss.get("/b/the-brand/now/", headers=heard)
    with CaptureQueriesContext(connection) as second:
        other.get("/b/the-brand/now/", headers=heard)
    assert any("GROUPING SETS" in query["sql"] for query in first)
    assert not any("GROUPING SETS" in query["sql"] for query in second)


MANY = """
INSERT INTO store_case (brand_id, channel, author_id, conversation_id, assignee_id, state, kind, severity,
    graded_by_person, lang, standing, abusive, harm, reasons, lead_id, opened_at, last_post_at, listed_at,
    waiting_since, due_at, clock_offset, band, sort_at, resolution, sends_open, on_hold, posts_in,
    policy_version, history_count, history_head, hands_over, pauses)
SELECT brand_id, (ARRAY['fake', 'mastodon', 'forum'])[1 + n %% 3], author_id, conversation_id,
    CASE WHEN n %% 4 = 0 THEN NULL ELSE (SELECT min(user_id) + n %% 37 FROM store_membership
        WHERE brand_id = c.brand_id) END,
    'open', kind, (ARRAY['low', 'medium', 'high', 'critical'])[1 + n / 7 %% 4], false,
    (ARRAY['en', 'de', 'fr', 'es', ''])[1 + n / 3 %% 5], standing, false, harm, reasons, lead_id, opened_at,
    last_post_at, listed_at, waiting_since - n * interval '1 second', due_at - n * interval '1 second', '0',
    n / 11 %% 10, sort_at - n * interval '1 second', '', 0, false, 1, 1, 0, '', false, '[]'
FROM store_case c, generate_series(1, %s) AS n WHERE c.id = %s
"""


def test_the_page_over_fifty_thousand_open_cases_takes_less_than_two_tenths_of_a_second(
    house: House, boss: Client
) -> None:
    for number in range(40):
        house.person(Role.AGENT, name=f"Agent {number}")
    case = house.case()
    with connection.cursor() as cursor:
        cursor.execute(MANY, [50_000, case.pk])
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE store_case")
    boss.get("/b/the-brand/now/")
    took = []
    for _ in range(5):
        began = time.perf_counter()
        answer = boss.get("/b/the-brand/now/")
        took.append(time.perf_counter() - began)
    assert answer.status_code == 200
    assert b'<dd class="num">50001</dd>' in answer.content
    assert min(took) < 0.2, took
    models.Case.objects.filter(policy_version=1, history_count=0).delete()
