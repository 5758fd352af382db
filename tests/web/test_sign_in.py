"""The doors of the desk: the set-up, signing in with one factor or two, a forgotten password."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import hotp_value, yield_hotp_counters_from_time
from django.conf import settings
from django.test import Client, override_settings
from django.urls import reverse
from tests.web.settings_pages import NASTY, PASSWORD, page, post, stranger

from amends.pipeline import set_up_code
from amends.store import sealed, seals
from amends.store.models import Mail, Membership, User


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


def elsewhere(**more: str) -> Client:
    """A browser on another machine."""
    return Client(SERVER_NAME="127.0.0.1", **{"REMOTE_ADDR": "192.0.2.7", **more})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=127.0.0.1"},
        {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": "::ffff:192.0.2.7"},
    ],
)
def test_a_visitor_from_elsewhere_needs_the_code_to_become_the_first_admin(
    desk: None, more: dict[str, str], tmp_path: Path
) -> None:
    visitor = elsewhere(**more)
    assert "Set-up code" in page(visitor, "/setup/")
    fields = {"name": "Eve", "email": "eve@example.com", "brand": "Firm", "time_zone": "UTC"}
    for guess in ("", "0" * 16, "\x00", "x" * 300):
        refused = post(visitor, "/setup/", fields, password=PASSWORD, code=guess)
        assert set_up_code.code() not in refused
    assert not User.objects.exists()
    with override_settings(DATA=tmp_path):
        path = set_up_code.write_down(tmp_path)
        assert path.stat().st_mode & 0o777 == 0o600
        code = f" {path.read_text().lower()} ".replace("-", " ")
        assert "Firm is ready" in post(visitor, "/setup/", fields, password=PASSWORD, code=code)
        assert not path.exists(), "it is used up"
    assert User.objects.get().is_staff


def test_the_code_is_asked_for_wherever_somebody_else_could_come(desk: None) -> None:
    for address in ("127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"):
        assert "Set-up code" not in page(elsewhere(REMOTE_ADDR=address), "/setup/")
    with override_settings(URL="https://desk.example.org"):
        assert "Set-up code" in page(stranger(), "/setup/")
    for url in ("http://localhost:8010", "http://[::1]:8010"):
        with override_settings(URL=url):
            assert "Set-up code" not in page(stranger(), "/setup/")
    with override_settings(SECRET_KEY="n" * 40):
        other = set_up_code.code()
    assert other != set_up_code.code()
    assert not set_up_code.opens(other)
    assert set_up_code.opens(set_up_code.code())
