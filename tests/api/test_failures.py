"""What could not be taken in, through the API and on the brand's own page."""

from __future__ import annotations

from django.test import Client
from tests.api.conftest import Desk

from amends.core.scopes import Scope
from amends.core.values import Role
from amends.language.stand_in import StandIn
from amends.pipeline.receive import Item, receive
from amends.pipeline.take import take_in
from amends.store import models, raw

NASTY = "<script>alert(1)</script>\u202e"


def spoil(api: Desk, brand: models.Brand, remote_id: str) -> None:
    receive(brand.pk, [(Item("x", remote_id, "ann", "Hello", api.now), b"1")], source="test", now=api.now)
    raw.give_up(models.Waiting.objects.get(brand=brand).pk, f"DataError: {NASTY}")


def test_a_brand_sees_and_tries_again_what_is_its_own(api: Desk) -> None:
    spoil(api, api.brand, "mine")
    spoil(api, models.Brand.objects.get(name="Other Brand"), "theirs")
    caller = api.caller()
    told = caller.get("/failures").json()
    assert (told["total"], told["again"]) == (1, 1)
    assert [(item["remote_id"], item["again"]) for item in told["items"]] == [("mine", True)]
    assert api.caller(Scope.READ, Scope.WRITE).get("/failures").status_code == 403
    assert api.caller(Scope.READ, Scope.WRITE).post("/failures/retry").status_code == 403
    assert caller.post("/failures/retry").json() == {"items": 1}
    assert caller.post("/failures/retry").json() == {"items": 0}
    while take_in(StandIn(1.0), api.now):
        pass
    assert models.Post.objects.get(remote_id="mine").text == "Hello"
    assert models.Raw.objects.get(remote_id="theirs").state == "failed"


def test_the_brands_page_has_them_with_a_button(api: Desk) -> None:
    spoil(api, api.brand, "mine")
    client = Client(SERVER_NAME="localhost")
    client.force_login(api.ada)
    url = f"/b/{api.brand.slug}/settings/"
    page = client.get(url).content.decode()
    assert page.count("Could not be taken in") == 1
    assert NASTY not in page
    assert "alert(1)" in page
    assert client.get(f"{url}retry/").status_code == 405
    done = client.post(f"{url}retry/", follow=True).content.decode()
    assert "1 tried again" in done
    assert "Could not be taken in" not in done
    assert "nothing to be tried again" in client.post(f"{url}retry/", follow=True).content.decode()
    models.Membership.objects.filter(user=api.ada, brand=api.brand).update(role=Role.AGENT)
    assert client.post(f"{url}retry/").status_code == 403
