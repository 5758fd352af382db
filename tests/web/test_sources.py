"""The screens of sources: made by an admin, the secret shown once, and nobody else's."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client
from tests.web.conftest import House

from amends.core.values import Role
from amends.pipeline import accounts, hooks, sources
from amends.store import history, sealed
from amends.store.models import Account, HistoryContent, HistoryEntry

NEW = "/b/the-brand/settings/accounts/webhook/"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{40,}")


@pytest.fixture
def admin(house: House) -> Client:
    hooks.known.forget()
    return house.enter(house.person(Role.ADMIN))


def made(admin: Client, channel: str = "forum") -> Account:
    answer = admin.post(NEW, {"channel": channel})
    assert answer.status_code == 302, answer.content
    return Account.objects.get(channel=channel.strip().lower())


def text(answer: object) -> str:
    return html.unescape(answer.content.decode())  # type: ignore[attr-defined]


def test_making_a_source_shows_address_and_secret_once(house: House, admin: Client) -> None:
    account = made(admin, " Forum ")
    page = admin.get(f"/b/the-brand/settings/accounts/{account.pk}/webhook/")
    assert page["Cache-Control"] == "no-store"
    found = SECRET.findall(text(page))
    assert len(set(found)) == 1
    assert f"http://127.0.0.1:8010/hooks/{account.remote_id}" in text(page)
    assert "Only this machine can reach it" in text(page)
    again = admin.get(f"/b/the-brand/settings/accounts/{account.pk}/webhook/")
    assert not SECRET.search(text(again))
    assert found[0].encode() not in bytes(account.token or b"")
    assert found[0] in sealed.open_(bytes(account.token or b""))
    told = str(list(HistoryContent.objects.values_list("body", flat=True)))
    assert found[0] not in told
    assert account.remote_id not in told
    assert HistoryEntry.objects.filter(action="source made").count() == 1
    assert list(history.faults()) == []


def test_the_page_tells_which_answers_to_send_the_same_again_after(admin: Client) -> None:
    page = text(admin.get(f"/b/the-brand/settings/accounts/{made(admin).pk}/webhook/"))
    assert "After 408, 429, any 5xx or no answer at all, send the same again later" in page
    assert "other than 2xx" not in page


@pytest.mark.parametrize(
    ("channel", "why"),
    [
        ("", "required"),
        ("two words", "small letters"),
        ("x" * 41, "small letters"),
        ("-forum", "small letters"),
        ("förum", "small letters"),
        ("\x00", "Null characters"),
        ("fake", "of the desk's own"),
        ("import", "of the desk's own"),
    ],
)
def test_a_channel_that_cannot_be_is_refused_with_the_reason(admin: Client, channel: str, why: str) -> None:
    answer = admin.post(NEW, {"channel": channel})
    assert answer.status_code == 200
    assert why in text(answer)
    assert not Account.objects.exists()


def test_a_channel_has_one_source(admin: Client) -> None:
    made(admin)
    assert "has a source already" in text(admin.post(NEW, {"channel": "forum"}))
    assert Account.objects.count() == 1


def test_a_new_secret_is_shown_once_and_says_how_long_the_old_one_holds(admin: Client) -> None:
    account = made(admin)
    first = SECRET.findall(text(admin.get(f"/b/the-brand/settings/accounts/{account.pk}/webhook/")))[0]
    answer = admin.post(f"/b/the-brand/settings/accounts/{account.pk}/webhook/secret/", follow=True)
    assert "The secret of before is good until" in text(answer)
    second = SECRET.findall(text(answer))[0]
    assert second != first
    assert not SECRET.search(text(admin.get(f"/b/the-brand/settings/accounts/{account.pk}/webhook/")))


def test_the_list_tells_sources_from_accounts_and_disconnecting_ends_one(house: House, admin: Client) -> None:
    account = made(admin)
    network = house.connect()
    listed = text(admin.get("/b/the-brand/settings/accounts/"))
    assert "delivered by webhook" in listed
    assert "No delivery yet" in listed
    assert f"/accounts/{network.pk}/reconnect/" in listed
    assert f"/accounts/{account.pk}/reconnect/" not in listed
    way = f"/b/the-brand/settings/accounts/{account.pk}/disconnect/"
    assert "deliveries are refused" in text(admin.get(way))
    admin.post(way)
    account.refresh_from_db()
    assert (account.active, account.token) == (False, None)
    assert "Every delivery is refused" in text(
        admin.get(f"/b/the-brand/settings/accounts/{account.pk}/webhook/")
    )
    secret = f"/b/the-brand/settings/accounts/{account.pk}/webhook/secret/"
    assert "disconnected; nothing was changed" in text(admin.post(secret, follow=True))
    back = made(admin)
    assert (back.pk, back.remote_id, back.active) == (account.pk, account.remote_id, True)


def test_only_admins_of_the_brand_come_near(house: House, admin: Client) -> None:
    account = made(admin)
    places = [NEW, f"/b/the-brand/settings/accounts/{account.pk}/webhook/"]
    agent = house.enter(house.person(Role.SUPERVISOR))
    stranger = house.enter(house.person(Role.ADMIN, house.other))
    for place in places:
        assert agent.get(place).status_code == 403
        assert stranger.get(place).status_code == 404
        assert stranger.get(place.replace("the-brand", "another")).status_code == (
            200 if place == NEW else 404
        )
    secret = f"{places[1]}secret/"
    assert [who.post(secret).status_code for who in (agent, stranger)] == [403, 404]
    assert admin.get(secret).status_code == 405


def test_an_account_of_a_network_is_no_source(house: House, admin: Client) -> None:
    network = house.connect()
    assert admin.get(f"/b/the-brand/settings/accounts/{network.pk}/webhook/").status_code == 404


def test_a_secret_that_cannot_be_opened_is_told_to_the_admin_and_lets_nobody_in(
    house: House, admin: Client
) -> None:
    account = made(admin)
    Account.objects.filter(pk=account.pk).update(token=b"gAAAA" * 30)
    hooks.known.forget()
    assert hooks.known.get(account.remote_id, house.now) is None
    page = text(admin.get(f"/b/the-brand/settings/accounts/{account.pk}/webhook/"))
    assert "In trouble" in page
    assert "secret.key" in page
    boss = house.person(Role.ADMIN)
    assert sources.renew(account, boss, house.now)
    account.refresh_from_db()
    assert account.trouble == ""


def test_a_case_of_a_source_says_where_to_answer(house: House, admin: Client) -> None:
    made(admin)
    item = house.item("high My parcel is lost", channel="forum", url="https://forum.example/t/9")
    house.arrive(item)
    from amends.store.models import Case

    page = text(admin.get(f"/cases/{Case.objects.get().pk}/"))
    assert "receives forum but cannot answer there" in page
    assert "https://forum.example/t/9" in page
    assert accounts.channels()
