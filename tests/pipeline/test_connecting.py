"""Connecting an account by signing in on its own server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from urllib.parse import parse_qsl

import pytest
from django.db import connection
from tests.channels.consent import BASE, reply
from tests.pipeline.consenting import Desk, read

from amends.channels.mastodon_oauth import SCOPES
from amends.core.case import NotPossible
from amends.pipeline import connecting
from amends.pipeline.connecting import HOLDS_FOR, Begun
from amends.pipeline.people_checks import BadField
from amends.store import history, sealed
from amends.store.models import (
    Account,
    HistoryContent,
    HistoryEntry,
    NetworkApp,
    SignIn,
)


def everything_kept() -> str:
    """All rows of what this is about, as text; sealed values and hashes are there as they are."""
    rows: list[object] = []
    with connection.cursor() as cursor:
        for table in ("account", "networkapp", "signin", "revocation", "historycontent", "historyentry"):
            cursor.execute(f"SELECT t::text FROM store_{table} t")
            rows += cursor.fetchall()
    return str(rows)


@pytest.mark.parametrize("typed", ["social.example", f"{BASE}/@brand", "@brand@social.example"])
def test_an_account_is_connected_by_consenting_on_its_server(place: Desk, typed: str) -> None:
    made = place.connect(typed)
    assert (made.channel, made.base_url, made.active) == ("mastodon", BASE, True)
    assert (made.handle, made.remote_id) == ("brand@social.example", "id-brand")
    token = sealed.open_(bytes(Account.objects.get().token or b""))
    assert place.server.tokens[token] == ("brand", NetworkApp.objects.get().client_id)
    entry = HistoryEntry.objects.get(action="account connected")
    assert (entry.chain, entry.actor) == (f"brand:{place.brand.pk}", f"person:{place.admin.pk}")
    assert HistoryContent.objects.get(entry=entry).body["server"] == BASE
    assert list(history.faults()) == []
    assert SignIn.objects.get().finished_at == place.at
    assert place.server.revoked == []


def test_nothing_secret_is_kept_open_nor_shown(place: Desk) -> None:
    begun = place.begin()
    address = place.server.consent(begun.url)
    answer = read(address)
    made = place.come_back(address)
    kept = everything_kept()
    client = next(iter(place.server.apps.values()))
    (token,) = place.server.tokens
    verifier = next(
        dict(parse_qsl(request.content.decode()))["code_verifier"]
        for request in place.server.asked
        if b"code_verifier" in request.content
    )
    for secret in (answer.state, answer.code, client["client_secret"], token, verifier):
        assert len(secret) > 8
        assert secret not in kept
        assert secret not in repr((begun, answer, made))
    assert begun.sign_in.state_hash == sealed.secret_hash(answer.state)
    assert not any(request.query for request in place.server.asked if request.body)


def test_the_same_server_knows_the_desk_once(place: Desk) -> None:
    place.connect()
    place.connect(account="second")
    place.begin()
    place.begin(pasted=True)
    assert place.server.paths().count("/api/v1/apps") == 2
    assert NetworkApp.objects.filter(retired_at=None).count() == 2
    assert [app.scopes for app in NetworkApp.objects.all()] == [" ".join(SCOPES)] * 2


def test_a_server_that_forgot_the_desk_is_told_of_it_again(place: Desk) -> None:
    made = place.connect()
    place.server.apps.clear()
    again = place.come_back(place.server.consent(place.again(made).url))
    assert again.pk == made.pk
    assert NetworkApp.objects.filter(retired_at=None).count() == 1
    assert NetworkApp.objects.count() == 2


def test_what_was_begun_before_the_desk_was_registered_anew_can_be_finished(place: Desk) -> None:
    first = place.begin()
    place.server.instead["/oauth/token"] = lambda _: reply(b"", 400)  # it does not tell whether it knows us
    place.begin()
    del place.server.instead["/oauth/token"]
    assert NetworkApp.objects.filter(retired_at=None).count() == 1
    assert place.come_back(place.server.consent(first.url)).active


def test_a_server_that_forgets_the_desk_in_between_says_begin_again(place: Desk) -> None:
    address = place.server.consent(place.begin().url)
    place.server.apps.clear()
    with pytest.raises(NotPossible, match="forgotten the desk"):
        place.come_back(address)
    assert not NetworkApp.objects.filter(retired_at=None).exists()
    assert place.connect().active


def test_other_needs_than_before_register_the_desk_anew(place: Desk) -> None:
    place.begin()
    NetworkApp.objects.update(scopes="read:accounts")
    place.begin()
    assert [app.scopes for app in NetworkApp.objects.filter(retired_at=None)] == [" ".join(SCOPES)]


def test_several_who_begin_at_once_leave_one_app(place: Desk) -> None:
    def begin() -> Begun:
        try:
            return place.begin()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        begun = [pool.submit(begin) for _ in range(8)]
    addresses = [place.server.consent(each.result().url) for each in begun]
    assert NetworkApp.objects.filter(retired_at=None).count() == 1
    assert place.come_back(addresses[0]).active


def test_an_app_whose_secret_does_not_open_is_replaced(place: Desk) -> None:
    place.begin()
    NetworkApp.objects.update(client_secret=b"nonsense")
    assert place.connect().active


@pytest.mark.parametrize("typed", ["", "brand", "ftp://social.example", "https://u:p@social.example"])
def test_what_is_no_server_is_refused_before_anything_is_asked(place: Desk, typed: str) -> None:
    with pytest.raises(BadField) as caught:
        place.begin(typed)
    assert caught.value.field == "server"
    assert place.server.asked == []
    assert not SignIn.objects.exists()


def test_only_networks_that_sign_in_can_be_signed_in_on(place: Desk) -> None:
    for channel in ("fake", "nonsense", ""):
        with pytest.raises(BadField) as caught:
            connecting.begin(
                place.brand.pk,
                channel,
                "social.example",
                session="",
                pasted=False,
                by=place.admin,
                now=place.at,
                wire=place.server,
            )
        assert caught.value.field == "channel"
    assert connecting.channels() == ["mastodon"]


def test_nobody_begins_without_end(place: Desk) -> None:
    for _ in range(connecting.MOST_BEGUN):
        place.begin()
    with pytest.raises(NotPossible, match="very many"):
        place.begin()
    place.at += HOLDS_FOR
    assert place.begin()


def test_what_is_over_is_forgotten(place: Desk) -> None:
    place.connect()
    place.server.apps.clear()
    place.begin()
    NetworkApp.objects.create(
        channel="mastodon", base_url=BASE, client_secret=b"", created_at=place.at, retired_at=place.at
    )
    assert connecting.forget(place.at) == 1
    assert SignIn.objects.count() == 2
    assert connecting.forget(place.at + timedelta(days=2)) == 2
    assert NetworkApp.objects.count() == 2, "the account's and the one in use"


def test_a_server_that_takes_no_apps_is_told_at_its_field(place: Desk) -> None:
    place.server.instead["/api/v1/apps"] = lambda _: reply({"error": "No more apps"}, 403)
    with pytest.raises(BadField, match="did not take the desk as an app") as caught:
        place.begin()
    assert caught.value.field == "server"
    assert place.server.paths().count("/api/v1/apps") == 2, "with and without being sent back"
