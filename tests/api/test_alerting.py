"""Alerts by the API: who hears of them, and a brand at this moment."""

from __future__ import annotations

from tests.api.conftest import Desk

from amends.core.scopes import Scope
from amends.core.values import Doing
from amends.pipeline import alerting
from amends.store import models, presence, sealed


def test_a_webhook_shows_its_secret_once_and_its_address_never(api: Desk) -> None:
    caller = api.caller()
    made = caller.post("/alert-webhooks", {"address": "https://alerts.example.com/in?key=k3y"})
    assert made.status_code == 201
    told = made.json()
    assert told["secret"].startswith("whsec_")
    listed = caller.get("/alert-webhooks").json()
    assert [row["host"] for row in listed] == ["alerts.example.com"]
    assert "k3y" not in str(listed)
    assert "whsec_" not in str(listed)
    renewed = caller.post(f"/alert-webhooks/{told['id']}/secret").json()
    assert renewed["secret"] != told["secret"]
    hook = models.AlertHook.objects.get()
    assert sealed.open_(bytes(hook.secret)) == renewed["secret"]
    tried = caller.post(f"/alert-webhooks/{told['id']}/try")
    assert (tried.status_code, tried.json()["tries"]) == (202, 0)
    (delivery,) = caller.get("/alerts/deliveries").json()
    assert (delivery["way"], delivery["alert"], delivery["hook"]) == ("webhook", None, hook.pk)
    assert caller.delete(f"/alert-webhooks/{told['id']}").status_code == 204
    assert caller.get("/alert-webhooks").json() == []
    assert caller.delete(f"/alert-webhooks/{told['id']}").status_code == 404


def test_a_bad_address_is_told_at_its_field(api: Desk) -> None:
    answer = api.caller().post("/alert-webhooks", {"address": "http://alerts.example.com"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"] == "body.address"


def test_agents_choose_mail_for_themselves_and_nothing_for_the_brand(api: Desk) -> None:
    caller = api.caller(Scope.READ, Scope.WRITE, user=api.ben)
    assert caller.post("/alert-webhooks", {"address": "https://a.example"}).status_code == 403
    assert caller.get("/alert-webhooks").status_code == 403
    assert caller.get("/alerts/deliveries").status_code == 403
    assert caller.get("/brand/now").status_code == 403
    assert caller.post("/me/alerts/try").status_code == 409
    told = caller.put("/me/alerts", {"by_mail": True}).json()
    assert told == {"by_mail": True, "can_mail": False, "trouble": ""}
    alerting.look_after(api.now)
    assert caller.get("/me/alerts").json()["trouble"] == alerting.NO_SERVER
    assert caller.get("/alerts").json()["items"] == []
    (alert,) = api.caller().get("/alerts").json()["items"]
    assert (alert["fails"], alert["case"], alert["why"]) == ("mail", None, alerting.NO_SERVER)
    seen = f"/alerts/{alert['id']}/seen"
    assert caller.post(seen).status_code == 404
    assert api.caller().post(seen).status_code == 204
    assert api.caller().get("/alerts").json()["items"] == []


def test_a_brand_at_this_moment(api: Desk) -> None:
    caller = api.caller()
    case = api.case()
    caller.post(f"/cases/{case.pk}/assign", {"to": api.ben.pk})
    presence.put(presence.Place(api.ben.pk, "t1"), api.brand.pk, case.pk, Doing.ANSWERING, api.now)
    told = caller.get("/brand/now").json()
    assert (told["clocks"]["open"], told["clocks"]["waiting"]) == (2, 2)
    assert told["unassigned"]["waiting"] == 1
    assert sum(part["waiting"] for part in told["severities"]) == 2
    assert sum(part["waiting"] for part in told["bands"]) == 2
    assert [(part["channel"], part["waiting"]) for part in told["places"]] == [("fake", 2)]
    ben, ada = told["people"]
    assert (ben["person"], ben["waiting"], ada["waiting"]) == (api.ben.pk, 1, 0)
    assert [(at["case"], at["doing"]) for at in ben["at"]] == [(case.pk, "answering")]
    assert ada["last_deed_at"] is not None
    assert sum(hour["complaints"] for hour in told["hours"]) == 3
    assert sum(hour["answers"] for hour in told["hours"]) == 1
    assert api.caller(brand=api.other).get("/brand/now").json()["unassigned"]["waiting"] == 2
