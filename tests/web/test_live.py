"""What open screens ask of the desk: a stream, and to be shown as being at a case."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
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
    strict.force_login(agent, "allauth.account.auth_backends.AuthenticationBackend")
    assert here(strict, house.case()) == 403


def test_presence_lapses(house: House, client: Client) -> None:
    case = house.case()
    here(client, case)
    assert presence.at(case.pk, house.now + timedelta(seconds=44))
    assert not presence.at(case.pk, house.now + timedelta(seconds=46))
