"""What an account's server has said of itself reaches programs: notices, streams, lengths of answers."""

from __future__ import annotations

from procrastinate.contrib.django.utils import connector_params
from tests.api.conftest import Desk

from amends.core.scopes import Scope
from amends.store import models, streams
from amends.store.accounts import remember


def account(api: Desk) -> models.Account:
    return models.Account.objects.filter(brand=api.brand).earliest("pk")


def test_what_an_admin_should_know_of_an_account(api: Desk) -> None:
    caller, ours = api.caller(Scope.READ), account(api)
    [shown] = caller.get("/accounts").json()
    assert (shown["notice"], shown["live"]) == ("", False)
    remember(ours.pk, {"server": {"notice": "The server drops some mentions."}})
    with streams.Held(connector_params("default")) as held:
        held.opened(ours.pk)
        [shown] = caller.get("/accounts").json()
        assert (shown["notice"], shown["live"]) == ("The server drops some mentions.", True)
        held.closed(ours.pk)
        assert caller.get("/accounts").json()[0]["live"] is False


def test_a_draft_is_counted_as_the_accounts_own_server_counts(api: Desk) -> None:
    ours, case = account(api), api.case()
    models.Account.objects.filter(pk=ours.pk).update(channel="mastodon")
    models.Post.objects.filter(case=case).update(channel="mastodon", account=ours)
    models.Case.objects.filter(pk=case.pk).update(channel="mastodon")
    said = {"server": {"max_characters": "60", "per_url": "30", "domain": "here.example"}}
    remember(ours.pk, said)
    caller, path = api.caller(Scope.READ), f"/cases/{case.pk}/length"
    draft = {"text": "Look at https://shop.example/x"}
    assert caller.post(path, draft).json() == {
        "counted": len("@ann Look at ") + 30,
        "limit": 60,
        "fits": True,
    }
    answer = {"text": "@ann " + "x" * 56, "to_post": api.question().pk}
    assert caller.post(path, answer).json() == {"counted": 61, "limit": 60, "fits": False}
    refused = api.caller(Scope.WRITE).post(
        f"/cases/{case.pk}/reply", {"to_post": api.question().pk, "text": "x" * 56}
    )
    assert refused.status_code == 409
    assert "counts 61, the network allows 60" in refused.json()["detail"]
