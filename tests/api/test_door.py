"""The door of every operation: closed without a token, with another scope, for another brand's objects."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client
from tests.api.conftest import JSON, Caller, Desk
from tests.api.operations import Operation, all_operations

from amends.api import door
from amends.channels.signing_in import SHOWN
from amends.core.escalation import Does
from amends.core.scopes import Scope
from amends.core.values import Role
from amends.pipeline import alert_settings, answers, decide, invitations, tokens
from amends.store import models, sealed

OPERATIONS = all_operations()
OF_NO_BRAND = {"get_policy_version", "get_policy_version_text", "adopt_brand"}
"""Versions count from 1 in every brand; adopting is for who runs the installation, see test_installation."""
WITH_IDS = [
    operation for operation in OPERATIONS if "{" in operation.path and operation.name not in OF_NO_BRAND
]


def ids_of(desk: Desk, brand: models.Brand) -> dict[str, int]:
    """One object of each sort in a brand."""
    case, post = desk.case(brand), desk.question(brand)
    actor = decide.person(desk.ada.pk)
    answers.reply(case, post, "On its way", actor, desk.now)
    invited, _ = invitations.invite(brand.pk, "eve@example.org", "agent", desk.ada, desk.now)
    token, _ = tokens.make_token(desk.ada, brand.pk, "t", ["read"], None, desk.now)
    app, _ = models.NetworkApp.objects.get_or_create(
        channel="mastodon",
        base_url="http://127.0.0.1:1",
        redirect=SHOWN,
        defaults={"client_secret": sealed.seal("s"), "created_at": desk.now},
    )
    sign_in = models.SignIn.objects.create(
        app=app,
        brand=brand,
        person=desk.ada,
        state_hash=f"of {brand.pk}",
        created_at=desk.now,
        expires_at=desk.now + timedelta(minutes=10),
    )
    hook, _ = alert_settings.make_hook(brand.pk, "https://alerts.example.com/a", desk.ada, desk.now)
    return {
        "case_id": case.pk,
        "post_id": post.pk,
        "send_id": models.Send.objects.get(case=case).pk,
        "member_id": models.Membership.objects.get(brand=brand, user=desk.ada).pk,
        "invitation_id": invited.pk,
        "account_id": models.Account.objects.get(brand=brand).pk,
        "token_id": token.pk,
        "sign_in_id": sign_in.pk,
        "alert_id": alert_of(case, desk.now),
        "hook_id": hook.pk,
        "brand_id": brand.pk,
        "version": 1,
    }


def alert_of(case: models.Case, now: datetime) -> int:
    """An alert about a case, for every supervisor of its brand."""
    told = models.Alert(brand_id=case.brand_id, case=case, cause=f"of {case.pk}", does=Does.ALERT)
    told.role, told.at = Role.SUPERVISOR, now
    told.save()
    return told.pk


def call(caller: Caller, operation: Operation, ids: dict[str, int]) -> Any:
    sent = {"data": operation.body, "content_type": JSON} if operation.body is not None else {}
    send = getattr(caller.client, operation.method)
    return send(f"/api/v1{operation.at(ids)}", **sent, headers=caller.headers())


def test_every_body_that_is_asked_for_is_tried() -> None:
    names = {operation.name for operation in OPERATIONS}
    assert len(names) == len(OPERATIONS) > 40
    assert set(all_bodies()) <= names


def all_bodies() -> list[str]:
    return [operation.name for operation in OPERATIONS if operation.body is not None]


def test_without_a_token_nothing_opens(api: Desk) -> None:
    ids = ids_of(api, api.brand)
    strangers = [Caller(Client(SERVER_NAME="127.0.0.1"), secret) for secret in ("", "am_wrong")]
    signed_in = Caller(Client(SERVER_NAME="127.0.0.1"), "")
    signed_in.client.force_login(api.ada, backend="amends.web.signed_in.Backend")
    for operation in OPERATIONS:
        for stranger in [*strangers, signed_in]:
            cache.clear()
            answer = call(stranger, operation, ids)
            assert answer.status_code == 401, operation
            assert answer["WWW-Authenticate"].startswith("Bearer")
            assert answer.json()["next"]


def test_with_other_scopes_nothing_opens(api: Desk) -> None:
    ids = ids_of(api, api.brand)
    callers = {scope: api.caller(*(set(Scope) - {scope})) for scope in Scope}
    for operation in OPERATIONS:
        answer = call(callers[operation.scope], operation, ids)
        assert (answer.status_code, answer.json()["code"]) == (403, "scope"), operation


def test_what_is_another_brands_is_not_there(api: Desk) -> None:
    theirs = ids_of(api, api.other)
    caller = api.caller()  # Ada is admin of both brands, but the token belongs to one
    before = models.HistoryEntry.objects.exclude(action="token made").count()
    for operation in WITH_IDS:
        answer = call(caller, operation, theirs)
        assert answer.status_code == 404, operation
    assert models.HistoryEntry.objects.exclude(action="token made").count() == before
    for path in ("/cases", "/posts", "/people", "/accounts", "/tokens", "/invitations"):
        found = str(caller.get(path).json())
        assert "eve@example.org" not in found
    assert {post["id"] for post in caller.get("/posts").json()["items"]}.isdisjoint(
        models.Post.objects.filter(brand=api.other).values_list("pk", flat=True)
    )


def test_ids_that_name_nothing_are_not_there(api: Desk) -> None:
    caller = api.caller()
    for operation in WITH_IDS:
        for wrong in (2**62, 10**18):
            answer = call(caller, operation, dict.fromkeys(ids_of_nothing(), wrong))
            assert answer.status_code == 404, operation


def ids_of_nothing() -> list[str]:
    return [
        "case_id",
        "post_id",
        "send_id",
        "member_id",
        "invitation_id",
        "account_id",
        "token_id",
        "sign_in_id",
        "alert_id",
        "hook_id",
        "version",
    ]


def test_a_token_gives_no_more_than_its_person_has(api: Desk) -> None:
    caller = api.caller()
    models.Membership.objects.filter(user=api.ada, brand=api.brand).update(role="agent")
    assert caller.get("/cases").status_code == 200
    assert caller.get("/tokens").status_code == 403
    models.Membership.objects.filter(user=api.ada, brand=api.brand).delete()
    assert caller.get("/cases").status_code == 401


def test_who_keeps_knocking_waits_and_others_do_not(api: Desk) -> None:
    caller = api.caller(Scope.READ)
    stranger = Caller(Client(SERVER_NAME="127.0.0.1"), "am_guess")
    statuses = [stranger.get("/cases").status_code for _ in range(door.MOST_REFUSED + 1)]
    assert set(statuses[:-1]) == {401}
    last = stranger.get("/cases")
    assert (statuses[-1], last.status_code) == (429, 429)
    assert 0 < int(last["Retry-After"]) <= door.PER_SECONDS
    assert caller.get("/cases").status_code == 200
    with time_machine.travel(api.now + timedelta(minutes=2)):
        assert stranger.get("/cases").status_code == 401


@pytest.mark.parametrize(
    "value",
    ["Bearer", "Bearer ", "Basic YTpi", "bearer\x00", "Bearer \xff\xfe", "am_x", "Bearer " + "a" * 5000],
)
def test_whatever_is_presented_is_answered(api: Desk, value: str) -> None:
    client = Client(SERVER_NAME="127.0.0.1")
    assert client.get("/api/v1/cases", headers={"Authorization": value}).status_code == 401


def test_a_token_may_be_spelled_with_any_case_of_bearer(api: Desk) -> None:
    caller = api.caller(Scope.READ)
    answer = caller.client.get("/api/v1/brand", headers={"Authorization": f"bearer {caller.secret}"})
    assert answer.json()["name"] == "The Brand"
