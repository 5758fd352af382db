"""What the posts of cases say of them, whatever order they came in."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from amends.core.events import Facts
from amends.core.values import Kind, Severity, Standing
from amends.store import arrays
from amends.store.persons import accounts_of

_ANSWERS = """
LEFT JOIN LATERAL (
    SELECT min(a.posted_at) AS first, max(a.posted_at) AS last, max(a.received_at) AS seen,
        array_agg(a.in_reply_to) AS answered
    FROM store_post a
    WHERE a.case_id = w.id AND a.direction = 'out' AND a.deleted_at IS NULL AND NOT a.automatic
) AS answers ON true
"""
"""The answers of the case `w` that persons gave."""
_UNANSWERED = """
CASE WHEN p.regrouped_at IS NULL THEN
p.posted_at > GREATEST(COALESCE(c.settled_until, '-infinity'), COALESCE(answers.last, '-infinity'))
OR (p.clock_offset = '0' AND p.remote_id <> ALL(COALESCE(answers.answered, '{}'))
    AND p.received_at > GREATEST(c.settled_at, answers.seen))
ELSE p.unanswered_then AND (c.settled_at >= p.regrouped_at AND c.settled_until >= p.posted_at) IS NOT TRUE
AND NOT EXISTS (
    SELECT 1 FROM store_post a LEFT JOIN store_send s ON s.case_id = w.id AND s.remote_id = a.remote_id
    WHERE a.case_id = w.id AND a.direction = 'out' AND a.deleted_at IS NULL AND NOT a.automatic
        AND a.received_at >= p.regrouped_at AND (a.in_reply_to = p.remote_id
            OR COALESCE(s.written_at, a.received_at) > p.regrouped_at))
END
"""
"""Whether nothing has answered or settled the post `p` of the case `w`, whose row is `c`."""
_FACTS = f"""
SELECT said.*, (
    SELECT count(*) FROM store_case b WHERE b.author_id = ANY({accounts_of("said.author")})
        AND b.kind = 'complaint' AND b.merged_into_id IS NULL AND b.id <> said.id
        AND b.opened_at < said.began AND b.opened_at >= said.began - interval '90 days')
FROM (
    SELECT w.id,
        min(p.posted_at) AS began,
        max(p.author_id) AS author,
        (array_agg(p.id ORDER BY grade.level DESC, p.posted_at, p.id))[1],
        (array_agg(p.lang ORDER BY grade.level DESC, p.posted_at, p.id))[1],
        max(grade.level),
        max(p.posted_at),
        min(p.posted_at) FILTER (WHERE waits.so),
        count(*) FILTER (WHERE waits.so),
        LEAST(answers.first, min(p.answered_at) FILTER (WHERE p.regrouped_at IS NOT NULL)),
        count(*),
        (array_agg(p.kind ORDER BY (p.kind = 'complaint') DESC, p.wants_answer DESC, p.posted_at))[1],
        max((p.labels->>'heat')::int) FILTER (WHERE waits.so),
        (array_agg((p.labels->>'heat')::int ORDER BY p.posted_at, p.id))[1],
        bool_or((p.labels->>'abuse')::float >= %s) FILTER (WHERE waits.so),
        jsonb_agg(p.labels->'urgent') FILTER (WHERE p.labels->'urgent' <> '[]'),
        bool_or(p.visibility = 'public'),
        max(author.followers),
        max(author.standing)
    FROM unnest(%s::bigint[]) AS w(id)
    LEFT JOIN store_case c ON c.id = w.id
    {_ANSWERS}
    JOIN store_post p ON p.case_id = w.id AND p.direction = 'in'
    JOIN store_author author ON author.id = p.author_id
    JOIN (VALUES ('none', 0), ('low', 1), ('medium', 2), ('high', 3), ('critical', 4)) AS grade(name, level)
        ON grade.name = p.severity
    CROSS JOIN LATERAL (SELECT p.wants_answer AND {_UNANSWERED} AS so) AS waits
    GROUP BY w.id, answers.first
) AS said
"""  # noqa: S608 - constants only
ABUSIVE = 0.5
"""From this chance on a post counts as abuse."""


def facts(case_ids: Iterable[int]) -> dict[int, Facts]:
    """What the posts of each case say now.

    Who was answered by a person, or needed no answer, waits no more; but a live post that reached the desk
    after that, though posted before it, was never seen by who answered, so its writer waits (GREATEST passes
    over NULL). Where posts were merged or split by hand, those that waited then wait on until an answer
    that was written afterwards, or stands under them; those that did not, were answered or settled where
    they came from.
    """
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, [ABUSIVE, arrays.column(sorted(set(case_ids)))])
        return {row[0]: _facts(row) for row in cursor.fetchall()}


def _facts(row: Sequence[Any]) -> Facts:
    (_, first, _, lead, lang, level, last, waiting, waiting_posts, answered, posts_in, kind, *rest) = row
    heat, heat_at_first, abusive, urgent, public, followers, standing, cases_before = rest
    return Facts(
        kind=Kind(kind) if kind else Kind.OTHER,
        severity=Severity.of_level(level),
        first_post_at=first,
        last_post_at=last,
        oldest_waiting=waiting,
        first_answer_at=answered,
        posts_in=posts_in,
        lead=lead,
        lang=lang or "",
        standing=Standing(standing),
        urgent=_signals(urgent),
        abusive=bool(abusive),
        heat=heat or 0,
        trend=(heat or 0) - (heat_at_first or 0),
        waiting_posts=waiting_posts,
        cases_before=cases_before,
        reach=followers,
        public=bool(public),
    )


def _signals(urgent: str | list[list[str]] | None) -> frozenset[str]:
    """The urgent signals of all posts together."""
    told = json.loads(urgent) if isinstance(urgent, str) else urgent or []
    return frozenset(signal for signals in told for signal in signals)


_REGROUP = f"""
UPDATE store_post SET regrouped_at = %s, unanswered_then = found.so
FROM (
    SELECT p.id, COALESCE({_UNANSWERED}, false) AND w.id <> ALL(%s::bigint[]) AS so
    FROM unnest(%s::bigint[]) AS w(id)
    JOIN store_case c ON c.id = w.id
    {_ANSWERS}
    JOIN store_post p ON p.case_id = w.id AND p.direction = 'in'
) AS found
WHERE store_post.id = found.id
"""  # noqa: S608 - constants only


def keep_waits(case_ids: Collection[int], now: datetime, *, quiet: Collection[int] = ()) -> None:
    """Keep for each post of these cases whether anything has answered or settled it by now, since answers
    will stand elsewhere or beside others; in the `quiet` ones everything is settled."""
    with connection.cursor() as cursor:
        cursor.execute(_REGROUP, [now, arrays.column(sorted(quiet)), arrays.column(sorted(case_ids))])
