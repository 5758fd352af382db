"""What open screens ask of the desk: a stream, and to be shown as being at a case."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.web.conftest import House, visitor

from amends.core.values import Doing, Role
from amends.pipeline.listening import Admitted
from amends.store import models, presence

PAGE = {"HX-Request": "true"}


def test_a_page_of_the_desk_may_listen_to_all_brands_of_its_reader(
    house: House, client: Client, agent: models.User
) -> None:
    answer = client.get("/live/", headers=PAGE)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/event-stream"
    assert answer["Cache-Control"] == "no-store, no-transform"
    assert answer["X-Accel-Buffering"] == "no"
    assert isinstance(answer, Admitted)
    listener = answer.listener
    assert (listener.user_id, set(listener.brand_ids)) == (agent.pk, {house.brand.pk})
    assert listener.session == client.session.session_key


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"HX-Request": "1"},
        {**PAGE, "Sec-Fetch-Site": "cross-site"},
        {**PAGE, "Sec-Fetch-Site": "same-site"},
        {**PAGE, "Sec-Fetch-Site": "none"},
    ],
)
def test_nobody_else_may(house: House, client: Client, headers: dict[str, str]) -> None:
    assert client.get("/live/", headers=headers).status_code == 403


def test_strangers_are_told_to_sign_in(house: House) -> None:
    assert visitor().get("/live/", headers=PAGE).status_code == 401


def here(client: Client, case: models.Case, doing: str = "reading", place: str = "ab12cd34") -> int:
    return client.post(f"/cases/{case.pk}/here/", {"doing": doing, "place": place}).status_code


def test_colleagues_see_who_is_at_a_case(house: House, client: Client, agent: models.User) -> None:
    case = house.case()
    assert here(client, case, "answering") == 204
    (somebody,) = presence.at(case.pk, house.now)
    assert (somebody.id, somebody.name, somebody.doing) == (agent.pk, "Ada Agent", Doing.ANSWERING)
    assert client.post("/live/gone/", {"place": "ab12cd34"}).status_code == 204
    assert presence.at(case.pk, house.now) == ()


def test_nobody_is_at_a_case_of_another_brand(house: House) -> None:
    outsider = house.enter(house.person(Role.ADMIN, house.other))
    case = house.case()
    assert here(outsider, case) == 404
    assert presence.at(case.pk, house.now) == ()


@pytest.mark.parametrize("place", ["", "x" * 8, "ab", "a" * 33, "<script>"])
def test_a_window_has_a_name_of_its_kind(house: House, client: Client, place: str) -> None:
    assert here(client, house.case(), place=place) == 400
    assert client.post("/live/gone/", {"place": place}).status_code == 400


def test_what_is_done_is_one_of_few_words(house: House, client: Client) -> None:
    assert here(client, house.case(), "typing") == 400


def test_without_a_token_of_the_form_nothing_is_said(house: House, agent: models.User) -> None:
    strict = visitor(enforce_csrf_checks=True)
    strict.force_login(agent, "amends.web.signed_in.Backend")
    assert here(strict, house.case()) == 403


def test_presence_lapses(house: House, client: Client) -> None:
    case = house.case()
    here(client, case)
    assert presence.at(case.pk, house.now + timedelta(seconds=44))
    assert not presence.at(case.pk, house.now + timedelta(seconds=46))


def answer_form(house: House, client: Client, case: models.Case) -> dict[str, str]:
    html = client.get(f"/cases/{case.pk}/").content.decode()
    form = html[html.index('id="reply-form"') :]
    names = ("key", "to_post", "despite")
    fields = {name: re.search(rf'name="{name}" value="([^"]*)"', form) for name in names}
    return {name: found[1] for name, found in fields.items() if found} | {"text": "We look into it."}


def test_who_else_writes_stops_an_answer_until_somebody_insists(house: House, client: Client) -> None:
    house.connect()
    case = house.case()
    boss = house.person(Role.SUPERVISOR, name="Sam Super")
    here(house.enter(boss), case, "answering")
    form = answer_form(house, client, case)
    for _ in range(2):
        told = client.post(f"/cases/{case.pk}/reply/", form)
        assert told.status_code == 409
    html = told.content.decode()
    assert "Sam Super is writing an answer to this person, since 12:00 UTC" in html
    assert "We look into it." in html
    assert models.Send.objects.count() == 0
    assert f'name="despite" value="{boss.pk}"' in html
    other = house.person(Role.AGENT, name="Olga")
    here(house.enter(other), case, "answering")
    more = client.post(f"/cases/{case.pk}/reply/", {**form, "despite": str(boss.pk)})
    assert more.status_code == 409, "of Olga it was not told"
    assert "Olga is writing" in more.content.decode()
    sure = {**form, "despite": f"{boss.pk},{other.pk}"}
    assert client.post(f"/cases/{case.pk}/reply/", sure).status_code == 302
    assert models.Send.objects.count() == 1
    page = client.get(f"/cases/{case.pk}/").content.decode()
    assert "wrote an answer though a colleague was answering, too" in page


def test_own_windows_and_readers_warn_of_nothing(house: House, client: Client) -> None:
    house.connect()
    case = house.case()
    here(client, case, "answering", "0123456789")
    here(house.enter(house.person(Role.AGENT)), case, "reading")
    assert client.post(f"/cases/{case.pk}/reply/", answer_form(house, client, case)).status_code == 302


def test_another_case_of_the_same_person_counts(house: House, client: Client) -> None:
    house.connect()
    first = house.case("high My parcel is lost", "ann")
    client.post(f"/cases/{first.pk}/resolve/", {"resolution": "answered", "why": "done"})
    second = house.case("high And another one", "ann", minutes=-9)
    here(house.enter(house.person(Role.AGENT, name="Ben")), first, "answering")
    told = client.post(f"/cases/{second.pk}/reply/", answer_form(house, client, second))
    assert first.pk != second.pk
    assert told.status_code == 409
    assert "Ben is writing" in told.content.decode()


def test_an_open_list_is_drawn_anew_from_its_own_address(house: House, client: Client) -> None:
    case = house.case()
    page = client.get("/b/the-brand/?view=unassigned", headers={"Redraw": "now"})
    html = page.content.decode()
    assert f'id="case-{case.pk}"' in html
    assert 'id="views"' in html
    assert 'id="pages"' in html
    assert "<html" not in html
    assert page["Cache-Control"] == "no-store"
    posts = client.get("/b/the-brand/posts/", headers={"Redraw": "now"}).content.decode()
    assert 'id="list"' in posts
    assert 'id="views"' not in posts


def test_those_who_heard_the_same_share_what_was_rendered(house: House, client: Client) -> None:
    heard = {"Redraw": "0123456789abcdef"}
    house.case()
    first = client.get("/b/the-brand/", headers=heard).content
    house.case("high Another", "bob")
    colleague = house.enter(house.person(Role.AGENT))
    assert client.get("/b/the-brand/", headers={"Redraw": "now"}).content != first
    assert client.get("/b/the-brand/", headers={"Redraw": "ffffffffffffffff"}).content != first
    shared = colleague.get("/b/the-brand/", headers=heard).content.decode()
    assert shared.split('id="list"')[1] == first.decode().split('id="list"')[1]
    assert (
        house.enter(house.person(Role.ADMIN, house.other)).get("/b/the-brand/", headers=heard).status_code
        == 404
    )


def test_what_is_shared_is_nobodys_own(house: House, client: Client, agent: models.User) -> None:
    case = house.case()
    client.post(f"/cases/{case.pk}/take/", {"was": ""})
    heard = {"Redraw": "00000000aaaaaaaa"}
    html = client.get("/b/the-brand/", headers=heard).content.decode()
    assert f'data-owner="{agent.pk}"><bdi>Ada Agent</bdi>' in html
    mine = "/b/the-brand/?view=mine"
    assert f'id="case-{case.pk}"' in client.get(mine, headers=heard).content.decode()
    other = house.enter(house.person(Role.AGENT))
    assert f'id="case-{case.pk}"' not in other.get(mine, headers=heard).content.decode()


def test_a_list_drawn_anew_costs_five_queries_and_shared_less(house: House, client: Client) -> None:
    house.case()
    client.get("/b/the-brand/")
    heard = {"Redraw": "1111111111111111"}
    for most in (5, 4):
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/b/the-brand/", headers=heard).status_code == 200
        assert len(queries) <= most, [query["sql"][:90] for query in queries.captured_queries]


def test_every_page_says_how_many_wait(house: House, client: Client) -> None:
    house.case()
    house.case("question When do you open?", "bob")
    for path in ("/b/the-brand/search/", "/b/the-brand/posts/"):
        assert '<span class="num">2</span>' in client.get(path).content.decode()
