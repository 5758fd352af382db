"""The team at work, by the API: the same that its page shows and changes."""

from __future__ import annotations

from tests.api.conftest import Desk

from amends.core.scopes import Scope
from amends.core.values import Role
from amends.store import models


def test_people_say_what_they_know_and_that_they_are_away(api: Desk) -> None:
    caller = api.caller(Scope.READ, Scope.WRITE, user=api.ben)
    me = caller.put("/me/away", {"away": True}).json()
    assert (me["name"], me["present"]) == ("Ben", False)
    assert me["away_since"] is not None
    path = f"/team/{me['id']}"
    kept = caller.put(path, {"languages": ["DE"], "skills": ["Legal", "legal"]}).json()
    assert (kept["languages"], kept["skills"], kept["case_limit"]) == (["de"], ["legal"], None)
    back = caller.put("/me/away", {"away": False}).json()
    assert (back["away_since"], back["present"]) == (None, True)
    listed = {one["name"]: one for one in caller.get("/team").json()}
    assert listed["Ben"]["languages"] == ["de"]
    assert listed["Ada"]["present"] is False


def test_limits_are_for_supervisors_and_stay_where_they_are_left_out(api: Desk) -> None:
    ben = api.caller(Scope.READ, Scope.WRITE, user=api.ben)
    members = {one["name"]: one["id"] for one in ben.get("/team").json()}
    path = f"/team/{members['Ben']}"
    refused = ben.put(path, {"case_limit": 2})
    assert (refused.status_code, refused.json()["code"]) == (403, "role")
    assert ben.put(f"/team/{members['Ada']}", {"languages": ["de"]}).status_code == 403
    ada = api.caller()
    assert ada.put(path, {"case_limit": 2}).json()["case_limit"] == 2
    assert ben.put(path, {"languages": ["fr"]}).json()["case_limit"] == 2
    assert ada.put(path, {"case_limit": None}).json()["case_limit"] is None
    (fault,) = ada.put(path, {"languages": ["german"]}).json()["errors"]
    assert fault["where"] == "body.languages"
    assert ada.put(path, {"case_limit": 10**9}).status_code == 422
    assert ada.put(path, {"languages": ["de"] * 200}).status_code == 422


def test_a_token_speaks_for_its_one_brand(api: Desk) -> None:
    caller = api.caller()  # Ada works for both
    caller.put("/me/away", {"away": True})
    away = models.Membership.objects.exclude(away_since=None)
    assert [membership.brand_id for membership in away] == [api.brand.pk]
    theirs = models.Membership.objects.get(brand=api.other, user=api.ada)
    assert caller.put(f"/team/{theirs.pk}", {"languages": ["de"]}).status_code == 404


def test_who_was_switched_off_is_not_of_the_team(api: Desk) -> None:
    models.User.objects.filter(pk=api.ben.pk).update(is_active=False)
    assert [one["name"] for one in api.caller().get("/team").json()] == ["Ada"]
    found = models.Membership.objects.get(user=api.ben)
    assert found.role == Role.AGENT
    answer = api.caller().put(f"/team/{found.pk}", {"languages": ["de"]})
    assert answer.json()["languages"] == ["de"]
