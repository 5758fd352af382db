"""Signatures of webhooks as the published standard has them (Standard Webhooks 1.0), on bytes alone.

Signed is `id.timestamp.body` by HMAC-SHA-256; the header holds any number of `v1,` and base64, so that a
sender can sign with an old and a new secret at once.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

TOLERANCE = timedelta(minutes=5)
"""How far a signature's time may be from ours, either way: what the standard's own libraries allow."""
PREFIX = "whsec_"
SHORTEST_KEY, LONGEST_KEY = 24, 64
"""Bytes that the standard allows for a secret."""
LONGEST_ID = 256
MOST_SIGNATURES = 10
_VERSION = "v1,"
_LONGEST_TIME = 12


class NotASecret(ValueError):
    """The text is no secret in the standard's form."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a delivery says of itself: the headers `webhook-id`, `webhook-timestamp`, `webhook-signature`."""

    id: str
    timestamp: str
    signatures: str = field(repr=False)


def spelled(key: bytes) -> str:
    """A secret as people copy it."""
    return PREFIX + base64.b64encode(key).decode()


def key_of(secret: str) -> bytes:
    """The key that a secret spells; raises NotASecret."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError) as error:
        raise NotASecret("A secret is whsec_ and base64.") from error
    if not SHORTEST_KEY <= len(key) <= LONGEST_KEY:
        raise NotASecret(f"A secret has {SHORTEST_KEY} to {LONGEST_KEY} bytes.")
    return key


def sign(key: bytes, message_id: str, at: datetime, body: bytes) -> Envelope:
    """The headers of a delivery that is made now."""
    timestamp = str(int(at.timestamp()))
    return Envelope(message_id, timestamp, _signature(key, message_id, timestamp, body))


def is_timely(envelope: Envelope, now: datetime) -> bool:
    """Whether the headers are there and of this moment; nothing is said yet of who made them."""
    spelled_time = envelope.timestamp
    if not (0 < len(spelled_time) <= _LONGEST_TIME and spelled_time.isascii() and spelled_time.isdigit()):
        return False
    if not (0 < len(envelope.id) <= LONGEST_ID and envelope.signatures):
        return False
    return abs(int(spelled_time) - int(now.astimezone(UTC).timestamp())) <= TOLERANCE.total_seconds()


def is_signed(keys: Sequence[bytes], envelope: Envelope, body: bytes) -> bool:
    """Whether one of the keys made one of the signatures. How long that takes tells nothing of a key."""
    given = [one.encode("utf-8", "replace") for one in envelope.signatures.split()[:MOST_SIGNATURES]]
    for key in keys:
        right = _signature(key, envelope.id, envelope.timestamp, body).encode()
        if sum([hmac.compare_digest(right, one) for one in given]):
            return True
    return False


def _signature(key: bytes, message_id: str, timestamp: str, body: bytes) -> str:
    signed = f"{message_id}.{timestamp}.".encode("utf-8", "replace") + body
    return _VERSION + base64.b64encode(hmac.digest(key, signed, "sha256")).decode()
