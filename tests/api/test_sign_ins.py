"""Connecting an account through the API: begun by a program, consented to by its person."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client, override_settings
from tests.api.conftest import Caller, Desk
from tests.channels.consent import ConsentServer, serving

from amends.core.scopes import Scope
from amends.core.values import Role
from amends.store.models import Account, Membership, SignIn


@pytest.fixture
def server() -> Iterator[ConsentServer]:
    with serving(ConsentServer()) as served:
        here = frozenset({served.base.removeprefix("http://")})
        with override_settings(ALLOW_HOSTS=here, URL="http://127.0.0.1"):
            yield served


def wanted(server: ConsentServer, **more: object) -> dict[str, object]:
    return {"channel": "mastodon", "server": f"{server.base}/@brand"} | more


def connected() -> list[str]:
    return list(Account.objects.filter(channel="mastodon", active=True).values_list("handle", flat=True))


def test_a_program_connects_an_account_with_a_code_that_is_shown(api: Desk, server: ConsentServer) -> None:
    caller = api.caller(Scope.ADMIN)
    begun = caller.post("/accounts/sign-in", wanted(server, shows_code=True))
    assert begun.status_code == 201, begun.content
    told = begun.json()
    assert (told["server"], told["shows_code"]) == (server.base, True)
    assert "write:statuses" in told["asks"]
    code = server.consent(told["url"])
    path = f"/accounts/sign-in/{told['id']}/code"
    wrong = caller.post(path, {"code": "wrong"})
    assert (wrong.status_code, wrong.json()["errors"][0]["where"]) == (422, "body.code")
    made = caller.post(path, {"code": code})
    assert made.status_code == 200, made.content
    assert made.json()["handle"] == connected()[0]
    (token,) = server.tokens
    assert token not in made.content.decode()
    assert caller.post(path, {"code": code}).status_code == 409


def test_the_persons_browser_may_finish_it(api: Desk, server: ConsentServer) -> None:
    told = api.caller(Scope.ADMIN).post("/accounts/sign-in", wanted(server)).json()
    assert not told["shows_code"]
    address = server.consent(told["url"])
    path = address.removeprefix("http://127.0.0.1")
    browser = Client(SERVER_NAME="127.0.0.1")
    assert browser.get(path).status_code == 403
    Membership.objects.filter(user=api.ben).update(role=Role.ADMIN)
    browser.force_login(api.ben, "amends.web.signed_in.Backend")
    assert browser.get(path).status_code == 400
    browser.force_login(api.ada, "amends.web.signed_in.Backend")
    assert browser.get(path).status_code == 302
    assert len(connected()) == 1


def test_a_known_account_gets_a_new_token(api: Desk, server: ConsentServer) -> None:
    caller = api.caller(Scope.ADMIN)
    told = caller.post("/accounts/sign-in", wanted(server, shows_code=True)).json()
    code = {"code": server.consent(told["url"])}
    made = caller.post(f"/accounts/sign-in/{told['id']}/code", code).json()
    again = caller.post(f"/accounts/{made['id']}/sign-in", {"shows_code": True}).json()
    other = {"code": server.consent(again["url"], "other")}
    refused = caller.post(f"/accounts/sign-in/{again['id']}/code", other)
    assert refused.status_code == 409
    assert "another account" in refused.json()["detail"]
    again = caller.post(f"/accounts/{made['id']}/sign-in", {"shows_code": True}).json()
    code = {"code": server.consent(again["url"])}
    renewed = caller.post(f"/accounts/sign-in/{again['id']}/code", code)
    assert (renewed.status_code, renewed.json()["id"]) == (200, made["id"])


def test_what_somebody_else_or_a_browser_began_is_not_finished_by_a_program(
    api: Desk, server: ConsentServer
) -> None:
    Membership.objects.filter(user=api.ben).update(role=Role.ADMIN)
    told = api.caller(Scope.ADMIN).post("/accounts/sign-in", wanted(server, shows_code=True)).json()
    code = {"code": server.consent(told["url"])}
    path = f"/accounts/sign-in/{told['id']}/code"
    assert api.caller(Scope.ADMIN, user=api.ben).post(path, code).status_code == 404
    assert api.caller(Scope.ADMIN, brand=api.other).post(path, code).status_code == 404
    SignIn.objects.update(session_hash="of a browser")
    assert api.caller(Scope.ADMIN).post(path, code).status_code == 409
    assert connected() == []


@pytest.mark.parametrize(
    ("typed", "status", "where"),
    [
        ("brand", 422, "body.server"),
        ("http://127.0.0.1:1", 422, "body.server"),
        ("x" * 501, 422, "body.server"),
    ],
)
def test_what_is_no_server_is_said(
    api: Desk, server: ConsentServer, typed: str, status: int, where: str
) -> None:
    answer = api.caller(Scope.ADMIN).post("/accounts/sign-in", {"channel": "mastodon", "server": typed})
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (status, where)
    assert server.asked == []


def test_an_account_that_is_not_signed_in_on_its_server_cannot_be_signed_in_again(api: Desk) -> None:
    caller: Caller = api.caller(Scope.ADMIN)
    fake = Account.objects.get(brand=api.brand)
    answer = caller.post(f"/accounts/{fake.pk}/sign-in", {})
    assert (answer.status_code, answer.json()["errors"][0]["where"]) == (422, "body.channel")
