"""One case as its page shows it: the conversation as it stood on the network, and everything around it.

Two statements, whatever the size of the case; texts are cut to what a page can carry.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from amends.core.values import Direction, SendState, Severity
from amends.store.persons import Account, accounts_of

POSTS = 200
WORDS = 2_000
_VERSIONS = 10
_HISTORY = 200
_CASES = 20
_SENDS = 50
_ANSWER = 20_000


@dataclass(frozen=True, slots=True)
class Version:
    """The words of a post before an edit."""

    version: int
    seen_at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class TalkPost:
    """One post of the conversation; `is_cut` when `text` is not all of its words."""

    id: int
    case_id: int | None
    author_id: int
    channel: str
    handle: str
    author_name: str
    direction: Direction
    visibility: str
    text: str
    is_cut: bool
    lang: str
    url: str
    remote_id: str
    in_reply_to: str
    posted_at: datetime
    claimed_at: datetime | None
    received_at: datetime
    seen_at: datetime | None
    answered_at: datetime | None
    edited_at: datetime | None
    deleted_at: datetime | None
    erased_at: datetime | None
    read_at: datetime | None
    model: str
    complaint: float | None
    kind: str
    severity: Severity
    labels: dict[str, Any]
    wants_answer: bool
    automatic: bool
    parent_id: int | None
    versions: tuple[Version, ...]


@dataclass(frozen=True, slots=True)
class Talk:
    """A stretch of a conversation, oldest first, and the cursor to what came earlier, if anything did."""

    posts: tuple[TalkPost, ...]
    earlier: int | None


_TALK = f"""
WITH mark AS (SELECT posted_at, id FROM store_post WHERE id = %(before)s), chosen AS MATERIALIZED (
    SELECT p.id, p.posted_at FROM store_post p
    WHERE (p.conversation_id = %(conversation)s OR p.case_id = %(case)s)
      AND (%(before)s::bigint IS NULL
           OR (p.posted_at, p.id) < ((SELECT posted_at FROM mark), (SELECT id FROM mark)))
    ORDER BY p.posted_at DESC, p.id DESC LIMIT %(limit)s
)
SELECT p.id, p.case_id, p.author_id, p.channel, a.handle, a.name, p.direction, p.visibility,
    left(p.text, {WORDS}), char_length(left(p.text, {WORDS} + 1)) > {WORDS}, p.lang, p.url, p.remote_id,
    p.in_reply_to, p.posted_at, p.claimed_at, p.received_at, p.seen_at, p.answered_at, p.edited_at,
    p.deleted_at, p.erased_at, p.read_at, p.model, p.complaint, p.kind, p.severity, p.labels, p.wants_answer,
    p.automatic, parent.id,
    CASE WHEN p.version > 1 AND p.deleted_at IS NULL THEN ARRAY(
        SELECT jsonb_build_array(v.version, v.seen_at, left(v.text, {WORDS})) FROM store_postversion v
        WHERE v.post_id = p.id ORDER BY v.version DESC LIMIT {_VERSIONS}) END
FROM chosen JOIN store_post p USING (id) JOIN store_author a ON a.id = p.author_id
LEFT JOIN store_post parent ON parent.brand_id = p.brand_id AND parent.channel = p.channel
    AND parent.remote_id = p.in_reply_to AND p.in_reply_to <> ''
