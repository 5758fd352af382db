"""The desk's own mails as rows: written with the change, claimed by one worker each, settled once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import connection

from amends.core.values import SendState
from amends.store import sealed
from amends.store.models import Mail

_OVER = (SendState.SENT, SendState.REFUSED, SendState.UNKNOWN)
"""States after which a mail's text is not needed: none of them is ever sent again."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """One mail in this worker's hands; its text is still sealed."""

    id: int
    to: str
    subject: str
    body: bytes = field(repr=False)
    attempts: int
    claimed_at: datetime


def plan(key: UUID, brand_id: int | None, to: str, subject: str, body: str, now: datetime) -> Mail:
    """Write down one mail to send, in the transaction that decided it."""
    return Mail.objects.create(
        key=key,
        brand_id=brand_id,
        to=to,
        subject=subject,
        body=sealed.seal(body),
        written_at=now,
        not_before=now,
    )


def claim(now: datetime) -> Claimed | None:
    """Take the next mail that is due into this worker's hands; nobody else gets it."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [now, now])
        row = cursor.fetchone()
    return None if row is None else Claimed(row[0], row[1], row[2], bytes(row[3]), row[4], row[5])


_CLAIM = """
UPDATE store_mail SET state = 'sending', claimed_at = %s, attempts = attempts + 1
WHERE id = (SELECT id FROM store_mail WHERE state = 'planned' AND not_before <= %s
    ORDER BY not_before, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, "to", subject, COALESCE(body, ''), attempts, claimed_at
"""


def settle(claimed: Claimed, state: SendState, at: datetime, why: str = "") -> bool:
    """Give a claimed mail its next state (`planned` for `at`), unless it has left this worker's hands."""
    mine = Mail.objects.filter(pk=claimed.id, claimed_at=claimed.claimed_at, state=SendState.SENDING)
    if state in _OVER:
        return bool(mine.update(state=state, settled_at=at, body=None, why=why[:500]))
    return bool(mine.update(state=state, not_before=at, why=why[:500]))


def cut_short(before: datetime, now: datetime, why: str) -> int:
    """Mails that a worker took before `before` and never settled may have gone out: they become unknown."""
    stuck = Mail.objects.filter(state=SendState.SENDING, claimed_at__lt=before)
    return stuck.update(state=SendState.UNKNOWN, settled_at=now, body=None, why=why)


def drop(keys: Iterable[UUID], now: datetime, why: str) -> int:
    """Take back mails that are still planned."""
    waiting = Mail.objects.filter(key__in=list(keys), state=SendState.PLANNED)
    return waiting.update(state=SendState.REFUSED, settled_at=now, body=None, why=why[:500])


def of_keys(keys: Iterable[UUID]) -> dict[UUID, Mail]:
    """The mails of these keys, without their texts."""
    return {mail.key: mail for mail in Mail.objects.filter(key__in=list(keys)).defer("body")}
