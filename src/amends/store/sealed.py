"""Secrets of the desk, encrypted before they reach a row.

The key is the installation's own (`AMENDS_SECRET_KEY` or `secret.key` in the data folder). Keys are rotated
by putting the new one first: everything is opened with any, sealed with the first.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class CannotOpen(Exception):
    """The sealed value was made with a key that this installation does not have."""


def seal(secret: str) -> bytes:
    """The secret as a row may hold it."""
    return _box().encrypt(secret.encode())


def open_(sealed: bytes) -> str:
    """The secret again; raises CannotOpen when no present key fits."""
    try:
        return _box().decrypt(bytes(sealed)).decode()
    except InvalidToken:
        raise CannotOpen(
            "A stored secret cannot be opened with the present key. Put the installation's secret.key back."
        ) from None


def reseal(sealed: bytes) -> bytes:
    """The same secret under the first key."""
    return _box().rotate(bytes(sealed))


def secret_hash(secret: str) -> str:
    """What is kept of a token that only needs to be recognised; tokens are long random strings."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _box() -> MultiFernet:
    return MultiFernet(
        [Fernet(_derived(key)) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    )


def _derived(key: str | bytes) -> bytes:
    digest = hmac.new(
        key.encode() if isinstance(key, str) else key, b"amends sealed values 1", hashlib.sha256
    ).digest()
    return base64.urlsafe_b64encode(digest)
