"""The screens about people and settings, as a browser without JavaScript uses them."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import hotp_value, yield_hotp_counters_from_time
from django.conf import settings
from django.test import Client, override_settings
from django.urls import reverse

from amends import clock
from amends.channels.fake_network import FakeNetwork
from amends.channels.fake_server import Server
from amends.core.values import Role
from amends.pipeline import invitations, people, tokens
from amends.store import brands, history, policies, sealed, seals
from amends.store.models import Account, ApiToken, Brand, Invitation, Mail, Membership, PolicyVersion, User

PASSWORD = "seven sad seagulls"
NASTY = "<script>alert(1)</script>\u202e{{ 7|add:7 }}"
JUNK = ["", "\x00", "\xed\xa0\x80", "x" * 20_000, NASTY, "9" * 400]
FIELDS = ["name", "email", "password", "brand", "time_zone", "role", "code", "token", "base_url", "login"]
FIELDS += ["channel", "handle", "scopes", "expires", "version", "text", "open", "open_for", "target_high"]
SETTINGS = ["people", "accounts", "policy", "policy_text", "tokens", "brand"]
Filled = Mapping[str, object]


@pytest.fixture
def boss(desk: None) -> Membership:
    return people.first_admin(
        email="ruth@example.com",
        name="Ruth",
        password=PASSWORD,
        brand="Firm",
        time_zone="Europe/Berlin",
        now=clock.now(),
    )


def stranger() -> Client:
    return Client(SERVER_NAME="127.0.0.1")


def signed_in(user: User) -> Client:
    client = stranger()
    client.force_login(user)
    return client


def person(brand: Brand, role: Role, name: str) -> Membership:
    user = User.objects.create_user(f"{name}@example.com", PASSWORD, name=name.capitalize())
    return Membership.objects.create(user=user, brand=brand, role=role)


def page(client: Client, url: str) -> str:
    answer = client.get(url, follow=True)
    assert answer.status_code == 200, url
    return answer.content.decode()


def post(client: Client, url: str, filled: Filled | None = None, **fields: object) -> str:
    answer = client.post(url, {**(filled or {}), **fields}, follow=True)
    assert answer.status_code == 200, url
    return answer.content.decode()


def pages() -> list[str]:
    return [reverse(name, args=["firm"]) for name in SETTINGS]


def test_while_nobody_can_sign_in_every_page_leads_to_the_set_up(desk: None) -> None:
    client = stranger()
    for url in ("/", "/settings/", "/b/firm/", "/account/login/", "/account/mfa/"):
        assert "Set up your desk" in page(client, url)
    fields = {"name": "Ruth", "email": "ruth@example.com", "brand": "Firm", "time_zone": "Europe/Berlin"}
    refused = post(client, "/setup/", fields, password="short")
    assert "too short" in refused
    assert 'value="ruth@example.com"' in refused
    assert "Firm is ready" in post(client, "/setup/", fields, password=PASSWORD)
    assert User.objects.get().is_staff
    assert "Sign in" in page(stranger(), "/setup/")
    fields["email"] = "eve@example.com"
    post(stranger(), "/setup/", fields, password=PASSWORD)
    assert User.objects.count() == 1


def test_signing_in_and_out(boss: Membership) -> None:
    client = stranger()
    assert "not correct" in post(client, "/account/login/", login="ruth@example.com", password="nope")
    assert "_auth_user_id" not in client.session
    client.post("/account/login/", {"login": "RUTH@example.com", "password": PASSWORD})
    assert client.session["_auth_user_id"] == str(boss.user_id)
    assert "You sign in as" in page(client, "/account/mfa/")
    client.post("/account/logout/")
    assert "Sign in" in page(client, "/settings/")


def test_guessing_passwords_is_slowed_down(boss: Membership) -> None:
    client = stranger()
    for _ in range(5):
        post(client, "/account/login/", login="ruth@example.com", password="nope")
    late = client.post("/account/login/", {"login": "ruth@example.com", "password": PASSWORD})
    assert late.status_code in (200, 429)
    assert "_auth_user_id" not in client.session


def test_nobody_signs_up(boss: Membership) -> None:
    assert "Your invitation" in page(stranger(), "/account/signup/")
    stranger().post("/account/signup/", {"email": "eve@example.com", "password1": PASSWORD})
    assert User.objects.count() == 1


def link_on(html: str) -> str:
    found = re.search(r'value="([^"]*/invitation#[^"]+)"', html)
    assert found
    return found[1]


def test_a_new_person_comes_in_by_a_link_that_is_shown_once(boss: Membership) -> None:
    admin, url = signed_in(boss.user), reverse("people", args=["firm"])
    link = link_on(post(admin, url, email="ann@example.com", role="agent"))
    assert "/invitation#" not in page(admin, url)
    secret = link.split("#")[1]
    assert secret not in str(dict(admin.session))
    visitor = stranger()
    assert "Invitation code" in page(visitor, "/invitation")
    assert "does not hold" in post(visitor, "/invitation", code="guess")
    assert "ann@example.com" in post(visitor, "/invitation", code=link)
    led = visitor.post("/invitation", {"code": link}).headers["Location"]
    assert led.endswith("/join#main"), "a browser carries a fragment on unless it is given another"
    assert secret not in str(dict(visitor.session))
    assert "too short" in post(visitor, "/invitation/join", name="Ann", password="ann", time_zone="UTC")
    joined = post(visitor, "/invitation/join", name=NASTY, password=PASSWORD, time_zone="UTC")
    assert "Welcome to Firm" in joined
    assert visitor.session["_auth_user_id"] == str(User.objects.get(email="ann@example.com").pk)
    assert "does not hold" in post(stranger(), "/invitation", code=secret)
    listed = page(admin, url)
    assert "<script>alert" not in listed
    assert "\u202e" not in listed
    assert "{{ 7|add:7 }}" in listed


def test_an_existing_person_signs_in_to_join_and_nobody_else_can(boss: Membership) -> None:
    other = brands.get_or_create("Other", clock.now())
    ann = person(other, Role.AGENT, "ann").user
    _, secret = invitations.invite(boss.brand_id, "ann@example.com", "agent", boss.user, clock.now())
    visitor = stranger()
    assert "Sign in with it" in post(visitor, "/invitation", code=secret)
    post(visitor, "/invitation/join", name="Mallory", password=PASSWORD, time_zone="UTC")
    assert not Membership.objects.filter(user=ann, brand=boss.brand).exists()
    thief = signed_in(person(other, Role.AGENT, "eve").user)
    assert "signed in as" in post(thief, "/invitation", code=secret)
    post(thief, "/invitation/join")
    assert Membership.objects.filter(brand=boss.brand).count() == 1
    visitor.post("/account/login/?next=/invitation/join", {"login": "ann@example.com", "password": PASSWORD})
    assert "join as agent" in page(visitor, "/invitation/join")
    assert "Welcome to Firm" in post(visitor, "/invitation/join")
    assert Membership.objects.get(user=ann, brand=boss.brand).role == Role.AGENT


def test_invitations_are_withdrawn_and_tell_what_became_of_their_mail(boss: Membership) -> None:
    admin, url = signed_in(boss.user), reverse("people", args=["firm"])
    with override_settings(EMAIL_HOST="127.0.0.1", EMAIL_PORT=9):
        post(admin, url, email="ann@example.com", role="agent")
        assert "on its way" in page(admin, url)
    Mail.objects.update(state="unknown", body=None)
    assert "may have arrived" in page(admin, url)
    withdraw = reverse("withdraw", args=["firm", Invitation.objects.get().pk])
    assert admin.get(withdraw).status_code == 405
    assert "does not hold any more" in post(admin, withdraw)
    assert "Open invitations" not in page(admin, url)


def test_roles_and_leaving(boss: Membership) -> None:
    admin, ann = signed_in(boss.user), person(boss.brand, Role.AGENT, "ann")
    assert "is supervisor now" in post(admin, reverse("set_role", args=["firm", ann.pk]), role="supervisor")
    assert "Choose one of" in post(admin, reverse("set_role", args=["firm", ann.pk]), role=NASTY)
    assert "last admin" in post(admin, reverse("set_role", args=["firm", boss.pk]), role="agent")
    assert "last admin" in post(admin, reverse("remove_person", args=["firm", boss.pk]))
    remove = reverse("remove_person", args=["firm", ann.pk])
    hers = signed_in(ann.user)
    assert hers.get("/b/firm/settings/tokens/").status_code == 200
    assert "No open case" in page(admin, remove)
    assert "does not work for Firm" in post(admin, remove)
    assert hers.get("/b/firm/settings/tokens/").status_code == 404
    assert Membership.objects.count() == 1
    assert list(history.faults()) == []


def test_what_the_role_does_not_cover_is_refused(boss: Membership) -> None:
    account = Account.objects.create(brand=boss.brand, channel="fake", handle="us", created_at=clock.now())
    closed = [
        *(url for url in pages() if "tokens" not in url),
        reverse("remove_person", args=["firm", boss.pk]),
        reverse("reconnect", args=["firm", account.pk]),
        reverse("disconnect", args=["firm", account.pk]),
        reverse("policy_version", args=["firm", 1]),
        reverse("installation"),
    ]
    for role in (Role.AGENT, Role.SUPERVISOR):
        member = person(boss.brand, role, role)
        client = signed_in(member.user)
        for url in closed:
            assert client.get(url).status_code == 403, url
            assert client.post(url, {"role": "admin"}).status_code in (403, 405), url
        promotion = reverse("set_role", args=["firm", member.pk])
        assert client.post(promotion, {"role": "admin"}).status_code == 403
        assert client.post(reverse("adopt", args=[boss.brand_id])).status_code == 403
        assert Membership.objects.get(pk=member.pk).role == role
    for url in [*closed, *pages()]:
        assert stranger().get(url).status_code == 302, url


def test_what_belongs_to_another_brand_is_not_there(boss: Membership) -> None:
    now = clock.now()
    outsider = signed_in(person(brands.get_or_create("Other", now), Role.ADMIN, "eve").user)
    made, _ = invitations.invite(boss.brand_id, "new@example.com", "agent", boss.user, now)
    token, _ = tokens.make_token(boss.user, boss.brand_id, "job", ["read"], None, now)
    account = Account.objects.create(brand=boss.brand, channel="fake", handle="us", created_at=now)
    for url in [*pages(), reverse("policy_version", args=["firm", 1])]:
        assert outsider.get(url).status_code == 404, url
        assert outsider.post(url).status_code in (404, 405), url
    for slug in ("firm", "other"):
        for name, pk in (("set_role", boss.pk), ("withdraw", made.pk), ("revoke", token.pk)):
            assert outsider.post(reverse(name, args=[slug, pk]), {"role": "agent"}).status_code == 404
        for name, pk in (("reconnect", account.pk), ("disconnect", account.pk), ("remove_person", boss.pk)):
            assert outsider.get(reverse(name, args=[slug, pk])).status_code == 404
            assert outsider.post(reverse(name, args=[slug, pk])).status_code == 404
    Membership.objects.create(user=boss.user, brand=Brand.objects.get(slug="other"), role=Role.ADMIN)
    both = signed_in(boss.user)
    assert both.get(reverse("disconnect", args=["other", account.pk])).status_code == 404
    assert both.get(reverse("disconnect", args=["firm", account.pk])).status_code == 200
    assert Invitation.objects.get().withdrawn_at is None


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


def policy_fields(html: str) -> dict[str, object]:
    """What a browser would post back from the form as it stands."""
    form = html[html.index('class="policy"') :]
    inputs = r'<input type="(?:number|text|hidden)" name="(\w+)"(?: value="([^"]*)")?'
    fields: dict[str, object] = dict(re.findall(inputs, form))
    fields["time_zone"] = re.findall(r'<option value="([^"]+)" selected', form)[0]
    checked = re.findall(r'name="(\w+)" value="(\w+)"[^>]*checked', form)
    fields["open"] = next(value for name, value in checked if name == "open")
    fields["open_for"] = [value for name, value in checked if name == "open_for"]
    return fields


def test_the_policy_is_published_as_a_form(boss: Membership) -> None:
    admin, url = signed_in(boss.user), reverse("policy", args=["firm"])
    fields = policy_fields(page(admin, url))
    assert fields["time_zone"] == "Europe/Berlin"
    assert "nothing was changed" in post(admin, url, fields)
    hours = {"open": "hours", "hours_mon": "9:00-12:30, 13:30 – 18:00", "hours_sun": "10:00-24:00"}
    assert "Version 2" in post(admin, url, fields | hours, target_high="25")
    version, policy = policies.current(boss.brand_id)
    assert (version, policy.targets.high) == (2, 25)
    assert policy.opening_hours is not None
    assert [str(span.opens) for span in policy.opening_hours.mon] == ["09:00:00", "13:30:00"]
    assert 'value="09:00-12:30, 13:30-18:00"' in page(admin, url)
    overtaken = post(admin, url, fields | {"target_high": "20"})
    assert "Version 2 was published meanwhile" in overtaken
    assert 'value="20"' in overtaken


def test_a_bad_policy_is_refused_beside_the_field(boss: Membership) -> None:
    admin, url = signed_in(boss.user), reverse("policy", args=["firm"])
    fields = policy_fields(page(admin, url)) | {"open": "hours", "hours_mon": "09:00-17:00"}
    for name, bad, words in [
        ("target_low", "0", "greater than or equal to 1"),
        ("target_low", "9" * 30, "less than or equal"),
        ("hours_tue", "late", "write times like"),
        ("hours_tue", "18:00-09:00", "close after it opens"),
        ("erase_deleted_after_hours", "x", "whole number"),
        ("time_zone", "Mars/Olympus", "valid choice"),
        ("hours_mon", "", "without one open span"),
    ]:
        refused = post(admin, url, fields | {name: bad})
        assert words.lower() in refused.lower(), name
        assert 'class="field wrong"' in refused, name
    assert policies.current(boss.brand_id)[0] == 1


def test_the_policy_goes_out_and_comes_back_as_text(boss: Membership) -> None:
    admin, url = signed_in(boss.user), reverse("policy_text", args=["firm"])
    written = admin.get(reverse("policy_version", args=["firm", 1]))
    assert written.headers["Content-Type"].startswith("application/toml")
    text = written.content.decode()
    assert 'time_zone = "Europe/Berlin"' in text
    assert "nothing was changed" in post(admin, url, version=1, text=text)
    more = text + '\n[channel_targets."old \\"net\\""]\nhigh = 5\n'
    more += "[[opening_hours.mon]]\nopens = 09:00:00\ncloses = 17:00:00\n"
    assert "Version 2" in post(admin, url, version=1, text=more)
    again = admin.get(reverse("policy_version", args=["firm", 2])).content.decode()
    assert "nothing was changed" in post(admin, url, version=2, text=again)
    deep, long = "a = " + "[" * 5000, "targets.high = " + "9" * 6000
    for bad in ("x", "= 1", "time_zone = 7", "\u202e=1", "x = 1", deep, long):
        assert 'class="field wrong"' in post(admin, url, version=2, text=bad)
    assert PolicyVersion.objects.count() == 2
    for version in (0, 3, 10**30):
        assert admin.get(reverse("policy_version", args=["firm", version])).status_code == 404


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


def test_second_factors_are_sealed(boss: Membership) -> None:
    client = stranger()
    client.post("/account/login/", {"login": "ruth@example.com", "password": PASSWORD})
    again = "/account/reauthenticate/?next=/account/mfa/totp/activate/"
    html = post(client, again, password=PASSWORD)
    secret = re.findall(r'id="authenticator_secret"[^>]*value="([A-Z0-9]+)"', html)[0]
    code = f"{hotp_value(secret, next(yield_hotp_counters_from_time())):06d}"
    done = post(client, "/account/mfa/totp/activate/", code=code)
    assert "Recovery codes" in done
    assert secret not in str(list(Authenticator.objects.values_list("data", flat=True)))
    with override_settings(SECRET_KEY="n" * 40, SECRET_KEY_FALLBACKS=[settings.SECRET_KEY]):
        assert seals.renew() == 2
    with override_settings(SECRET_KEY="n" * 40):
        kept = Authenticator.objects.get(type=Authenticator.Type.TOTP).data["secret"]
        assert sealed.open_(kept.encode()) == secret
        other = stranger()
        _sign_in_with_a_second_factor(other, boss.user, done)


def _sign_in_with_a_second_factor(other: Client, user: User, done: str) -> None:
    asked = post(other, "/account/login/", login="ruth@example.com", password=PASSWORD)
    assert "authenticator app" in asked
    assert "_auth_user_id" not in other.session
    recovery = re.findall(r"^([0-9a-f]{8})$", re.sub(r"<[^>]+>", "\n", done), re.M)
    assert len(recovery) == 10
    other.post("/account/mfa/authenticate/", {"code": recovery[0]})
    assert other.session["_auth_user_id"] == str(user.pk)


def test_every_page_of_the_sign_in_can_be_shown(boss: Membership) -> None:
    client = stranger()
    client.post("/account/login/", {"login": "ruth@example.com", "password": PASSWORD})
    key = Authenticator.objects.create(
        user=boss.user,
        type=Authenticator.Type.WEBAUTHN,
        data={"name": NASTY, "credential": {"clientExtensionResults": {}}},
    )
    post(client, "/account/reauthenticate/", password=PASSWORD)
    names = ["mfa_index", "mfa_list_webauthn", "mfa_activate_totp", "mfa_generate_recovery_codes"]
    for url in [reverse(name) for name in [*names, "account_change_password", "account_logout"]]:
        assert "<script>alert" not in page(client, url)
    for name in ("mfa_edit_webauthn", "mfa_remove_webauthn"):
        assert "<script>alert" not in page(client, reverse(name, args=[key.pk]))
    assert client.get("/account/email/").status_code == 404


def test_a_forgotten_password_is_mailed_a_code_only_where_there_is_mail(boss: Membership) -> None:
    assert stranger().get("/account/password/reset/").status_code == 404
    assert "Forgot" not in page(stranger(), "/account/login/")
    visitor = stranger()
    with override_settings(EMAIL_HOST="127.0.0.1", EMAIL_PORT=9):
        assert "Forgot" in page(visitor, "/account/login/")
        asked = post(visitor, "/account/password/reset/", email="ruth@example.com")
        assert "Code" in asked
        assert "Code" in post(stranger(), "/account/password/reset/", email="nobody@example.com")
    letter = Mail.objects.get()
    assert (letter.to, letter.subject) == ("ruth@example.com", "Your code for a new password on Amends")
    written = sealed.open_(bytes(letter.body or b""))
    (code,) = re.findall(r"^ {4}(\S+)$", written, re.M)
    post(visitor, "/account/password/reset/confirm/", code="wrong")
    assert "password" in post(visitor, "/account/password/reset/confirm/", code=code).lower()
    weak = {"password1": "short", "password2": "short"}
    assert "too short" in post(visitor, "/account/password/reset/complete/", weak)
    good = {"password1": "eight elegant eels", "password2": "eight elegant eels"}
    post(visitor, "/account/password/reset/complete/", good)
    boss.user.refresh_from_db()
    assert boss.user.check_password("eight elegant eels")


def test_garbage_gets_an_answer_never_a_fault(boss: Membership) -> None:
    admin, anonymous = signed_in(boss.user), stranger()
    inside = [*pages(), "/settings/profile/", "/settings/desk/", "/invitation", "/invitation/join"]
    outside = ["/setup/", "/invitation", "/account/login/", "/account/signup/"]
    for value in JUNK:
        for url in inside:
            assert admin.post(url, dict.fromkeys(FIELDS, value)).status_code < 500, (url, value[:20])
        for url in outside:
            assert anonymous.post(url, dict.fromkeys(FIELDS, value)).status_code < 500, (url, value[:20])
