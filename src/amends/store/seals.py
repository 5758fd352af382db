"""Every sealed value in the rows, and sealing them anew after a change of the key."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.db import transaction

from amends.store import sealed
from amends.store.models import Account, Mail

_SECRETS = ("secret", "seed", "migrated_codes")
"""What allauth seals through our adapter in the data of a second factor."""


def renew() -> int:
    """Seal all of them with the present key, or raise CannotOpen and change nothing; how many there are.

    The key of before must be among SECRET_KEY_FALLBACKS.
    """
    with transaction.atomic():
        accounts = Account.objects.select_for_update(no_key=True).exclude(token=None).order_by("pk")
        for account in accounts:
            Account.objects.filter(pk=account.pk).update(token=_anew(bytes(account.token or b"")))
        mails = Mail.objects.select_for_update(no_key=True).exclude(body=None).order_by("pk")
        for mail in mails:
            Mail.objects.filter(pk=mail.pk).update(body=_anew(bytes(mail.body or b"")))
        factors = Authenticator.objects.select_for_update(no_key=True).order_by("pk")
        sealed_factors = [factor for factor in factors if any(name in factor.data for name in _SECRETS)]
        for factor in sealed_factors:
            Authenticator.objects.filter(pk=factor.pk).update(data=_factor(factor.data))
        return len(accounts) + len(mails) + len(sealed_factors)


def _factor(data: dict[str, Any]) -> dict[str, Any]:
    def anew(value: object) -> object:
        if isinstance(value, list):
            return [anew(each) for each in value]
        return _anew(str(value).encode()).decode()

    return {name: anew(value) if name in _SECRETS else value for name, value in data.items()}


def _anew(value: bytes) -> bytes:
    try:
        return sealed.reseal(value)
    except InvalidToken:
        raise sealed.CannotOpen(
            "A stored secret opens with none of the keys. Put the old key into AMENDS_SECRET_KEY_OLD or "
            "secret.key.old."
        ) from None
