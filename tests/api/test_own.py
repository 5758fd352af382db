"""What a token's person may do about themselves: their tokens, and leaving."""

from __future__ import annotations

from datetime import timedelta

from tests.api.conftest import Desk

from amends.core.scopes import Scope
from amends.pipeline import actions, decide
from amends.store import history, models


def test_people_see_and_end_their_own_tokens_alone(api: Desk) -> None:
    api.caller()  # Ada has one, too
    caller = api.caller(Scope.READ, Scope.WRITE, user=api.ben)
    spare = api.caller(Scope.READ, user=api.ben)
    listed = caller.get("/me/tokens").json()
    assert [token["scopes"] for token in listed] == [["read"], ["read", "write"]]
    assert {token["person"] for token in listed} == {api.ben.pk}
    assert caller.delete(f"/me/tokens/{listed[0]['id']}").status_code == 204
    assert spare.get("/me").status_code == 401
    adas = models.ApiToken.objects.get(user=api.ada)
    assert caller.delete(f"/me/tokens/{adas.pk}").status_code == 404
    assert caller.delete(f"/tokens/{adas.pk}").status_code == 403
    adas.refresh_from_db()
    assert adas.revoked_at is None
    assert caller.delete(f"/me/tokens/{listed[1]['id']}").status_code == 204
    assert caller.get("/me").status_code == 401


def test_a_token_ends_no_wider_token(api: Desk) -> None:
    wide = api.caller()
    narrow = api.caller(Scope.READ, Scope.WRITE)
    (wider,) = [token["id"] for token in narrow.get("/me/tokens").json() if "admin" in token["scopes"]]
    refused = narrow.delete(f"/me/tokens/{wider}")
    assert (refused.status_code, refused.json()["code"]) == (403, "scope")
    assert wide.get("/me").status_code == 200
    assert wide.delete(f"/me/tokens/{wider}").status_code == 204


def test_own_tokens_of_another_brand_are_not_there(api: Desk) -> None:
    caller = api.caller()
    api.caller(brand=api.other)
    theirs = models.ApiToken.objects.get(brand=api.other)
    assert theirs.pk not in {token["id"] for token in caller.get("/me/tokens").json()}
    assert caller.delete(f"/me/tokens/{theirs.pk}").status_code == 404


def test_an_agent_leaves_and_their_cases_go_back(api: Desk) -> None:
    caller = api.caller(Scope.READ, Scope.WRITE, user=api.ben)
    actions.assign(api.case(), api.ben.pk, decide.person(api.ben.pk), api.now + timedelta(seconds=1))
    assert caller.delete("/me").status_code == 204
    assert caller.get("/me").status_code == 401
    assert api.case().assignee_id is None
    assert not models.Membership.objects.filter(user=api.ben).exists()
    assert list(history.faults()) == []


def test_only_a_token_of_all_that_its_person_may_leaves(api: Desk) -> None:
    models.Membership.objects.create(user=api.ben, brand=api.other, role="admin")
    models.Membership.objects.filter(user=api.ben, brand=api.brand).update(role="supervisor")
    refused = api.caller(Scope.READ, Scope.WRITE, user=api.ben).delete("/me")
    assert (refused.status_code, refused.json()["code"]) == (403, "scope")
    assert "import" in refused.json()["detail"]
    whole = api.caller(Scope.READ, Scope.WRITE, Scope.IMPORT, user=api.ben)
    assert whole.delete("/me").status_code == 204
    assert models.Membership.objects.get(user=api.ben).brand == api.other


def test_the_last_admin_stays(api: Desk) -> None:
    caller = api.caller()
    assert caller.delete("/me").status_code == 409
    assert caller.get("/me").json()["role"] == "admin"


def test_the_views_are_counted(api: Desk) -> None:
    caller = api.caller(Scope.READ, user=api.ben)
    counts = caller.get("/cases/counts").json()
    assert counts == {"waiting": 2, "mine": 0, "unassigned": 2, "open": 2, "snoozed": 0}
    actions.assign(api.case(), api.ben.pk, decide.person(api.ben.pk), api.now + timedelta(seconds=1))
    counts = caller.get("/cases/counts").json()
    assert (counts["mine"], counts["unassigned"]) == (1, 1)
    assert api.caller(Scope.READ).get("/cases/counts").json()["mine"] == 0
