"""What open screens are told: one NOTIFY with the change itself, and the few things that are asked for them.

A notice names rows and says nothing of what is in them. Whoever hears it asks for what they may see.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from amends.store.models import User

CHANNEL = "amends_live"
MOST_BYTES = 7_800
"""PostgreSQL takes less than 8,000 in one notice."""
COUNTED = 100


@dataclass(frozen=True, slots=True)
class Notice:
    """What was heard: which cases and conversations of a brand changed (None: too many to name), in which
    case people came or went, whose rights changed, or a word of our own to hear whether we hear."""

    brand_id: int = 0
    cases: tuple[int, ...] | None = ()
    conversations: tuple[int, ...] = ()
    present: int = 0
    person: int = 0
    echo: str = ""


def tell(brand_id: int, cases: Iterable[int] = (), conversations: Iterable[int] = ()) -> None:
    """Say that these changed, in the caller's transaction: it is heard when that is committed, or never.

    Once a batch: at its commit each notice waits for those of all other transactions.
    """
    told = {"b": brand_id, "c": sorted(set(cases)), "v": sorted(set(conversations))}
    if not told["c"] and not told["v"]:
        return
    payload = _spelled(told)
    _notify(payload if len(payload) <= MOST_BYTES else _spelled({"b": brand_id, "c": None}))


def tell_much(brand_id: int) -> None:
    """Say that something changed that is no case: whoever looks at anything of the brand looks again."""
    _notify(_spelled({"b": brand_id, "c": None}))


def tell_present(brand_id: int, case_id: int) -> None:
    """Say that somebody came to a case, left it, or does something else there now."""
    _notify(_spelled({"b": brand_id, "h": case_id}))


def tell_person(user_id: int) -> None:
    """Say that somebody's session, role or tokens are not what they were."""
    _notify(_spelled({"p": user_id}))


def tell_echo(word: str) -> None:
    """Say a word only to hear whether it comes back."""
    _notify(_spelled({"e": word}))


def _spelled(told: dict[str, object]) -> str:
    return json.dumps(told, separators=(",", ":"))


def _notify(payload: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_notify(%s, %s)", [CHANNEL, payload])


def heard(payload: str) -> Notice | None:
    """What a notice says; None for what we cannot have sent."""
    try:
        told = json.loads(payload)
        cases = told.get("c", ())
        return Notice(
            int(told.get("b", 0)),
            None if cases is None else tuple(map(int, cases)),
            tuple(map(int, told.get("v", ()))),
            int(told.get("h", 0)),
            int(told.get("p", 0)),
            str(told.get("e", "")),
        )
    except (ValueError, TypeError, AttributeError):
        return None


_WAITING = f"""
SELECT b, (SELECT count(*) FROM (
    SELECT 1 FROM store_case WHERE brand_id = b AND state = 'open' AND band >= 0 LIMIT {COUNTED}) AS counted)
FROM unnest(%s::bigint[]) AS b
"""  # noqa: S608 - constants only


def waiting(brand_ids: Collection[int]) -> dict[int, int]:
    """In how many cases of each brand somebody waits, counted up to 100 and no further."""
    with connection.cursor() as cursor:
        cursor.execute(_WAITING, [sorted(brand_ids)])
        return dict(cursor.fetchall())


_MARK = """
SELECT (SELECT max(id) FROM store_historyentry), (SELECT max(id) FROM store_post),
    (SELECT count(*) FROM store_send WHERE state <> 'sent')
"""


def mark() -> tuple[object, ...]:
    """What is another whenever much may have changed, for whoever cannot hear notices."""
    with connection.cursor() as cursor:
        cursor.execute(_MARK)
        found: tuple[object, ...] = cursor.fetchone()
        return found


@dataclass(frozen=True, slots=True)
class Listener:
    """Who may listen to which brands, by a session or by a token, and what must stay so while they do."""

    user_id: int
    brand_ids: frozenset[int]
    session: str = ""
    proof: str = ""
    token_id: int = 0


_STANDING = """
SELECT l.place, u.password, t.brand_id,
    ARRAY(SELECT m.brand_id FROM store_membership m WHERE m.user_id = u.id)
FROM unnest(%s::int[], %s::bigint[], %s::text[], %s::bigint[]) AS l(place, user_id, session, token_id)
JOIN store_user u ON u.id = l.user_id AND u.is_active
LEFT JOIN django_session s ON s.session_key = l.session AND s.expire_date > %s
LEFT JOIN store_apitoken t ON t.id = l.token_id AND t.user_id = u.id AND t.revoked_at IS NULL
    AND (t.expires_at IS NULL OR t.expires_at > %s)
WHERE s.session_key IS NOT NULL OR t.id IS NOT NULL
"""


def still_admitted(listeners: Sequence[Listener], now: datetime) -> set[Listener]:
    """Those whose session or token still opens exactly the brands that it opened. One statement."""
    columns: list[Any] = [
        list(range(len(listeners))),
        [listener.user_id for listener in listeners],
        [listener.session for listener in listeners],
        [listener.token_id for listener in listeners],
    ]
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [*columns, now, now])
        rows = cursor.fetchall()
    proofs: dict[str, str] = {}
    kept = set()
    for place, password, token_brand, brands in rows:
        listener = listeners[place]
        if listener.token_id:
            good = token_brand in brands and listener.brand_ids == {token_brand}
        else:
            proof = proofs.get(password) or proofs.setdefault(password, session_proof(password))
            good = listener.proof == proof and listener.brand_ids == set(brands)
        if good:
            kept.add(listener)
    return kept


def session_proof(password: str) -> str:
    """What a session must still match: it changes with the password."""
    return str(User(password=password).get_session_auth_hash())
