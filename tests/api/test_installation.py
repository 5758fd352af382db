"""The installation through the API: only for who runs it, and no way into another brand."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client, override_settings
from tests.api.conftest import Desk

from amends.core.scopes import Scope
from amends.core.values import Role
from amends.store import brands, checkpoints, models


def run_by_ada(api: Desk) -> None:
    models.User.objects.filter(pk=api.ada.pk).update(is_staff=True)


def test_only_who_runs_it_sees_it(api: Desk) -> None:
    caller = api.caller()
    refused = caller.get("/desk")
    assert (refused.status_code, refused.json()["code"]) == (403, "role")
    assert "Other Brand" not in refused.content.decode()
    run_by_ada(api)
    assert caller.get("/desk").status_code == 200
    assert api.caller(Scope.READ, Scope.WRITE).get("/desk").status_code == 403


def test_it_says_whether_what_must_not_be_lost_is_safe(api: Desk, tmp_path: Path) -> None:
    run_by_ada(api)
    caller, sealed = api.caller(), tmp_path / "checkpoints.jsonl"
    with override_settings(DATA=tmp_path, CHECKPOINTS=sealed):
        bare = caller.get("/desk").json()
        assert (bare["backup"], bare["sealed"]) == (None, None)
        made = checkpoints.advance(sealed, Ed25519PrivateKey.generate(), api.now)
        (tmp_path / "backups").mkdir()
        note = {"when": (api.now - timedelta(hours=27)).isoformat(), "file": "a.tar", "bytes": 7}
        (tmp_path / "backups" / "last-good.json").write_text(json.dumps(note), "utf-8")
        told = caller.get("/desk").json()
    assert made is not None
    assert told["sealed"]["entries"] == made.entries == models.HistoryEntry.objects.count()
    assert (told["backup"]["file"], told["backup"]["size"], told["backup"]["old"]) == ("a.tar", 7, True)
    assert told["database"]["size"] > 1_000_000
    assert [brand["name"] for brand in told["brands"]] == ["Other Brand", "The Brand"]


@pytest.mark.parametrize("spoiled", ["", "[]", "{}", '{"when": 7}', '{"when": "never"}'])
def test_a_spoiled_note_of_a_backup_is_none(api: Desk, tmp_path: Path, spoiled: str) -> None:
    run_by_ada(api)
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "last-good.json").write_text(spoiled, "utf-8")
    with override_settings(DATA=tmp_path):
        assert api.caller().get("/desk").json()["backup"] is None


def test_a_brand_without_an_admin_is_adopted_and_the_token_stays_where_it_is(api: Desk) -> None:
    left = brands.get_or_create("Left alone", api.now)
    caller, path = api.caller(), f"/desk/brands/{left.pk}/adopt"
    assert caller.post(path).status_code == 403
    assert caller.post("/desk/brands/999999/adopt").status_code == 403  # whether it is there is not told
    run_by_ada(api)
    by_name = {brand["name"]: brand for brand in caller.get("/desk").json()["brands"]}
    assert (by_name["Left alone"]["has_admin"], by_name["The Brand"]["has_admin"]) == (False, True)
    answer = caller.post(path)
    assert answer.json() == {"brand": left.pk, "name": "Left alone", "admin": api.ada.pk}
    assert models.Membership.objects.get(brand=left).role == Role.ADMIN
    chain = models.HistoryEntry.objects.filter(chain=f"brand:{left.pk}").order_by("pk")
    assert chain.reverse()[0].action == "person joined"
    assert caller.get("/brand").json()["id"] == caller.get("/me").json()["brand"] == api.brand.pk
    theirs = models.Membership.objects.get(brand=left).pk
    assert caller.patch(f"/people/{theirs}", {"role": "agent"}).status_code == 404
    assert caller.post(path).status_code == 403  # it has an admin now
    assert caller.post("/desk/brands/999999/adopt").status_code == 404


def test_nobody_adopts_with_less_than_the_scope_admin(api: Desk) -> None:
    run_by_ada(api)
    left = brands.get_or_create("Left alone", api.now)
    refused = api.caller(Scope.READ, Scope.WRITE, Scope.IMPORT).post(f"/desk/brands/{left.pk}/adopt")
    assert (refused.status_code, refused.json()["code"]) == (403, "scope")
    assert not models.Membership.objects.filter(brand=left).exists()


def test_a_request_for_another_host_leaves_no_trace_in_the_log(
    api: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    stranger, told = Client(SERVER_NAME="evil.example"), "django.security.DisallowedHost"
    assert stranger.get("/api/v1/me").status_code == 400
    assert told not in {record.name for record in caplog.records}
    caplog.set_level("ERROR", told)  # as Django has it by itself
    assert stranger.get("/api/v1/me").status_code == 400
    assert told in {record.name for record in caplog.records}
