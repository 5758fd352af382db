"""Accounts, tokens, profile, brand and installation, and what no page of the settings may do."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.test import override_settings
from django.urls import reverse
from tests.web.settings_pages import NASTY, page, pages, person, post, signed_in, stranger

from amends import clock
from amends.channels.fake_network import FakeNetwork
from amends.channels.fake_server import Server
from amends.core.values import Role
from amends.pipeline import tokens
from amends.store import brands
from amends.store.models import Account, ApiToken, Brand, Membership

JUNK = ["", "\x00", "\xed\xa0\x80", "x" * 20_000, NASTY, "9" * 400]
FIELDS = ["name", "email", "password", "brand", "time_zone", "role", "code", "token", "base_url", "login"]
FIELDS += ["channel", "handle", "scopes", "expires", "version", "text", "open", "open_for", "target_high"]


@contextmanager
def network() -> Iterator[Server]:
    made = FakeNetwork(clock.now)
    made.admit(made.join("firm", "Firm").id, "good-token")
    with Server(0, made) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_an_account_is_connected_renewed_and_disconnected(boss: Membership) -> None:
    admin, url = signed_in(boss.user), reverse("accounts", args=["firm"])
    with network() as server:
        wanted = {"channel": "fake", "base_url": server.url, "handle": "", "token": "good-token"}
        assert "AMENDS_ALLOW_HOSTS" in post(admin, url, wanted)
        with override_settings(ALLOW_HOSTS=frozenset({server.url.removeprefix("http://")})):
            refused = post(admin, url, wanted | {"token": "wrong-token"})
            assert "does not accept this token" in refused
            assert "wrong-token" not in refused
            assert not Account.objects.exists()
            assert "is connected" in post(admin, url, wanted)
            account = Account.objects.get()
            assert (account.handle, account.active) == ("firm", True)
            Account.objects.update(trouble="The network no longer accepts our token.")
            assert "In trouble" in page(admin, url)
            renew = reverse("reconnect", args=["firm", account.pk])
            assert "does not accept" in post(admin, renew, token="wrong-token")
            assert "new token" in post(admin, renew, token="good-token")
    assert "is disconnected" in post(admin, reverse("disconnect", args=["firm", account.pk]))
    account.refresh_from_db()
    assert (account.active, account.token) == (False, None)
    assert "Disconnected" in page(admin, url)


def test_tokens_are_made_shown_once_and_revoked(boss: Membership) -> None:
    agent = person(boss.brand, Role.AGENT, "ann")
    hers, url = signed_in(agent.user), reverse("tokens", args=["firm"])
    assert "leave out: admin" in post(hers, url, name="job", scopes=["read", "admin"], expires="30")
    made = post(hers, url, name=NASTY, scopes=["read"], expires="30")
    secret = re.findall(r'value="(am_[^"]+)"', made)[0]
    key = tokens.find_token(secret, clock.now())
    assert key is not None
    assert key.user == agent.user
    assert "<script>alert" not in made
    assert secret not in page(hers, url)
    token = ApiToken.objects.get()
    assert token.expires_at is not None
    assert token.expires_at - clock.now() < timedelta(days=30, seconds=1)
    assert token.prefix in page(signed_in(boss.user), url)
    colleague = signed_in(person(boss.brand, Role.AGENT, "bob").user)
    assert token.prefix not in page(colleague, url)
    assert "needs the role admin" in post(colleague, reverse("revoke", args=["firm", token.pk]))
    assert tokens.find_token(secret, clock.now())
    post(signed_in(boss.user), reverse("revoke", args=["firm", token.pk]))
    assert tokens.find_token(secret, clock.now()) is None


def test_profile_brand_and_installation(boss: Membership) -> None:
    admin = signed_in(boss.user)
    assert "Kept" in post(admin, "/settings/profile/", name="Ruth R.", time_zone="Asia/Tokyo")
    boss.user.refresh_from_db()
    assert (boss.user.name, boss.user.time_zone) == ("Ruth R.", "Asia/Tokyo")
    assert "valid choice" in post(admin, "/settings/profile/", name="Ruth", time_zone="x")
    assert "is called New name now" in post(admin, reverse("brand", args=["firm"]), brand="New name")
    orphan = brands.get_or_create("Imported", clock.now())
    assert "no admin" in page(admin, "/settings/desk/")
    assert "You are admin of Imported" in post(admin, reverse("adopt", args=[orphan.pk]))
    assert admin.post(reverse("adopt", args=[10**20])).status_code == 404
    taken = post(admin, "/settings/desk/", brand="Imported", time_zone="UTC")
    assert "There is a brand of this name" in taken
    for same in ("imported", " IM PORTED", "ｉｍｐｏｒｔｅｄ"):
        assert "There is a brand of this name, written “Imported”" in post(
            admin, "/settings/desk/", brand=same, time_zone="UTC"
        )
        refused = post(admin, reverse("brand", args=["firm"]), brand=same)
        assert "There is a brand of this name" in refused
    assert "is called NEW NAME now" in post(admin, reverse("brand", args=["firm"]), brand="NEW NAME")
    assert "Second is ready" in post(admin, "/settings/desk/", brand="Second", time_zone="UTC")
    assert Brand.objects.count() == 3


def test_no_page_of_the_settings_can_be_cached_or_carries_script(boss: Membership) -> None:
    admin = signed_in(boss.user)
    for url in [*pages(), "/settings/profile/", "/settings/desk/", "/account/mfa/"]:
        answer = admin.get(url)
        html = answer.content.decode()
        assert answer.status_code == 200
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert not re.search(r"\son\w+=|\sstyle=|<style|javascript:", html), url
        scripts = re.findall(r"<script[^>]*>", html)
        assert not [tag for tag in scripts if "src=" not in tag and "json" not in tag]
    for url in pages():
        assert admin.get(url).headers["Cache-Control"] == "no-store"


def test_garbage_gets_an_answer_never_a_fault(boss: Membership) -> None:
    admin, anonymous = signed_in(boss.user), stranger()
    inside = [*pages(), "/settings/profile/", "/settings/desk/", "/invitation", "/invitation/join"]
    outside = ["/setup/", "/invitation", "/account/login/", "/account/signup/"]
    for value in JUNK:
        for url in inside:
            assert admin.post(url, dict.fromkeys(FIELDS, value)).status_code < 500, (url, value[:20])
        for url in outside:
            assert anonymous.post(url, dict.fromkeys(FIELDS, value)).status_code < 500, (url, value[:20])
