"""Every sealed value in the rows, and sealing them anew after a change of the key."""

from __future__ import annotations

from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.db import transaction

from amends.store import sealed
from amends.store.models import Account, Mail

_SEALED = ("secret", "seed")
"""What of an authenticator's document `web.signin.SecondFactor` has sealed."""


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
        return len(accounts) + len(mails) + _second_factors()


def _second_factors() -> int:
    """The secrets of authenticator apps and recovery codes, which allauth keeps as texts in a document."""
    count = 0
    for factor in Authenticator.objects.select_for_update(no_key=True).order_by("pk"):
        held = {name: factor.data[name] for name in _SEALED if factor.data.get(name)}
        if held:
            anew = {name: _anew(value.encode()).decode() for name, value in held.items()}
            Authenticator.objects.filter(pk=factor.pk).update(data={**factor.data, **anew})
            count += len(held)
    return count


def _anew(value: bytes) -> bytes:
    try:
        return sealed.reseal(value)
    except InvalidToken:
        raise sealed.CannotOpen(
            "A stored secret opens with none of the keys. Put the old key into AMENDS_SECRET_KEY_OLD or "
            "secret.key.old."
        ) from None
