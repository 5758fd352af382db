"""New tokens in the place of old ones, and tokens that are given up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.channels.consent import BASE, ConsentServer, reply
from tests.pipeline.consenting import Desk

from amends.core.case import NotPossible
from amends.core.values import Role
from amends.pipeline import accounts, revoking
from amends.pipeline.people_checks import BadField
from amends.store import brands, sealed
from amends.store.models import (
    Account,
    HistoryEntry,
    Membership,
    Revocation,
)


def test_a_new_token_takes_the_place_of_the_old_one_which_is_ended(place: Desk) -> None:
    made = place.connect()
    (old,) = place.server.tokens
    Account.objects.update(trouble="The network no longer accepts our token.")
    again = place.come_back(place.server.consent(place.again(made).url))
    assert (again.pk, again.trouble) == (made.pk, "")
    assert HistoryEntry.objects.filter(action="account reconnected").count() == 1
    assert place.revoke() == 1
    assert place.server.revoked == [old]
    assert sealed.open_(bytes(Account.objects.get().token or b"")) in place.server.tokens


def test_an_account_whose_domain_points_elsewhere_now_gets_no_token_from_there(place: Desk) -> None:
    made = place.connect()
    Account.objects.update(base_url="https://firm.example")
    made.refresh_from_db()
    firm = ConsentServer("https://firm.example")
    meta = f'<Link template="{BASE}/.well-known/webfinger?resource={{uri}}"/>'.encode()
    firm.instead = {"/.well-known/host-meta": lambda _: reply(meta)}
    firm.instead |= {f"/api/{v}/instance": lambda _: reply({}, 404) for v in ("v1", "v2")}
    social = place.server
    place.server = lambda request: (firm if "firm" in request.url else social)(request)  # type: ignore[assignment]
    with pytest.raises(BadField, match=r"is on https://firm\.example, which now points to"):
        place.again(made)


def test_an_account_without_a_usable_address_is_not_signed_in_again(place: Desk) -> None:
    made = place.connect()
    for address in ("", "not an address", "ftp://social.example"):
        made.base_url = address
        with pytest.raises(BadField) as caught:
            place.again(made)
        assert caught.value.field == "server"


def test_a_disconnected_account_leaves_no_token_on_its_server(place: Desk) -> None:
    made = place.connect()
    accounts.disconnect(made, place.admin, place.at)
    assert len(place.server.tokens) == 1, "disconnecting waits for no server"
    assert place.revoke() == 1
    assert place.server.tokens == {}
    assert place.revoke() == 0
    assert not Revocation.objects.exists()


def test_a_server_that_is_away_is_told_later_and_not_for_ever(place: Desk) -> None:
    accounts.disconnect(place.connect(), place.admin, place.at)
    place.server.instead["/oauth/revoke"] = lambda _: reply(b"", 503)
    assert place.revoke() == 1
    waits = Revocation.objects.get().not_before - place.at
    assert waits == timedelta(minutes=1)
    for _ in range(revoking.MOST_TRIES):
        place.at += timedelta(hours=5)
        place.revoke()
    assert not Revocation.objects.exists()
    tried = place.server.paths().count("/oauth/revoke")
    assert tried == revoking.MOST_TRIES


def test_a_server_that_refuses_is_not_asked_again(place: Desk) -> None:
    accounts.disconnect(place.connect(), place.admin, place.at)
    place.server.apps.clear()
    assert place.revoke() == 1
    assert not Revocation.objects.exists()


def test_a_token_that_is_still_in_use_is_not_ended(place: Desk) -> None:
    place.server.reuses_tokens = True
    made = place.connect()
    other = brands.get_or_create("Other", place.at)
    Membership.objects.create(user=place.admin, brand=other, role=Role.ADMIN)
    place.come_back(place.server.consent(place.begin(brand=other).url))
    with pytest.raises(NotPossible, match="connected already"):
        place.connect()
    accounts.disconnect(made, place.admin, place.at)
    place.revoke()
    assert list(place.server.tokens) == ["token-of-brand"]
    accounts.disconnect(Account.objects.get(brand=other), place.admin, place.at)
    place.come_back(place.server.consent(place.begin().url))
    assert not Revocation.objects.exists(), "an account was given it again before it was ended"
    place.revoke()
    assert place.server.revoked == []


def test_tokens_that_do_not_open_are_nobodys(place: Desk) -> None:
    made = place.connect()
    accounts.disconnect(made, place.admin, place.at)
    Account.objects.create(
        brand=place.brand, channel="mastodon", base_url=BASE, handle="x", token=b"junk", created_at=place.at
    )
    assert place.revoke() == 1
    assert place.server.tokens == {}
    accounts.disconnect(place.connect(), place.admin, place.at)
    Revocation.objects.update(token=b"junk")
    assert place.revoke() == 1
    assert not Revocation.objects.exists()


def test_a_pasted_token_is_forgotten_and_left_to_its_owner(place: Desk) -> None:
    place.server.tokens["by-hand"] = ("brand", "")
    made = accounts.connect(
        place.brand.pk,
        "mastodon",
        base_url=BASE,
        handle="@brand",
        token="by-hand",
        by=place.admin,
        now=place.at,
        wire=place.server,
    )
    accounts.disconnect(made, place.admin, place.at)
    assert place.revoke() == 0
    assert list(place.server.tokens) == ["by-hand"]
