"""Brand, policy, people, invitations, accounts and tokens through the API."""

from __future__ import annotations

import pytest
from tests.api.conftest import Desk

from amends.core.scopes import Scope
from amends.store import history, models, stats


def test_the_brand_and_its_name(api: Desk) -> None:
    caller = api.caller()
    assert caller.get("/brand").json()["slug"] == "the-brand"
    assert caller.patch("/brand", {"name": "New name"}).json()["name"] == "New name"
    assert caller.patch("/brand", {"name": "Other Brand"}).status_code == 422


def test_only_who_runs_the_installation_makes_brands(api: Desk) -> None:
    caller = api.caller()
    assert caller.post("/brands", {"name": "Third"}).status_code == 403
    models.User.objects.filter(pk=api.ada.pk).update(is_staff=True)
    made = caller.post("/brands", {"name": "Third", "time_zone": "Europe/Berlin"})
    assert (made.status_code, made.json()["name"]) == (201, "Third")
    assert caller.post("/brands", {"name": "Fourth", "time_zone": "Mars"}).status_code == 422


def test_a_policy_is_a_document_with_versions(api: Desk) -> None:
    caller = api.caller()
    held = caller.get("/policy").json()
    changed = held["document"] | {"targets": {"critical": 5}}
    answer = caller.put("/policy", {"document": changed, "based_on": held["version"]})
    assert answer.json()["version"] == held["version"] + 1
    assert answer.json()["document"]["targets"]["critical"] == 5
    late = caller.put("/policy", {"document": changed, "based_on": held["version"]})
    assert late.status_code == 200  # it says what holds already
    other = held["document"] | {"targets": {"critical": 6}}
    assert caller.put("/policy", {"document": other, "based_on": held["version"]}).status_code == 409
    versions = [version["version"] for version in caller.get("/policy/versions").json()]
    assert versions == [2, 1]
    assert caller.get("/policy/versions/1").json()["document"] == held["document"]
    wrong = caller.put("/policy", {"document": {"targets": {"critical": 0}}, "based_on": 2})
    assert wrong.json()["errors"][0]["where"] == "body.document.targets.critical"


def test_people_change_roles_and_leave(api: Desk) -> None:
    caller = api.caller()
    members = {member["name"]: member for member in caller.get("/people").json()}
    assert members["Ben"]["email"] == "ben@example.org"
    path = f"/people/{members['Ben']['id']}"
    assert caller.patch(path, {"role": "supervisor"}).json()["role"] == "supervisor"
    assert caller.patch(f"/people/{members['Ada']['id']}", {"role": "agent"}).status_code == 409
    assert caller.delete(path).status_code == 204
    assert caller.delete(path).status_code == 404
    seen = api.caller(Scope.READ).get("/people").json()
    assert [member["name"] for member in seen] == ["Ada"]


def test_agents_see_no_addresses(api: Desk) -> None:
    members = api.caller(Scope.READ, user=api.ben).get("/people").json()
    assert {member["email"] for member in members} == {None}


def test_invitations_are_made_and_withdrawn(api: Desk) -> None:
    caller = api.caller()
    made = caller.post("/invitations", {"email": "Eve@Example.org", "role": "supervisor"})
    assert made.status_code == 201
    assert "/invitation#" in made.json()["link"]
    (listed,) = caller.get("/invitations").json()
    assert (listed["email"], "link" in listed) == ("eve@example.org", False)
    assert caller.delete(f"/invitations/{listed['id']}").status_code == 204
    assert caller.get("/invitations").json() == []
    assert caller.post("/invitations", {"email": "no address"}).json()["errors"][0]["where"] == "body.email"


