"""Cases as rows: locked and saved in batches, and what their posts say of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from amends.core.case import Case
from amends.core.joining import Candidate, words_of
from amends.store import arrays, case_rows, history, live, persons
from amends.store.case_rows import interval as interval


@dataclass(frozen=True, slots=True)
class Locked:
    """A case held by this transaction, with what its row knows beyond the rules."""

    case: Case
    brand_id: int
    author_id: int
    conversation_id: int
    head: history.Head
    policy_version: int


_BESIDE = "brand_id, author_id, conversation_id, history_count, history_head, policy_version"
_LOCK = f"""
SELECT {", ".join(case_rows.COLUMNS)}, {_BESIDE}
FROM store_case WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
"""  # noqa: S608 - constants only


def lock(case_ids: Iterable[int], *, free: bool = False) -> dict[int, Locked]:
    """The cases as they are now, locked in the order of their ids until the transaction ends.

    With `free` only those that nobody else holds at this moment.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"{_LOCK} SKIP LOCKED" if free else _LOCK, [sorted(set(case_ids))])
        return {row[0]: _locked(row) for row in cursor.fetchall()}


def put_on_record(case_id: int, lines: Sequence[history.Line]) -> None:
    """Write what changes nothing of a case into its record; in a transaction."""
    held = lock([case_id])[case_id]
    (end,) = history.append([(held.head, lines)])
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE store_case SET history_count = %s, history_head = %s WHERE id = %s",
            [end.count, end.hash, case_id],
        )
    live.tell(held.brand_id, [case_id])


def unsettle(case_id: int, posted_at: datetime) -> None:
    """A post of this time needs an answer after all, though it was said that nothing up to it does."""
    before = posted_at - timedelta.resolution
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE store_case SET settled_until = %s WHERE id = %s AND settled_until > %s",
            [before, case_id, before],
        )


def open_of(author_ids: Sequence[int]) -> list[int]:
    """The cases of these people that still ask for work."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM store_case WHERE author_id = ANY(%s) AND state <> 'resolved'",
            [arrays.column(author_ids)],
        )
        return [row[0] for row in cursor.fetchall()]


_KIN = f"""
SELECT {persons.accounts_of("%(author)s")},
    ARRAY(SELECT id FROM store_case WHERE author_id = ANY({persons.accounts_of("%(author)s")})
        AND id <> %(case)s AND merged_into_id IS NULL ORDER BY last_post_at DESC LIMIT 50),
    ARRAY(SELECT id FROM store_case WHERE merged_into_id = %(case)s ORDER BY id)
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class Kin:
    """What belongs to the person of a case beside it, as ids: their other accounts, their other cases (the
    latest first), and the cases that were merged into this one."""

    accounts: tuple[int, ...]
    others: tuple[int, ...]
    absorbed: tuple[int, ...]


def kin(case_id: int, author_id: int) -> Kin:
    """What belongs to the person of a case beside it; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_KIN, {"case": case_id, "author": author_id})
        accounts, others, absorbed = cursor.fetchone()
    return Kin(tuple(sorted(set(accounts) - {author_id})), tuple(others), tuple(absorbed))


def _locked(row: Sequence[Any]) -> Locked:
    width = len(case_rows.COLUMNS)
    (brand_id, author_id, conversation_id, count, head, version) = row[width:]
    case = case_rows.read(row[:width])
    end = history.Head(history.chain_of(case.id), count, bytes(head), brand_id, case.id)
    return Locked(case, brand_id, author_id, conversation_id, end, version)


def reserve(count: int) -> list[int]:
    """Ids for cases about to be opened."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('store_case', 'id')) FROM generate_series(1, %s)", [count]
        )
        return [row[0] for row in cursor.fetchall()]


_PLACED = {"brand_id": "bigint", "author_id": "bigint", "conversation_id": "bigint"}
_RECORD = {"policy_version": "int", "history_count": "int"}
_WRITTEN = case_rows.COLUMNS | _PLACED | _RECORD
_TYPES = ", ".join(f"{name} {kind}" for name, kind in (_WRITTEN | {"history_head": "text"}).items())
_NAMES = ", ".join(_WRITTEN)
_SAVE = f"""
INSERT INTO store_case ({_NAMES}, history_head)
SELECT {_NAMES}, decode(history_head, 'hex')
FROM jsonb_to_recordset(%s::jsonb) AS r({_TYPES}) ORDER BY id
"""  # noqa: S608 - constants only
_UPDATE = f"""
UPDATE store_case SET {", ".join(f"{name} = r.{name}" for name in case_rows.CHANGING | _RECORD)},
    history_head = decode(r.history_head, 'hex')
FROM jsonb_to_recordset(%s::jsonb) AS r({_TYPES}) WHERE store_case.id = r.id
"""  # noqa: S608 - constants only


@dataclass(frozen=True, slots=True)
class Saved:
    """A case as it is to stand, with its place in the record and the policy it was decided under."""

    case: Case
    brand_id: int
    author_id: int
    conversation_id: int
    head: history.Head
    policy_version: int


def insert(saved: Sequence[Saved]) -> None:
    """Store new cases under the ids reserved for them."""
    _execute(_SAVE, saved)


def update(saved: Sequence[Saved]) -> None:
    """Store cases that this transaction holds locked."""
    _execute(_UPDATE, saved)


def _execute(statement: str, saved: Sequence[Saved]) -> None:
    if not saved:
        return
    with connection.cursor() as cursor:
        cursor.execute(statement, [json.dumps([_row(item) for item in saved])])


def _row(item: Saved) -> dict[str, object]:
    return {
        **case_rows.write(item.case),
        "brand_id": item.brand_id,
        "author_id": item.author_id,
        "conversation_id": item.conversation_id,
        "policy_version": item.policy_version,
        "history_count": item.head.count,
        "history_head": item.head.hash.hex(),
    }


_CANDIDATES = """
SELECT c.author_id, c.id, c.state <> 'resolved', c.last_post_at,
    ARRAY(SELECT DISTINCT conversation_id FROM store_post WHERE case_id = c.id) || c.conversation_id,
    ARRAY(SELECT DISTINCT topic FROM store_post p, jsonb_array_elements_text(p.labels->'about') AS topic
        WHERE p.case_id = c.id AND p.direction = 'in'),
    ARRAY(SELECT left(p.text, 5000) FROM store_post p WHERE p.case_id = c.id AND p.direction = 'in'
        ORDER BY p.posted_at DESC LIMIT 20)
FROM store_case c WHERE c.author_id = ANY(%s) AND c.merged_into_id IS NULL
    AND (c.state <> 'resolved' OR c.last_post_at >= %s)
"""


def of_authors(author_ids: Iterable[int], since: datetime) -> Iterator[tuple[int, Candidate]]:
    """The cases of these people that a new post of theirs might belong to, each with its author's id: open,
    or last spoken of at `since` or later."""
    ids = sorted(set(author_ids))
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(_CANDIDATES, [arrays.column(ids), since])
        for row in cursor.fetchall():
            author_id, case_id, is_open, last_post_at, talks, about, said = row
            words = frozenset(filter(None, map(words_of, said)))
            yield (
                author_id,
                Candidate(case_id, frozenset(talks), is_open, last_post_at, frozenset(about), words),
            )
