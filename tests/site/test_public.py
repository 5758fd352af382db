"""The settings about how the desk is reached: what cannot be understood is said, before anything starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.site.processes import result

from amends.site import mail_settings, nightly, public
from amends.site.mail_settings import Encryption
from amends.site.setting import SettingError, shown, whole


def test_proxies_and_limits_are_read_from_the_environment() -> None:
    assert public.trusted_proxies({}) == ()
    assert [str(n) for n in public.trusted_proxies({public.TRUSTED: "127.0.0.1 ,::1"})] == [
        "127.0.0.1/32",
        "::1/128",
    ]
    assert public.hook_posts_per_minute({}) == public.DEFAULT_HOOK_POSTS
    assert public.hook_posts_per_minute({public.HOOK_POSTS: " 100 "}) == 100


@pytest.mark.parametrize("given", ["0", "-1", "1.5", "many", "9" * 30, "١٢"])
def test_a_limit_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(SettingError, match="AMENDS_HOOK_POSTS_PER_MINUTE"):
        public.hook_posts_per_minute({public.HOOK_POSTS: given})


@pytest.mark.parametrize("given", ["0", "65536", "abc", "58 7", "9" * 5000, "١٢", "-25"])
def test_a_port_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(
        SettingError, match=r"AMENDS_SMTP_PORT is “.+”; it must be a whole number from 1 to 65535"
    ):
        mail_settings.smtp({mail_settings.PORT: given})


@pytest.mark.parametrize("given", ["24", "-1", "three", "9" * 5000, "٣"])
def test_an_hour_that_is_none_is_refused(given: str) -> None:
    with pytest.raises(SettingError, match=nightly.VARIABLE):
        nightly.hour({nightly.VARIABLE: given})


def test_how_mail_is_sent_is_read_from_the_environment() -> None:
    nothing = mail_settings.smtp({})
    assert (nothing.host, nothing.port, nothing.encryption) == ("", 587, Encryption.STARTTLS)
    empty = {"AMENDS_SMTP_HOST": " ", "AMENDS_SMTP_PORT": "", "AMENDS_SMTP_TLS": "", "AMENDS_MAIL_FROM": ""}
    assert mail_settings.smtp(empty) == nothing
    told = {"AMENDS_SMTP_HOST": "mail.lan ", "AMENDS_SMTP_PORT": " 25", "AMENDS_SMTP_PASSWORD": " s "}
    found = mail_settings.smtp({**told, "AMENDS_SMTP_TLS": "SSL"})
    assert (found.host, found.port, found.password, found.encryption) == (
        "mail.lan",
        25,
        " s ",
        Encryption.SSL,
    )
    assert " s " not in repr(found)


def test_an_encryption_that_there_is_not_never_means_none() -> None:
    with pytest.raises(SettingError, match="AMENDS_SMTP_TLS is “tls”; it must be starttls, ssl, none"):
        mail_settings.smtp({mail_settings.TLS: "tls"})


def test_places_are_read_however_they_are_spelled() -> None:
    assert public.allow_hosts({}) == frozenset()
    given = {public.ALLOWED: "10.0.0.1:80, Social.lan:443,"}
    assert public.allow_hosts(given) == {"10.0.0.1:80", "social.lan:443"}
    with pytest.raises(public.PublicError, match=r"AMENDS_ALLOW_HOSTS names “https://…@x\.lan”"):
        public.allow_hosts({public.ALLOWED: "https://user:hidden@x.lan"})


def test_a_number_is_within_its_limits() -> None:
    assert [whole({"X": given}, "X", 7, least=1, most=10) for given in ("", " 10", "1", "07")] == [
        7,
        10,
        1,
        7,
    ]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("plain", "plain"),
        ("http://a:b@c?d", "http://…@c…"),
        ("a:b@c", "…@c"),
        ("a\nb@c@d", "…@d"),
        ("x\0\x1b[1m", "x��[1m"),
        ("y" * 999, "y" * 80 + "…"),
    ],
)
def test_what_was_set_is_shown_without_secrets_on_one_short_line(given: str, told: str) -> None:
    assert shown(given) == told


@pytest.mark.parametrize(
    "setting",
    [
        {"AMENDS_TRUSTED_PROXIES": "proxy.local"},
        {"AMENDS_HOOK_POSTS_PER_MINUTE": "many"},
        {"AMENDS_SMTP_PORT": "abc"},
        {"AMENDS_SMTP_TLS": "yes"},
        {"AMENDS_ALLOW_HOSTS": "social.lan"},
    ],
)
def test_a_command_says_what_is_wrong_and_starts_nothing(made: Path, setting: dict[str, str]) -> None:
    code, _, said = result(made, "stats", **setting)
    assert code == 1
    (name,) = setting
    assert name in said
    assert "Nothing was started" in said
    assert "Traceback" not in said
