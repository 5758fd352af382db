"""What programs say of a wait: a promise, whose turn it is, what needs an answer, which alerts stand."""

from __future__ import annotations

from datetime import timedelta

from tests.api.conftest import Desk
from tests.api.test_door import alert_of

from amends.core.scopes import Scope
from amends.store import models


def test_a_promise_and_whose_turn_it_is(api: Desk) -> None:
    case = api.case()
    caller = api.caller(Scope.READ, Scope.WRITE, user=api.ben)
    path = f"/cases/{case.pk}"
    until = api.now + timedelta(hours=3)
    promised = caller.post(f"{path}/promise", {"until": until.isoformat()}).json()
    assert promised["promised_until"] == until.isoformat().replace("+00:00", "Z")
    past = caller.post(f"{path}/promise", {"until": "2020-01-01T00:00:00Z"})
    assert (past.status_code, "future" in past.json()["detail"]) == (409, True)
    assert caller.post(f"{path}/wait", {"why": "their number"}).status_code == 409
    assert caller.post(f"{path}/needs-no-answer").json()["waiting_since"] is None
    waits = caller.post(f"{path}/wait", {"why": "their number"}).json()
    assert (waits["customer_since"] is not None, waits["resolution_due_at"]) == (True, None)
    ours = caller.post(f"{path}/go-on", {"why": "we found it"}).json()
    assert (ours["customer_since"], ours["resolution_due_at"] is not None) == (None, True)


def test_an_answer_hands_over_and_a_post_is_made_to_wait(api: Desk) -> None:
    case, post = api.case(), api.question()
    caller = api.caller(Scope.READ, Scope.WRITE)
    said = {"to_post": post.pk, "text": "Which number is it?", "hands_over": True}
    assert caller.post(f"/cases/{case.pk}/reply", said).json()["automatic"] is False
    assert models.Case.objects.get(pk=case.pk).hands_over
    caller.post(f"/cases/{case.pk}/needs-no-answer")
    last = models.Post.objects.filter(case=case, direction="in").latest("posted_at")
    waits = caller.post(f"/posts/{last.pk}/needs-answer").json()
    assert waits["waiting_since"] == last.posted_at.isoformat().replace("+00:00", "Z")
    ours = models.Post.objects.get(brand=api.brand, direction="out")
    assert caller.post(f"/posts/{ours.pk}/needs-answer").status_code == 409


def test_standing_is_for_supervisors_and_moves_their_cases(api: Desk) -> None:
    case = api.case()
    body = {"standing": "priority", "why": "third failure"}
    assert api.caller(Scope.READ, Scope.WRITE, user=api.ben).post(
        f"/cases/{case.pk}/standing", body
    ).status_code in (403, 404)
    caller = api.caller()
    before = caller.get(f"/cases/{case.pk}").json()["harm"]
    after = caller.post(f"/cases/{case.pk}/standing", body).json()
    assert after["harm"] == before + 15
    assert caller.get(f"/cases/{case.pk}").json()["author"]["standing"] == "priority"


def test_alerts_stand_until_one_of_them_has_seen_them(api: Desk) -> None:
    alert = alert_of(api.case(), api.now)
    agent, boss = api.caller(Scope.READ, Scope.WRITE, user=api.ben), api.caller()
    assert agent.get("/alerts").json()["items"] == []
    assert agent.post(f"/alerts/{alert}/seen").status_code == 404
    (told,) = boss.get("/alerts").json()["items"]
    assert (told["id"], told["does"], told["case"]) == (alert, "alert", api.case().pk)
    assert boss.post(f"/alerts/{alert}/seen").status_code == 204
    assert boss.get("/alerts").json()["items"] == []
    assert boss.post(f"/alerts/{alert}/seen").status_code == 404
