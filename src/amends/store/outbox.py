"""The outbox: sends written with the change, claimed by one worker each, settled once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from amends.core.effects import Send
from amends.core.values import SendState, Visibility
from amends.store import live, models
from amends.store.cases import Locked

NEVER = timedelta(days=36500)


def plan(held: Locked, send: Send, person_id: int | None, now: datetime) -> None:
    """Write down one answer to send, in the transaction that decided it."""
    models.Send.objects.create(
        key=UUID(send.key),
        brand_id=held.brand_id,
        account_id=send.account,
        case_id=held.case.id,
        to_post_id=send.to_post,
        text=send.text,
        visibility=send.visibility,
        automatic=send.automatic,
        written_by_id=person_id,
        written_at=now,
        not_before=now,
    )


@dataclass(frozen=True, slots=True)
class Claimed:
    """One send in this worker's hands; nobody else will touch it until it is settled or found stuck."""

    id: int
    key: str
    brand_id: int
    account_id: int
    case_id: int
    to_post_id: int
    text: str
    visibility: Visibility
    written_at: datetime
    attempts: int
    looks: int
    claimed_at: datetime
    automatic: bool


_RETURNING = (
    "id, key, brand_id, account_id, case_id, to_post_id, text, visibility, written_at, attempts, looks, "
    "claimed_at, automatic"
)
_CLAIM_PLANNED = f"""
UPDATE store_send SET state = 'sending', claimed_at = %s, attempts = attempts + 1
WHERE id = (SELECT id FROM store_send WHERE state = 'planned' AND not_before <= %s
    ORDER BY not_before, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING {_RETURNING}
"""  # noqa: S608 - constants only
_CLAIM_UNKNOWN = f"""
UPDATE store_send SET claimed_at = %s, not_before = %s, looks = looks + 1
WHERE id = (SELECT id FROM store_send WHERE state = 'unknown' AND not_before <= %s
    ORDER BY not_before, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING {_RETURNING}
"""  # noqa: S608 - constants only


def claim_planned(now: datetime) -> Claimed | None:
    """Take the next send that is due into this worker's hands; open screens are told."""
    claimed = _claim(_CLAIM_PLANNED, [now, now])
    if claimed is not None:
        live.tell(claimed.brand_id, [claimed.case_id])
    return claimed


def claim_unknown(now: datetime, next_look: datetime) -> Claimed | None:
    """Take the next send that should be looked up on its network; others may look from `next_look` on."""
    return _claim(_CLAIM_UNKNOWN, [now, next_look, now])


def _claim(statement: str, parameters: list[datetime]) -> Claimed | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row = cursor.fetchone()
    if row is None:
        return None
    return _claimed(row)


def _claimed(row: Sequence[Any]) -> Claimed:
    return Claimed(
        row[0], str(row[1]), row[2], row[3], row[4], row[5], row[6], Visibility(row[7]), *row[8:13]
    )


def settle(
    claimed: Claimed,
    state: SendState,
    now: datetime,
    *,
    not_before: datetime | None = None,
    why: str = "",
    remote_id: str = "",
) -> bool:
    """Give a claimed send its next state, unless it has left this worker's hands meanwhile.

    Open screens are told.
    """
    done = state in (SendState.SENT, SendState.REFUSED)
    changed = models.Send.objects.filter(pk=claimed.id, claimed_at=claimed.claimed_at).exclude(
        state__in=[SendState.SENT, SendState.REFUSED]
    )
    settled = changed.update(
        state=state,
        not_before=not_before or now,
        why=why[:500],
        remote_id=remote_id[:500],
        settled_at=now if done else None,
    )
    if settled:
        live.tell(claimed.brand_id, [claimed.case_id])
    return bool(settled)


def case_of(claimed: Claimed) -> int:
    """The case that a send belongs to by now: cases are merged and split while answers are on their way.

    The caller holds the brand's lock, so that it stays so.
    """
    return models.Send.objects.values_list("case_id", flat=True).get(pk=claimed.id)


def said_alike(claimed: Claimed) -> frozenset[str]:
    """What other sends of the same words under the same post are known to stand as."""
    alike = models.Send.objects.filter(to_post_id=claimed.to_post_id, text=claimed.text).exclude(
        pk=claimed.id
    )
    return frozenset(alike.exclude(remote_id="").values_list("remote_id", flat=True))


def holding_replies(brand_id: int) -> tuple[str, ...]:
    """The words of the brand's holding replies that are on their way or of unknown fate."""
    open_states = (SendState.PLANNED, SendState.SENDING, SendState.UNKNOWN)
    sends = models.Send.objects.filter(brand_id=brand_id, automatic=True, state__in=open_states)
    return tuple(sends.values_list("text", flat=True))


def stuck(before: datetime) -> list[Claimed]:
    """Sends that a worker took before `before` and never settled; its end may have cut a sending short."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_RETURNING} FROM store_send WHERE state = 'sending' AND claimed_at < %s ORDER BY id",  # noqa: S608
            [before],
        )
        return [_claimed(row) for row in cursor.fetchall()]