def test_accounts_never_show_their_tokens(api: Desk) -> None:
    caller = api.caller()
    answer = caller.get("/accounts")
    (account,) = answer.json()
    assert account["handle"] == "us"
    assert b"token" not in answer.content
    body = {"channel": "fake", "base_url": "https://127.0.0.1:1/", "token": "secret-of-the-network"}
    refused = caller.post("/accounts", body)
    assert refused.status_code in {409, 422}
    assert "secret-of-the-network" not in refused.content.decode()
    assert caller.post(f"/accounts/{account['id']}/reconnect", {"token": "x" * 5000}).status_code == 422
    assert caller.delete(f"/accounts/{account['id']}").json() == {"taken_back": 0}
    assert caller.get("/accounts").json()[0]["active"] is False


@pytest.mark.parametrize("way", ["reconnect", "sign-in"])
def test_a_source_of_webhooks_is_given_no_token(api: Desk, way: str) -> None:
    caller = api.caller()
    made = caller.post("/sources", {"channel": "forum"}).json()
    body = {"token": "t"} if way == "reconnect" else {}
    answer = caller.post(f"/accounts/{made['id']}/{way}", body)
    assert (answer.status_code, answer.json()["code"]) == (409, "not-possible")
    assert "give it a new secret" in answer.json()["detail"]
    assert caller.get("/sources").json()[0]["active"] is True


def test_limits_of_texts_speak_of_characters(api: Desk) -> None:
    caller = api.caller()
    account = caller.get("/accounts").json()[0]["id"]
    for path, field, body in (
        ("/accounts", "base_url", {"channel": "fake", "token": "t", "base_url": "http://" + "x" * 600}),
        (f"/accounts/{account}/reconnect", "token", {"token": "x" * 5000}),
        (f"/cases/{api.case().pk}/note", "text", {"text": "x" * 30_000}),
    ):
        (fault,) = caller.post(path, body).json()["errors"]
        assert fault["where"] == f"body.{field}"
        assert fault["what"].endswith("characters")
    (fault,) = caller.get("/cases", q="x" * 300).json()["errors"]
    assert fault["what"] == "String should have at most 200 characters"
    (fault,) = caller.post("/posts", {"posts": [{}] * 501}).json()["errors"]
    assert "at most 500 items" in fault["what"]


def test_tokens_are_shown_once_and_end(api: Desk) -> None:
    caller = api.caller()
    made = caller.post("/tokens", {"name": "Orders", "scopes": ["read"]}).json()
    assert made["secret"].startswith("am_")
    listed = caller.get("/tokens")
    assert made["secret"] not in listed.content.decode()
    caller.secret, mine = made["secret"], caller.secret
    assert caller.get("/cases").status_code == 200
    caller.secret = mine
    assert caller.delete(f"/tokens/{made['id']}").status_code == 204
    caller.secret = made["secret"]
    assert caller.get("/cases").status_code == 401


def test_a_token_makes_no_wider_token(api: Desk) -> None:
    caller = api.caller(Scope.ADMIN)
    refused = caller.post("/tokens", {"name": "Wider", "scopes": ["admin", "write"]})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope")
    assert caller.post("/tokens", {"name": "As wide", "scopes": ["admin"]}).status_code == 201


def test_everything_is_on_record(api: Desk) -> None:
    caller = api.caller()
    caller.patch("/brand", {"name": "New name"})
    caller.put("/policy", {"document": {"time_zone": "Europe/Berlin"}, "based_on": 1})
    caller.post("/invitations", {"email": "eve@example.org"})
    actions = set(
        models.HistoryEntry.objects.filter(chain=f"brand:{api.brand.pk}").values_list("action", flat=True)
    )
    assert {"token made", "brand renamed", "policy published", "person invited"} <= actions
    assert list(history.faults()) == []


def test_who_am_i(api: Desk) -> None:
    caller = api.caller(Scope.READ, Scope.WRITE, user=api.ben)
    me = caller.get("/me").json()
    assert (me["name"], me["role"], me["brand"]) == ("Ben", "agent", api.brand.pk)
    assert me["scopes"] == ["read", "write"]
    assert (
        caller.patch("/me", {"name": "Benjamin", "time_zone": "Europe/Berlin"}).json()["name"] == "Benjamin"
    )
    assert caller.patch("/me", {"name": " "}).json()["errors"][0]["where"] == "body.name"