ORDER BY p.posted_at DESC, p.id DESC
"""  # noqa: S608 - constants only


def posts(conversation_id: int, case_id: int | None, before: int | None = None, limit: int = POSTS) -> Talk:
    """The last posts of a conversation and of a case, or those before the post `before`."""
    values = {"conversation": conversation_id, "case": case_id, "before": before, "limit": limit + 1}
    with connection.cursor() as cursor:
        cursor.execute(_TALK, values)
        rows = [_post(row) for row in cursor.fetchall()]
    shown = rows[:limit]
    return Talk(tuple(reversed(shown)), shown[-1].id if len(rows) > limit else None)


def _post(row: Sequence[Any]) -> TalkPost:
    values = list(row)
    values[6], values[26], values[27] = Direction(row[6]), Severity(row[26]), json.loads(row[27])
    versions = [json.loads(version) for version in row[31] or ()]
    values[31] = tuple(Version(number, _time(seen_at), text) for number, seen_at, text in versions)
    return TalkPost(*values)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a case's record with its content, None once that was erased."""

    position: int
    at: datetime
    actor: str
    person: str
    action: str
    policy_version: int
    body: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Sending:
    """One answer of the case on its way, or come to an end."""

    id: int
    state: SendState
    text: str
    why: str
    written_by: str
    written_at: datetime
    to_post_id: int
    remote_id: str
    needs_person: bool
    automatic: bool


@dataclass(frozen=True, slots=True)
class OtherCase:
    """Another case of the same person."""

    id: int
    state: str
    kind: str
    severity: str
    opened_at: datetime
    posts_in: int
    resolution: str
    excerpt: str
    handle: str


@dataclass(frozen=True, slots=True)
class Ours:
    """An account of ours that may say something."""

    id: int
    channel: str
    handle: str
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Around:
    """What belongs to a case beside its posts; each list is cut, newest kept.

    Of the accounts of ours, on all channels, the one that the case reached comes first. `absorbed` are the
    cases merged into this one, with the notes in their own records (`notes`); `others` are the person's, from
    whichever of their `linked` accounts.
    """

    lines: tuple[Line, ...]
    sends: tuple[Sending, ...]
    others: tuple[OtherCase, ...]
    accounts: tuple[Ours, ...]
    people: tuple[tuple[int, str], ...]
    first_seen: datetime | None
    absorbed: tuple[int, ...] = ()
    notes: tuple[Line, ...] = ()
    linked: tuple[Account, ...] = ()


_PERSON = "COALESCE(NULLIF(u.name, ''), u.email, '')"
_LINE = """
jsonb_build_array(e.position, e.at, e.actor, COALESCE(NULLIF(u.name, ''), u.email, ''), e.action,
                  e.policy_version,
                  CASE WHEN octet_length(c.body::text) < 40000 THEN c.body
                       ELSE '{"text": "(too long to show here)"}'::jsonb END)
"""
_AROUND = f"""
WITH RECURSIVE absorbed(id) AS (
    SELECT id FROM store_case WHERE merged_into_id = %(case)s
    UNION SELECT c.id FROM absorbed JOIN store_case c ON c.merged_into_id = absorbed.id
)
SELECT
    ARRAY(SELECT {_LINE}
          FROM store_historyentry e LEFT JOIN store_historycontent c ON c.entry_id = e.id
          LEFT JOIN store_user u ON u.id = c.person_id
          WHERE e.chain = %(chain)s ORDER BY e.position DESC LIMIT {_HISTORY}),
    ARRAY(SELECT jsonb_build_array(s.id, s.state, left(s.text, {_ANSWER}), s.why, {_PERSON}, s.written_at,
                                   s.to_post_id, s.remote_id,
                                   s.state = 'unknown' AND s.not_before > %(soon)s, s.automatic)
          FROM store_send s LEFT JOIN store_user u ON u.id = s.written_by_id
          WHERE s.case_id = %(case)s ORDER BY s.id DESC LIMIT {_SENDS}),
    ARRAY(SELECT jsonb_build_array(c.id, c.state, c.kind, c.severity, c.opened_at, c.posts_in, c.resolution,
                                   left(p.text, 160), a.handle)
          FROM (SELECT * FROM store_case WHERE author_id = ANY({accounts_of("%(author)s")})
                AND id <> %(case)s AND merged_into_id IS NULL
                ORDER BY last_post_at DESC LIMIT {_CASES}) AS c
          JOIN store_author a ON a.id = c.author_id LEFT JOIN store_post p ON p.id = c.lead_id),
    ARRAY(SELECT jsonb_build_array(id, channel, handle, settings) FROM store_account
          WHERE brand_id = %(brand)s AND active
          ORDER BY id IS NOT DISTINCT FROM (SELECT p.account_id FROM store_case c
              JOIN store_post p ON p.id = c.lead_id WHERE c.id = %(case)s) DESC, id LIMIT 100),
    ARRAY(SELECT jsonb_build_array(id, channel, handle, name) FROM store_author
          WHERE id = ANY({accounts_of("%(author)s")}) AND id <> %(author)s ORDER BY channel, id LIMIT 50),
    ARRAY(SELECT to_jsonb(id) FROM absorbed ORDER BY id),
    ARRAY(SELECT {_LINE}
          FROM store_historyentry e JOIN absorbed ON e.chain = 'case:' || absorbed.id
          LEFT JOIN store_historycontent c ON c.entry_id = e.id LEFT JOIN store_user u ON u.id = c.person_id
          WHERE e.action = 'noted' ORDER BY e.at DESC, e.id DESC LIMIT {_HISTORY}),
    (SELECT COALESCE(jsonb_agg(jsonb_build_array(u.id, {_PERSON}) ORDER BY lower(u.name), u.id), '[]')
     FROM store_membership m JOIN store_user u ON u.id = m.user_id
     WHERE m.brand_id = %(brand)s AND u.is_active),
    (SELECT min(posted_at) FROM store_post WHERE author_id = %(author)s)
"""  # noqa: S608 - constants only


