"""Cases through the API: read, worked on, answered once, and kept on record."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from tests.api.conftest import Desk

from amends.core.scopes import Scope
from amends.store import history, models


def test_the_inbox_is_a_list(api: Desk) -> None:
    answer = api.caller(Scope.READ).get("/cases")
    assert (answer.status_code, answer["Cache-Control"]) == (200, "no-store")
    page = answer.json()
    places = [(-line["band"], line["due_at"]) for line in page["items"]]
    assert places == sorted(places)
    assert {line["handle"] for line in page["items"]} == {"ann", "bob"}
    assert page["next"] is None
    assert all(line["due_at"].endswith("Z") for line in page["items"])


def test_pages_hold_every_case_once(api: Desk) -> None:
    caller = api.caller(Scope.READ)
    whole = [line["id"] for line in caller.get("/cases").json()["items"]]
    first = caller.get("/cases", limit=1).json()
    second = caller.get("/cases", limit=1, cursor=first["next"]).json()
    assert [line["id"] for line in first["items"] + second["items"]] == whole
    assert second["next"] is None


def test_a_case_in_full(api: Desk) -> None:
    case = api.case()
    found = api.caller(Scope.READ).get(f"/cases/{case.pk}").json()
    assert [post["remote_id"] for post in found["posts"]] == ["1", "2", "3"]
    assert found["posts"][2]["text"] == "Still nothing, really!"
    assert found["waiting_since"] == "2026-03-04T09:00:00Z"
    assert found["author"]["handle"] == "ann"


def test_what_a_person_does(api: Desk) -> None:
    case = api.case()
    caller = api.caller(Scope.READ, Scope.WRITE, user=api.ben)
    path = f"/cases/{case.pk}"
    assert caller.post(f"{path}/take").json()["assignee"]["name"] == "Ben"
    assert caller.post(f"{path}/assign", {"to": api.ada.pk}).json()["assignee"]["id"] == api.ada.pk
    assert caller.post(f"{path}/assign", {"to": None}).json()["assignee"] is None
    assert caller.post(f"{path}/note", {"text": "Asked the\x00 depot"}).status_code == 200
    assert caller.post(f"{path}/severity", {"severity": "critical", "why": "danger"}).json()["band"] == 5
    until = (api.now + timedelta(days=1)).isoformat()
    assert caller.post(f"{path}/snooze", {"until": until}).json()["state"] == "snoozed"
    assert caller.post(f"{path}/needs-no-answer").json()["waiting_since"] is None
    done = caller.post(f"{path}/resolve", {"resolution": "answered", "why": "said so"}).json()
    assert (done["state"], done["resolution"]) == ("resolved", "answered")
    assert caller.post(f"{path}/reopen", {"why": "wrote again"}).json()["state"] == "open"
    full = caller.get(path).json()
    assert [note["text"] for note in full["notes"]] == ["Asked the\N{REPLACEMENT CHARACTER} depot"]
    actions = [entry["action"] for entry in caller.get(f"{path}/history").json()["items"]]
    assert actions[-4:] == ["snoozed", "needs no answer", "resolved", "reopened"]
    assert list(history.faults()) == []


def test_what_cannot_be_is_said(api: Desk) -> None:
    case = api.case()
    answer = api.caller(Scope.WRITE).post(f"/cases/{case.pk}/reopen", {"why": "because"})
    assert answer.status_code == 409
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert (problem["status"], problem["code"]) == (409, "not-possible")
    assert "open already" in problem["detail"]
    assert problem["kept"]
    assert problem["next"]


def test_an_answer_is_planned_once(api: Desk) -> None:
    case, post = api.case(), api.question()
    caller = api.caller(Scope.WRITE)
    body = {"to_post": post.pk, "text": "We are sorry, and look into it."}
    answers = [caller.post(f"/cases/{case.pk}/reply", body, **{"Idempotency-Key": "a"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert models.Send.objects.count() == 1
    again = api.caller(Scope.WRITE).post(f"/cases/{case.pk}/reply", body, **{"Idempotency-Key": "a"})
    assert again.json()["id"] != answers[0].json()["id"]
    assert models.Send.objects.count() == 2  # another token's key is another key


def test_a_key_is_for_one_answer(api: Desk) -> None:
    case, post = api.case(), api.question()
    caller = api.caller(Scope.WRITE)
    first = {"to_post": post.pk, "text": "We are sorry."}
    caller.post(f"/cases/{case.pk}/reply", first, **{"Idempotency-Key": "k"})
    answer = caller.post(f"/cases/{case.pk}/reply", {**first, "text": "Other"}, **{"Idempotency-Key": "k"})
    assert answer.status_code == 422
    assert answer.json()["code"] == "key-used"
    assert models.Send.objects.count() == 1


def test_a_refused_answer_says_why(api: Desk) -> None:
    case, post = api.case(), api.question()
    caller = api.caller(Scope.WRITE)
    assert caller.post(f"/cases/{case.pk}/reply", {"to_post": post.pk, "text": " "}).status_code == 409
    long = caller.post(f"/cases/{case.pk}/reply", {"to_post": post.pk, "text": "long " * 3000})
    assert "allows" in long.json()["detail"]
    theirs = models.Post.objects.filter(brand=api.other)[0]
    assert caller.post(f"/cases/{case.pk}/reply", {"to_post": theirs.pk, "text": "Hi"}).status_code == 404


def test_length_is_counted_as_the_network_counts(api: Desk) -> None:
    caller = api.caller(Scope.READ)
    found = caller.post(f"/cases/{api.case().pk}/length", {"text": "We are sorry."}).json()
    assert (found["counted"], found["fits"]) == (13, True)


def test_a_send_of_unknown_fate_is_settled(api: Desk) -> None:
    case, post = api.case(), api.question()
    caller = api.caller(Scope.READ, Scope.WRITE)
    send = caller.post(f"/cases/{case.pk}/reply", {"to_post": post.pk, "text": "Sorry"}).json()
    path = f"/sends/{send['id']}"
    assert caller.post(f"{path}/settle", {"again": False, "why": "looked"}).status_code == 409
    models.Send.objects.update(state="unknown")
    settled = caller.post(f"{path}/settle", {"again": False, "why": "It is not there."}).json()
    assert settled["state"] == "refused"
    assert caller.get(path).json()["why"] == "It is not there."
    assert caller.get(f"/cases/{case.pk}").json()["sends_open"] == 0


def test_deleted_words_need_a_hold_and_a_supervisor(api: Desk) -> None:
    case, post = api.case(), api.question()
    caller = api.caller(Scope.READ, Scope.WRITE)
    models.PostVersion.objects.create(post=post, version=1, text="gone words", seen_at=api.now)
    models.Post.objects.filter(pk=post.pk).update(deleted_at=api.now, text="")
    body = {"post": post.pk, "why": "court order"}
    assert caller.post(f"/cases/{case.pk}/deleted-words", body).status_code == 409
    assert caller.post(f"/cases/{case.pk}/hold", {"placed": True, "why": "court"}).json()["on_hold"] is True
    agent = api.caller(Scope.WRITE, user=api.ben)
    assert agent.post(f"/cases/{case.pk}/deleted-words", body).status_code == 403
    assert caller.post(f"/cases/{case.pk}/deleted-words", body).json() == {"texts": ["gone words"]}
    assert caller.get(f"/posts/{post.pk}").json()["versions"] == []
    assert "gone words" not in caller.get(f"/cases/{case.pk}").content.decode()


@pytest.mark.parametrize("path", ["/cases", "/posts"])
def test_lists_cost_few_queries(api: Desk, path: str) -> None:
    caller = api.caller(Scope.READ)
    caller.get(path)
    with CaptureQueriesContext(connection) as queries:
        assert caller.get(path, limit=100).status_code == 200
    assert len(queries) <= 5


def test_a_case_in_full_costs_few_queries(api: Desk) -> None:
    caller = api.caller(Scope.READ)
    with CaptureQueriesContext(connection) as queries:
        assert caller.get(f"/cases/{api.case().pk}").status_code == 200
    assert len(queries) <= 7 + 1  # `api.case()` is one
