"""The case between its row and the frozen value that the rules work on; locked and saved in batches."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection

from amends.core.case import Case
from amends.core.events import Facts
from amends.core.joining import Candidate
from amends.core.values import CaseState, Kind, Resolution, Severity
from amends.store import arrays, history, live


@dataclass(frozen=True, slots=True)
class Locked:
    """A case held by this transaction, with what its row knows beyond the rules."""

    case: Case
    brand_id: int
    author_id: int
    conversation_id: int
    head: history.Head
    policy_version: int


_VALUES = (
    "id, channel, state, kind, severity, opened_at, last_post_at, listed_at, sort_at, graded_by_person, "
    "waiting_since, due_at, first_answer_at, settled_until, settled_at, band, lift_at, clock_offset, "
    "assignee_id, snoozed_until, resolution, resolved_at, sends_open, on_hold, posts_in, lead_id"
)
_LOCK = f"""
SELECT {_VALUES}, brand_id, author_id, conversation_id, history_count, history_head, policy_version
FROM store_case WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
"""  # noqa: S608 - constants only


def lock(case_ids: Iterable[int]) -> dict[int, Locked]:
    """The cases as they are now, locked in the order of their ids until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [sorted(set(case_ids))])
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


def _locked(row: Sequence[object]) -> Locked:
    (brand_id, author_id, conversation_id, count, head, version) = row[26:]
    case = Case(*_typed(row[:26]))  # type: ignore[arg-type]
    head = history.Head(history.chain_of(case.id), count, bytes(head), brand_id, case.id)  # type: ignore[arg-type,call-overload]
    return Locked(case, brand_id, author_id, conversation_id, head, version)  # type: ignore[arg-type]


def _typed(row: Sequence[object]) -> list[object]:
    values = list(row)
    values[2], values[3], values[4] = CaseState(row[2]), Kind(row[3]), Severity(row[4])  # type: ignore[arg-type]
    values[20] = Resolution(row[20]) if row[20] else None  # type: ignore[arg-type]
    return values


def reserve(count: int) -> list[int]:
    """Ids for cases about to be opened."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence('store_case', 'id')) FROM generate_series(1, %s)", [count]
        )
        return [row[0] for row in cursor.fetchall()]


_TYPES = (
    "id bigint, channel text, state text, kind text, severity text, opened_at timestamptz, "
    "last_post_at timestamptz, listed_at timestamptz, sort_at timestamptz, "
    "graded_by_person boolean, waiting_since timestamptz, due_at timestamptz, "
    "first_answer_at timestamptz, settled_until timestamptz, settled_at timestamptz, band smallint, "
    "lift_at timestamptz, clock_offset interval, assignee_id bigint, snoozed_until timestamptz, "
    "resolution text, resolved_at timestamptz, sends_open int, on_hold boolean, posts_in int, "
    "lead_id bigint, brand_id bigint, author_id bigint, conversation_id bigint, policy_version int, "
    "history_count int, history_head text"
)
_COLUMNS = [column.split()[0] for column in _TYPES.split(", ")]
_SAVE = f"""
INSERT INTO store_case ({", ".join(_COLUMNS)})
SELECT {", ".join(_COLUMNS[:-1])}, decode(history_head, 'hex')
FROM jsonb_to_recordset(%s::jsonb) AS r({_TYPES}) ORDER BY id
"""  # noqa: S608 - constants only
_FIXED = {"id", "channel", "brand_id", "author_id", "conversation_id"}
_UPDATE = f"""
UPDATE store_case SET {", ".join(f"{c} = r.{c}" for c in _COLUMNS[:-1] if c not in _FIXED)},
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
    case = item.case
    return {
        "id": case.id,
        "channel": case.channel,
        "state": case.state,
        "kind": case.kind,
        "severity": case.severity,
        "opened_at": _time(case.opened_at),
        "last_post_at": _time(case.last_post_at),
        "listed_at": _time(case.listed_at),
        "sort_at": _time(case.sort_at),
        "graded_by_person": case.graded_by_person,
        "waiting_since": _time(case.waiting_since),
        "due_at": _time(case.due_at),
        "first_answer_at": _time(case.first_answer_at),
        "settled_until": _time(case.settled_until),
        "settled_at": _time(case.settled_at),
        "band": case.band,
        "lift_at": _time(case.lift_at),
        "clock_offset": interval(case.clock_offset),
        "assignee_id": case.assignee,
        "snoozed_until": _time(case.snoozed_until),
        "resolution": case.resolution or "",
        "resolved_at": _time(case.resolved_at),
        "sends_open": case.sends_open,
        "on_hold": case.on_hold,
        "posts_in": case.posts_in,
        "lead_id": case.lead,
        "brand_id": item.brand_id,
        "author_id": item.author_id,
        "conversation_id": item.conversation_id,
        "policy_version": item.policy_version,
        "history_count": item.head.count,
        "history_head": item.head.hash.hex(),
    }


