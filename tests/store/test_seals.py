"""Every sealed value moves to a new key, or none does."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

import pytest
from allauth.mfa.models import Authenticator
from django.test import override_settings

from amends.store import brands, mail, sealed, seals
from amends.store.models import Account, AlertHook, Mail, NetworkApp, Revocation, SignIn, User

OLD, NEW = "o" * 40, "n" * 40


@pytest.fixture
def filled(desk: None, now: datetime) -> None:
    brand = brands.get_or_create("Brand", now)
    with override_settings(SECRET_KEY=OLD, SECRET_KEY_FALLBACKS=[]):
        Account.objects.create(
            brand=brand, channel="fake", handle="a", token=sealed.seal("token"), created_at=now
        )
        Account.objects.create(brand=brand, channel="fake", handle="b", token=None, created_at=now)
        mail.plan(uuid4(), brand.pk, "a@example.org", "Hello", "a link", now)
        user = User.objects.create_user("a@example.org", name="Ann")
        Authenticator.objects.create(
            user=user, type="totp", data={"secret": sealed.seal("totp").decode(), "other": 1}
        )
        codes = [sealed.seal(word).decode() for word in ("one", "two")]
        Authenticator.objects.create(user=user, type="recovery_codes", data={"migrated_codes": codes})
        app = NetworkApp.objects.create(client_secret=sealed.seal("client secret"), created_at=now)
        Revocation.objects.create(app=app, token=sealed.seal("old token"), asked_at=now, not_before=now)
        AlertHook.objects.create(
            brand=brand,
            host="h",
            address=sealed.seal("address"),
            secret=sealed.seal("secret"),
            created_at=now,
        )
        for state, verifier in (("1", sealed.seal("verifier")), ("2", None)):
            SignIn.objects.create(
                app=app,
                brand=brand,
                person=user,
                state_hash=state,
                verifier=verifier,
                created_at=now,
                expires_at=now,
            )


def opened() -> list[str]:
    values = [bytes(account.token) for account in Account.objects.exclude(token=None) if account.token]
    values += [bytes(each.body) for each in Mail.objects.all() if each.body]
    values += [bytes(each.client_secret) for each in NetworkApp.objects.all()]
    values += [bytes(each.token) for each in Revocation.objects.all()]
    values += [bytes(each.verifier) for each in SignIn.objects.all() if each.verifier]
    values += [bytes(one) for each in AlertHook.objects.all() for one in (each.address, each.secret)]
    for factor in Authenticator.objects.order_by("pk"):
        for value in (factor.data.get("secret"), *factor.data.get("migrated_codes", [])):
            values += [value.encode()] if value else []
    return [sealed.open_(value) for value in values]


def test_all_move_and_the_old_key_may_go(filled: None) -> None:
    with override_settings(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[OLD]):
        assert seals.renew() == 9
    with override_settings(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[]):
        others = ["token", "a link", "client secret", "old token", "verifier"]
        assert opened() == [*others, "address", "secret", "totp", "one", "two"]
    assert Authenticator.objects.get(type="totp").data["other"] == 1


def test_without_the_old_key_nothing_is_changed(filled: None) -> None:
    before = list(Account.objects.order_by("pk").values_list("token", flat=True))
    lost = override_settings(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[])
    with lost, pytest.raises(sealed.CannotOpen, match="opens with none of the keys"):
        seals.renew()
    assert list(Account.objects.order_by("pk").values_list("token", flat=True)) == before
