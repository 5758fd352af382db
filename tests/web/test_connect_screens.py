"""The screens on which an account is connected by signing in on its own server, in every way of misuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
import time_machine
from django.test import Client, override_settings
from django.urls import reverse
from tests.channels.consent import ConsentServer, reply, serving
from tests.web.settings_pages import NASTY, page, person, post, signed_in, stranger

from amends import clock
from amends.core.values import Role
from amends.pipeline import connecting
from amends.store import brands
from amends.store.models import Account, HistoryEntry, Membership, SignIn

ACCOUNTS, SIGN_IN = "/b/firm/settings/accounts/", "/b/firm/settings/accounts/sign-in/"


@pytest.fixture
def server() -> Iterator[ConsentServer]:
    with serving(ConsentServer()) as served:
        here = frozenset({served.base.removeprefix("http://")})
        with override_settings(ALLOW_HOSTS=here, URL="http://127.0.0.1"):
            yield served


def begin(browser: Client, server: ConsentServer, more: str = "") -> str:
    """The address that the page goes on to."""
    wanted = {"channel": "mastodon", "server": server.base + more}
    return onwards(post(browser, SIGN_IN, wanted))


def onwards(html: str) -> str:
    found = re.search(r'href="([^"]+)" rel="noreferrer" data-go', html)
    assert found, html
    return unescape(found[1])


def back(address: str) -> str:
    """The path on the desk that a server sends the browser to."""
    assert address.startswith("http://127.0.0.1/")
    return address.removeprefix("http://127.0.0.1")


def come_back(browser: Client, address: str) -> Any:
    answer = browser.get(back(address))
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "no-store" in answer.headers["Cache-Control"]
    return answer


def test_an_account_is_connected_renewed_and_disconnected(boss: Membership, server: ConsentServer) -> None:
    admin = signed_in(boss.user)
    assert "never sees the password" in page(admin, ACCOUNTS)
    url = begin(admin, server, "/@brand")
    assert url.startswith(f"{server.base}/oauth/authorize?")
    answer = come_back(admin, server.consent(url))
    assert (answer.status_code, answer.headers["Location"]) == (302, ACCOUNTS)
    shown = page(admin, ACCOUNTS)
    assert "is connected. Its posts arrive" in shown
    account = Account.objects.get()
    assert account.handle in shown
    assert "Sign in on its server" in page(admin, reverse("reconnect", args=["firm", account.pk]))
    again = reverse("sign_in_again", args=["firm", account.pk])
    come_back(admin, server.consent(onwards(post(admin, again))))
    assert "is connected with its new token" in page(admin, ACCOUNTS)
    leave = reverse("disconnect", args=["firm", account.pk])
    assert "the server is told to end it" in page(admin, leave)
    assert "is disconnected" in post(admin, leave)
    actions = HistoryEntry.objects.filter(action__startswith="account").order_by("position")
    assert [entry.action for entry in actions] == [
        "account connected",
        "account reconnected",
        "account disconnected",
    ]


def test_a_code_that_is_shown_is_pasted(boss: Membership, server: ConsentServer) -> None:
    admin = signed_in(boss.user)
    wanted = {"channel": "mastodon", "server": server.base, "pasted": "on"}
    answer = admin.post(SIGN_IN, wanted)
    assert answer.status_code == 302
    paste = answer.headers["Location"]
    shown = page(admin, paste)
    link = re.search(r'href="([^"]+/oauth/authorize[^"]+)"', shown)
    assert link
    code = server.consent(unescape(link[1]))
    refused = post(admin, paste, code="wrong")
    assert "did not accept the code" in refused
    assert link[1] in refused
    assert "is connected. Its posts arrive" in post(admin, paste, code=f" {code} ")
    assert "This sign-in is over" in page(admin, paste)
    assert "was used before" in post(admin, paste, code=code)


def test_a_server_that_sends_nobody_back_shows_its_code(boss: Membership, server: ConsentServer) -> None:
    admin = signed_in(boss.user)
    server.instead["/api/v1/apps"] = lambda request: (
        server._register(request) if b"oob" in request.content else reply({"error": "x"}, 422)
    )
    shown = post(admin, SIGN_IN, {"channel": "mastodon", "server": server.base})
    assert "It shows a code instead" in shown
    assert 'name="code"' in shown


def test_who_reaches_the_desk_elsewhere_is_offered_the_code(boss: Membership, server: ConsentServer) -> None:
    admin = signed_in(boss.user)
    box = re.compile(r'<input type="checkbox" name="pasted"[^>]*>')
    (here,) = box.findall(page(admin, ACCOUNTS))
    assert "checked" not in here
    with override_settings(URL="https://desk.example"):
        (elsewhere,) = box.findall(page(admin, ACCOUNTS))
    assert "checked" in elsewhere


def test_what_is_wrong_is_said_at_its_field(boss: Membership, server: ConsentServer) -> None:
    admin = signed_in(boss.user)
    closed = "http://127.0.0.1:1"
    for typed, words in (
        ("brand", "names no server"),
        ("https://a:b@social.example", "without a name or password"),
        (closed, "AMENDS_ALLOW_HOSTS"),
        (f"{server.base}{NASTY}", "not the address"),
        ("http://169.254.169.254", "AMENDS_ALLOW_HOSTS"),
    ):
        shown = post(admin, SIGN_IN, {"channel": "mastodon", "server": typed})
        assert words in unescape(shown), typed
        assert "<script>alert" not in shown
    server.instead["/api/v2/instance"] = server.instead["/api/v1/instance"] = lambda _: reply([], 404)
    shown = post(admin, SIGN_IN, {"channel": "mastodon", "server": server.base})
    assert "speaks Mastodon" in shown
    assert not SignIn.objects.exists()


def refused(answer: Any, status: int, words: str) -> None:
    html = unescape(answer.content.decode())
    assert answer.status_code == status
    assert words in html
    assert "Settings, Accounts" in html or status == 403
    assert not Account.objects.exists()


def test_misused_answers_get_a_plain_page_and_no_code_leaves(boss: Membership, server: ConsentServer) -> None:
    admin, other = signed_in(boss.user), signed_in(person(boss.brand, Role.ADMIN, "olga").user)
    again = signed_in(boss.user)
    address = server.consent(begin(admin, server))
    asked = len(server.asked)
    for nothing in ("", "?state=", "?state=x&code=y", "?code=y", f"?{urlencode({'state': NASTY})}"):
        refused(come_back(admin, f"http://127.0.0.1/connect/back{nothing}"), 400, "no such sign-in")
    refused(come_back(other, address), 400, "somebody else or in another browser")
    refused(come_back(again, address), 400, "somebody else or in another browser")
    refused(come_back(stranger(), address), 403, "not signed in")
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        refused(come_back(admin, address), 400, "longer than ten minutes")
    assert len(server.asked) == asked
    for method in ("post", "head", "put", "delete"):
        assert getattr(admin, method)(back(address)).status_code in (403, 405)
    assert come_back(admin, address).status_code == 302
    assert Account.objects.count() == 1
    answer = come_back(admin, address)
    assert answer.status_code == 400
    assert "used before" in answer.content.decode()


def test_who_lost_the_role_meanwhile_connects_nothing(boss: Membership, server: ConsentServer) -> None:
    second = person(boss.brand, Role.ADMIN, "olga")
    browser = signed_in(second.user)
    address = server.consent(begin(browser, server))
    Membership.objects.filter(pk=second.pk).update(role=Role.AGENT)
    refused(come_back(browser, address), 403, "needs the role admin")
    browser = signed_in(person(boss.brand, Role.SUPERVISOR, "sam").user)
    assert browser.post(SIGN_IN, {"channel": "mastodon", "server": server.base}).status_code == 403


def test_a_no_is_told_on_the_page_of_the_accounts(boss: Membership, server: ConsentServer) -> None:
    admin = signed_in(boss.user)
    answer = come_back(admin, server.deny(begin(admin, server)))
    assert (answer.status_code, answer.headers["Location"]) == (302, ACCOUNTS)
    shown = page(admin, ACCOUNTS)
    assert "You said no on" in shown
    assert "<b>no</b>" not in shown


def test_the_sign_ins_of_others_are_not_there(boss: Membership, server: ConsentServer) -> None:
    admin, olga = signed_in(boss.user), person(boss.brand, Role.ADMIN, "olga")
    admin.post(SIGN_IN, {"channel": "mastodon", "server": server.base, "pasted": "on"})
    mine = reverse("sign_in_code", args=["firm", SignIn.objects.get().pk])
    assert admin.get(mine).status_code == 200
    assert signed_in(olga.user).get(mine).status_code == 404
    assert signed_in(boss.user).get(mine).status_code == 302, "another browser of the same person"
    other = brands.get_or_create("Other", clock.now())
    Membership.objects.create(user=boss.user, brand=other, role=Role.ADMIN)
    assert admin.get(mine.replace("/firm/", "/other/")).status_code == 404
    assert admin.get(reverse("sign_in_code", args=["firm", 2**62])).status_code == 404


def test_nothing_secret_stands_in_our_pages(boss: Membership, server: ConsentServer) -> None:
    admin = signed_in(boss.user)
    url = begin(admin, server)
    query = dict(parse_qsl(urlsplit(url).query))
    (client,) = server.apps.values()
    assert client["client_secret"] not in url
    answer = come_back(admin, server.consent(url))
    (token,) = server.tokens
    for text in (page(admin, ACCOUNTS), answer.headers["Location"], str(answer.cookies), str(answer.content)):
        for secret in (query["state"], client["client_secret"], token, "code-"):
            assert secret not in text


def test_the_address_to_come_back_to_is_the_one_that_is_registered() -> None:
    assert reverse("come_back") == connecting.BACK