def _time(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def interval(value: timedelta) -> str:
    """A duration as PostgreSQL reads it, to the microsecond."""
    return f"{value // timedelta(microseconds=1)} microseconds"


_FACTS = """
SELECT p.case_id,
    (array_agg(p.id ORDER BY grade.level DESC, p.posted_at, p.id) FILTER (WHERE p.direction = 'in'))[1],
    max(grade.level) FILTER (WHERE p.direction = 'in'),
    min(p.posted_at) FILTER (WHERE p.direction = 'in'),
    max(p.posted_at) FILTER (WHERE p.direction = 'in'),
    min(p.posted_at) FILTER (WHERE p.direction = 'in' AND p.wants_answer AND (
        p.posted_at > GREATEST(COALESCE(c.settled_until, '-infinity'), COALESCE(answers.last, '-infinity'))
        OR (p.clock_offset = '0' AND p.remote_id <> ALL(COALESCE(answers.answered, '{}'))
            AND p.received_at > GREATEST(c.settled_at, answers.seen)))),
    answers.first,
    count(*) FILTER (WHERE p.direction = 'in'),
    (array_agg(p.kind ORDER BY (p.kind = 'complaint') DESC, p.wants_answer DESC, p.posted_at)
        FILTER (WHERE p.direction = 'in'))[1]
FROM store_post p
JOIN (VALUES ('none', 0), ('low', 1), ('medium', 2), ('high', 3), ('critical', 4)) AS grade(name, level)
    ON grade.name = p.severity
LEFT JOIN store_case c ON c.id = p.case_id
LEFT JOIN LATERAL (
    SELECT min(a.posted_at) AS first, max(a.posted_at) AS last, max(a.received_at) AS seen,
        array_agg(a.in_reply_to) AS answered
    FROM store_post a WHERE a.case_id = p.case_id AND a.direction = 'out' AND a.deleted_at IS NULL
) AS answers ON true
WHERE p.case_id = ANY(%s)
GROUP BY p.case_id, answers.first
HAVING count(*) FILTER (WHERE p.direction = 'in') > 0
"""


def facts(case_ids: Iterable[int]) -> dict[int, Facts]:
    """What the posts of each case say now, whatever order they came in.

    Who was answered, or needed no answer, waits no more; but a live post that reached the desk after that,
    though posted before it, was never seen by who answered, so its writer waits (GREATEST passes over NULL).
    """
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [arrays.column(sorted(set(case_ids)))])
        return {row[0]: _facts(row) for row in cursor.fetchall()}


def _facts(row: Sequence[object]) -> Facts:
    (_, lead, level, first, last, waiting, answered, posts_in, kind) = row
    return Facts(
        kind=Kind(kind) if kind else Kind.OTHER,  # type: ignore[arg-type]
        severity=Severity.of_level(level),  # type: ignore[arg-type]
        first_post_at=first,  # type: ignore[arg-type]
        last_post_at=last,  # type: ignore[arg-type]
        oldest_waiting=waiting,  # type: ignore[arg-type]
        first_answer_at=answered,  # type: ignore[arg-type]
        posts_in=posts_in,  # type: ignore[arg-type]
        lead=lead,  # type: ignore[arg-type]
    )


def of_authors(author_ids: Iterable[int]) -> Iterator[tuple[int, Candidate]]:
    """The cases of these people that a new post of theirs might belong to, each with its author's id."""
    ids = sorted(set(author_ids))
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT author_id, id, conversation_id, state <> 'resolved', last_post_at FROM store_case "
            "WHERE author_id = ANY(%s)",
            [arrays.column(ids)],
        )
        for row in cursor.fetchall():
            yield row[0], Candidate(*row[1:])