def test_the_figures_are_those_of_the_tokens_brand(api: Desk) -> None:
    found = api.caller(Scope.READ).get("/stats").json()
    assert set(found["brands"]) == {"The Brand"}
    assert found["total"] == found["brands"]["The Brand"]
    assert (found["total"]["posts"], found["total"]["complaints"], found["total"]["cases"]) == (4, 3, 2)
    assert found == stats.stats(api.brand.pk).as_json()
    assert stats.stats().total.posts == 8


def test_a_policy_is_a_text_too(api: Desk) -> None:
    caller = api.caller()
    held = caller.get("/policy/toml").json()
    assert "[targets]" in held["toml"]
    same = caller.put("/policy/toml", {"toml": held["toml"], "based_on": held["version"]}).json()
    assert same == held
    changed = held["toml"].replace('time_zone = "UTC"', 'time_zone = "Europe/Berlin"')
    made = caller.put("/policy/toml", {"toml": changed, "based_on": held["version"]}).json()
    assert made == {"version": 2, "toml": changed}
    assert caller.get("/policy").json()["document"]["time_zone"] == "Europe/Berlin"
    assert caller.get("/policy/versions/1/toml").json() == held
    assert caller.get("/policy/versions/9/toml").status_code == 404
    assert caller.put("/policy/toml", {"toml": "", "based_on": 1}).status_code == 409
    agents = api.caller(Scope.READ, user=api.ben)
    assert agents.get("/policy/toml").json() == made


def test_a_text_that_is_no_policy_is_refused_with_its_places(api: Desk) -> None:
    caller = api.caller()
    for text, place in (
        ("[targets]\ncritical = 0", "body.toml.targets.critical"),
        ("a = ", "body.toml"),
        ("nothing = 1", "body.toml.nothing"),
        ("x." * 24_000 + "x = 1", "body.toml.x"),
    ):
        refused = caller.put("/policy/toml", {"toml": text, "based_on": 1})
        assert (refused.status_code, refused.json()["code"]) == (422, "fields"), text[:20]
        assert refused.json()["errors"][0]["where"] == place
        assert refused.json()["kept"] == "Nothing was changed."
    assert caller.put("/policy/toml", {"toml": "#" * 50_001, "based_on": 1}).status_code == 422
    assert caller.get("/policy").json()["version"] == 1


def test_a_policy_takes_holidays_special_days_and_rules(api: Desk) -> None:
    caller = api.caller()
    held = caller.get("/policy").json()
    document = held["document"] | {
        "opening_hours": {
            "mon": [{"opens": "09:00", "closes": "17:00"}],
            "holidays": [{"country": "de", "subdivision": "by"}],
            "special_days": [{"date": "2026-12-24", "note": "Christmas Eve"}],
            "time_zone": "Asia/Kathmandu",
        },
        "target_rules": [{"language": "DE", "first_answer": {"low": 7}}],
        "channel_targets": {"x": {"medium": 5}},
    }
    made = caller.put("/policy", {"document": document, "based_on": held["version"]}).json()["document"]
    assert made["opening_hours"]["holidays"] == [{"country": "DE", "subdivision": "BY"}]
    assert made["opening_hours"]["special_days"][0]["spans"] == []
    assert [(rule["channel"], rule["language"]) for rule in made["target_rules"]] == [
        ("x", None),
        (None, "de"),
    ]
    assert caller.get("/policy").json()["document"] == made
    text = caller.get("/policy/toml").json()
    assert caller.put("/policy/toml", {"toml": text["toml"], "based_on": text["version"]}).json() == text
    document["opening_hours"]["special_days"] *= 2
    refused = caller.put("/policy", {"document": document, "based_on": text["version"]})
    assert refused.status_code == 422
    (fault,) = refused.json()["errors"]
    assert fault["where"] == "body.document.opening_hours"
    assert "2026-12-24 is there twice" in fault["what"]
