"""Every sealed value in the rows, and sealing them anew after a change of the key."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.db import transaction
from django.db.models import Model

from amends.store import sealed
from amends.store.models import Account, AlertHook, Mail, NetworkApp, Revocation, SignIn

_COLUMNS = (
    (Account, "token"),
    (AlertHook, "address"),
    (AlertHook, "secret"),
    (Mail, "body"),
    (NetworkApp, "client_secret"),
    (SignIn, "verifier"),
    (Revocation, "token"),
)

_SECRETS = ("secret", "seed", "migrated_codes")
"""What allauth seals through our adapter in the data of a second factor."""


def renew() -> int:
    """Seal all of them with the present key, or raise CannotOpen and change nothing; how many there are.

    The key of before must be among SECRET_KEY_FALLBACKS.
    """
    with transaction.atomic():
        columns = sum(_column(table, name) for table, name in _COLUMNS)
        factors = Authenticator.objects.select_for_update(no_key=True).order_by("pk")
        sealed_factors = [factor for factor in factors if any(name in factor.data for name in _SECRETS)]
        for factor in sealed_factors:
            Authenticator.objects.filter(pk=factor.pk).update(data=_factor(factor.data))
        return columns + len(sealed_factors)


def _column(table: type[Model], name: str) -> int:
    rows = table._default_manager.select_for_update(no_key=True).exclude(**{name: None}).order_by("pk")
    for row in rows:
        anew = _anew(bytes(getattr(row, name)))
        table._default_manager.filter(pk=row.pk).update(**{name: anew})
    return len(rows)


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
