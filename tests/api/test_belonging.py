"""What belongs together, said by programs: merge, split, link, unlink, and one person answered by one."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.conftest import Caller, Desk

from amends.core.scopes import Scope
from amends.store import models

WHY = "Both wrote of the same order."


@pytest.fixture
def agent(api: Desk) -> Caller:
    return api.caller(Scope.READ, Scope.WRITE, user=api.ben)


def cases(api: Desk) -> tuple[models.Case, models.Case]:
    """Ann's case, and Bob's."""
    ann, bob = models.Case.objects.filter(brand=api.brand).order_by("pk")
    assert ann.author_id != bob.author_id
    return ann, bob


def written(caller: Caller, case: models.Case) -> list[int]:
    found = caller.get(f"/cases/{case.pk}/posts").json()["items"]
    return [post["id"] for post in found if post["direction"] == "in" and post["case"] == case.pk]


def test_merged_and_split_again(api: Desk, agent: Caller) -> None:
    ann, bob = cases(api)
    moved = written(agent, bob)
    path = f"/cases/{ann.pk}"
    agent.post(f"/cases/{bob.pk}/note", {"text": "He rang twice."})
    assert "say why" in agent.post(f"{path}/merge", {"case": bob.pk}).json()["detail"]
    merged = agent.post(f"{path}/merge", {"case": bob.pk, "why": WHY})
    assert (merged.status_code, merged.json()["id"], merged.json()["posts_in"]) == (200, ann.pk, 3)
    told = agent.get(f"/cases/{bob.pk}").json()
    assert (told["state"], told["resolution"], told["merged_into"]) == ("resolved", "merged", ann.pk)
    whole = agent.get(path).json()
    assert (whole["absorbed"], [note["text"] for note in whole["notes"]]) == ([bob.pk], ["He rang twice."])
    assert agent.post(f"{path}/merge", {"case": bob.pk, "why": WHY}).status_code == 409
    assert agent.post(f"/cases/{bob.pk}/reopen", {"why": "no"}).status_code == 409
    apart = agent.post(f"{path}/split", {"posts": moved, "why": "Two orders."})
    assert apart.status_code == 201
    assert (apart.json()["posts_in"], agent.get(path).json()["posts_in"]) == (1, 2)
    assert apart.json()["waiting_since"] == told["opened_at"]
    assert agent.post(f"{path}/split", {"posts": moved, "why": "again"}).status_code == 409
    actions = [entry["action"] for entry in agent.get(f"{path}/history").json()["items"]]
    assert {"absorbed", "split"} <= set(actions), actions


def test_one_person_with_two_accounts_is_answered_by_one(api: Desk, agent: Caller) -> None:
    ann, bob = cases(api)
    path = f"/cases/{ann.pk}"
    assert agent.post(f"{path}/link", {"author": bob.author_id, "why": "says so"}).status_code == 200
    assert [account["id"] for account in agent.get(path).json()["linked"]] == [bob.author_id]
    assert agent.post(f"{path}/link", {"author": bob.author_id, "why": "says so"}).status_code == 409

    def reply(caller: Caller, case: models.Case, **more: Any) -> Any:
        said = {"to_post": written(caller, case)[-1], "text": "We look into it.", **more}
        return caller.post(f"/cases/{case.pk}/reply", said)

    assert reply(agent, ann).status_code == 201
    refused = reply(api.caller(), bob)
    assert (refused.status_code, refused.json()["code"]) == (409, "answered-by-another")
    assert reply(api.caller(), bob, all_the_same=True).status_code == 201
    assert agent.post(f"{path}/unlink", {"author": bob.author_id, "why": "sister"}).status_code == 200
    assert agent.get(path).json()["linked"] == []
    assert agent.post(f"{path}/unlink", {"author": bob.author_id, "why": "again"}).status_code == 409


def test_nothing_of_another_brand_is_merged_split_or_linked(api: Desk, agent: Caller) -> None:
    ann, _ = cases(api)
    far = api.case(api.other)
    assert agent.post(f"/cases/{ann.pk}/merge", {"case": far.pk, "why": WHY}).status_code == 404
    assert agent.post(f"/cases/{far.pk}/merge", {"case": ann.pk, "why": WHY}).status_code == 404
    both = api.caller()
    foreign = api.question(api.other).pk
    assert both.post(f"/cases/{ann.pk}/split", {"posts": [foreign], "why": "x"}).status_code == 409
    assert both.post(f"/cases/{ann.pk}/link", {"author": far.author_id, "why": "x"}).status_code == 409
    reader = api.caller(Scope.READ)
    for deed in ("merge", "split", "link", "unlink"):
        assert reader.post(f"/cases/{ann.pk}/{deed}", {}).status_code == 403, deed
    assert models.Case.objects.get(pk=far.pk).merged_into_id is None