def around(case_id: int, author_id: int, brand_id: int, *, person_from: datetime) -> Around:
    """Record, sends, the person's other cases and accounts, our accounts and our people; one statement.

    An unknown send that nobody will look up before `person_from` waits for a person.
    """
    values: dict[str, int | str | datetime] = {
        "case": case_id,
        "chain": f"case:{case_id}",
        "author": author_id,
        "brand": brand_id,
        "soon": person_from,
    }
    with connection.cursor() as cursor:
        cursor.execute(_AROUND, values)
        *lists, people, first_seen = cursor.fetchone()
    read = ([json.loads(row) for row in rows] for rows in lists)
    lines, sends, others, accounts, linked, absorbed, notes = read
    return Around(
        tuple(_line(row) for row in lines),
        tuple(_sending(row) for row in sends),
        tuple(_other(row) for row in others),
        tuple(Ours(*row) for row in accounts),
        tuple((row[0], row[1]) for row in json.loads(people)),
        first_seen,
        tuple(absorbed),
        tuple(_line(row) for row in notes),
        tuple(Account(*row) for row in linked),
    )


def _line(row: list[Any]) -> Line:
    return Line(row[0], _time(row[1]), *row[2:])


def _other(row: list[Any]) -> OtherCase:
    row[4] = _time(row[4])
    return OtherCase(*row)


def _sending(row: list[Any]) -> Sending:
    row[1], row[5] = SendState(row[1]), _time(row[5])
    return Sending(*row)


def _time(value: str) -> datetime:
    return datetime.fromisoformat(value)


_SINCE = f"""
SELECT e.position, e.at, e.actor, {_PERSON}, e.action, e.policy_version, c.body
FROM store_historyentry e LEFT JOIN store_historycontent c ON c.entry_id = e.id
LEFT JOIN store_user u ON u.id = c.person_id
WHERE e.chain = %s AND e.position > %s AND e.action = ANY(%s) AND e.actor <> %s
ORDER BY e.position DESC LIMIT 1
"""  # noqa: S608 - constants only


def since(case_id: int, position: int, *, besides: int, actions: Iterable[str]) -> Line | None:
    """The last of these actions on record behind a position that was not the person's own."""
    with connection.cursor() as cursor:
        cursor.execute(_SINCE, [f"case:{case_id}", position, sorted(actions), f"person:{besides}"])
        row = cursor.fetchone()
    if row is None:
        return None
    at, when, actor, person, action, policy_version, body = row
    return Line(at, when, actor, person, action, policy_version, json.loads(body) if body else None)
