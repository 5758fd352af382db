"""The team at work on its page: who is here or away, what they know, and who may say so."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import reverse
from tests.web.conftest import House, visitor

from amends.core.policy import Policy
from amends.core.values import Role
from amends.pipeline import sweep
from amends.store import at_work, history, models, policies

URL = "/b/the-brand/settings/team/"


def html(client: Client, url: str = URL) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return answer.content.decode()


def member(user: models.User) -> str:
    membership = models.Membership.objects.get(user=user)
    return reverse("member", args=["the-brand", membership.pk])


def row(page: str, name: str) -> str:
    """What the team's list says of somebody, without its tags."""
    team = page[page.index('id="team"') :]
    (found,) = [each for each in re.findall(r"<li>.*?</li>", team, re.DOTALL) if name in each]
    return " ".join(re.sub(r"<[^>]+>", " ", found).split())


def test_whoever_asks_for_pages_is_here_until_no_more_signs_come(house: House, client: Client) -> None:
    boss = house.person(Role.SUPERVISOR, name="Sam Super")
    assert "here" in row(html(client), "Ada Agent")
    assert "never seen" in row(html(client), "Sam Super")
    with time_machine.travel(house.now + at_work.LAPSES, tick=False):
        page = html(house.enter(boss))
        assert "last seen" in row(page, "Ada Agent")
        assert "here" in row(page, "Sam Super")


def test_a_page_a_second_notes_its_reader_once_a_minute(
    house: House, client: Client, agent: models.User
) -> None:
    html(client)
    with time_machine.travel(house.now + timedelta(seconds=59), tick=False):
        html(client)
    assert models.AtWork.objects.get(user=agent).seen_at == house.now
    with time_machine.travel(house.now + timedelta(seconds=60), tick=False):
        html(client)
    assert models.AtWork.objects.get(user=agent).seen_at == house.now + timedelta(seconds=60)


def test_strangers_leave_no_sign(house: House) -> None:
    visitor().get("/account/login/")
    assert not models.AtWork.objects.exists()


def test_anybody_goes_away_and_comes_back_in_all_their_brands(
    house: House, client: Client, agent: models.User
) -> None:
    models.Membership.objects.create(user=agent, brand=house.other, role=Role.AGENT)
    assert ">I am away</button>" in html(client, "/b/the-brand/")
    answer = client.post("/away/", {"away": "1", "back": "/b/the-brand/posts/"}, follow=True)
    assert answer.redirect_chain == [("/b/the-brand/posts/", 302)]
    page = answer.content.decode()
    assert "You are away" in page
    assert '<span class="badge warn">Away</span>' in page
    assert ">I am back</button>" in page
    assert models.Membership.objects.filter(user=agent, away_since=house.now).count() == 2
    assert "away" in row(html(client), "Ada Agent")
    back = client.post("/away/", {"away": "0", "back": "https://evil.example/"}, follow=True)
    assert "Welcome back" in back.content.decode()
    assert not models.Membership.objects.exclude(away_since=None).exists()
    actions = models.HistoryEntry.objects.filter(action__in=("went away", "came back"))
    assert actions.count() == 4
    assert client.get("/away/").status_code == 405
    assert list(history.faults()) == []


def test_people_say_themselves_what_they_know_and_supervisors_how_much_they_get(
    house: House, client: Client, agent: models.User, supervisor: models.User
) -> None:
    mine, boss = member(agent), house.enter(supervisor)
    assert "case_limit" not in html(client, mine)
    kept = client.post(mine, {"languages": "DE, en", "skills": "Legal,", "case_limit": "99"}, follow=True)
    assert "Kept." in kept.content.decode()
    assert "speaks de, en · can do legal" in row(html(client), "Ada Agent")
    membership = models.Membership.objects.get(user=agent)
    assert (membership.languages, membership.skills, membership.case_limit) == (["de", "en"], ["legal"], None)
    wrong = client.post(mine, {"languages": "german", "skills": ""}).content.decode()
    assert "write a language as its code, like de" in wrong
    assert 'value="german"' in wrong
    boss.post(mine, {"languages": "de, en", "skills": "legal", "case_limit": "4"})
    membership.refresh_from_db()
    assert membership.case_limit == 4
    client.post(mine, {"languages": "de", "skills": ""})
    membership.refresh_from_db()
    assert (membership.languages, membership.case_limit) == (["de"], 4)
    assert "0 of 4" in row(html(client), "Ada Agent")
    assert "from 0" in boss.post(mine, {"case_limit": "-1"}).content.decode()


def test_nobody_says_it_of_others_or_of_other_brands(
    house: House, client: Client, agent: models.User, supervisor: models.User
) -> None:
    assert client.get(member(supervisor)).status_code == 403
    assert client.post(member(supervisor), {"languages": "de"}).status_code == 403
    outsider = house.enter(house.person(Role.ADMIN, house.other))
    for url in (URL, member(agent)):
        assert outsider.get(url).status_code == 404
        assert visitor().get(url).status_code == 302
    assert outsider.get(member(agent).replace("the-brand", "another")).status_code == 404


@pytest.mark.parametrize(
    "junk", ["\x00", "\ud800".encode("utf-8", "replace").decode(), "9" * 400, "x" * 11_000, "🦆"]
)
def test_garbage_gets_an_answer_never_a_fault(house: House, supervisor: models.User, junk: str) -> None:
    boss = house.enter(supervisor)
    fields = dict.fromkeys(("languages", "skills", "case_limit", "away", "back"), junk)
    for url in (member(supervisor), "/away/"):
        assert boss.post(url, fields).status_code < 500


def test_the_page_says_how_cases_are_given(house: House, client: Client) -> None:
    assert "gives nobody cases" in html(client)


def test_the_record_of_a_case_says_why_the_desk_gave_it(house: House, client: Client) -> None:
    with transaction.atomic():
        document = {"assignment": {"how": "balanced", "usual_limit": 3}}
        policies.publish(house.brand.pk, Policy.model_validate(document), None, house.now)
    case = house.case()
    client.get("/b/the-brand/")
    sweep.sweep(house.now)
    page = html(client, f"/cases/{case.pk}/")
    assert "gave the case to Ada Agent" in page
    assert "Most of their limit is free." in page
    team = html(client)
    assert "1 of 3" in row(team, "Ada Agent")
    assert "largest share of their limit free" in team
