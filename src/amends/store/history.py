"""The one writer and the one checker of the append-only record.

An entry's hash covers the hash before it, so that no entry can be changed, dropped or put in between without
breaking its chain. It covers a commitment to the content (HMAC-SHA-256 under a random salt kept with the
content) and never the content itself, so that erasing content and salt leaves the chain whole.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum

from django.db import connection
from django.db.models import Q

from amends.store.models import Chain
from amends.store.plain import plain

Body = Mapping[str, object]
SYSTEM, NETWORK = "system", "network"
SALT_BYTES = 16


def person(user_id: int) -> str:
    """The actor for a person who signed in."""
    return f"person:{user_id}"


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a chain: how many entries it has, the hash of the last, and what it belongs to."""

    chain: str
    count: int
    hash: bytes
    brand_id: int | None = None
    case_id: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to put on record."""

    at: datetime
    actor: str
    action: str
    policy_version: int
    body: Body
    person_id: int | None = None


def append(heads: Sequence[tuple[Head, Sequence[Line]]]) -> list[Head]:
    """Write the lines behind their heads, whose rows the caller holds locked; returns the new heads."""
    rows: list[dict[str, object]] = []
    ends: list[Head] = []
    for start, lines in heads:
        head = start
        for line in lines:
            head, row = _chained(head, line)
            rows.append(row)
        ends.append(head)
    if rows:
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [json.dumps(rows)])
    return ends


def record(chain_of_brand: int | None, lines: Sequence[Line]) -> None:
    """Put on record what has no case, in the chain of a brand or (None) the desk; in a transaction."""
    of_brand = Q(brand__isnull=True) if chain_of_brand is None else Q(brand_id=chain_of_brand)
    Chain.objects.bulk_create([Chain(brand_id=chain_of_brand)], ignore_conflicts=True)
    row = Chain.objects.select_for_update().get(of_brand)
    name = "desk" if chain_of_brand is None else f"brand:{chain_of_brand}"
    head = Head(name, row.history_count, bytes(row.history_head), brand_id=chain_of_brand)
    (end,) = append([(head, lines)])
    row.history_count, row.history_head = end.count, end.hash
    row.save(update_fields=["history_count", "history_head"])


def commit_to(salt: bytes, body: str) -> bytes:
    """The commitment to a content given as canonical JSON."""
    return hmac.new(salt, body.encode(), hashlib.sha256).digest()


def canonical(body: object) -> str:
    """The one spelling of a content that commitments are made over."""
    return json.dumps(_jsonable(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def link(head_hash: bytes, fields: Sequence[object], commitment: bytes) -> bytes:
    """The hash of an entry from the one before; `fields` are chain, position, at, actor, action, policy."""
    spelled = json.dumps([str(field) for field in fields], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(head_hash + spelled.encode() + commitment).digest()


def spell_time(at: datetime) -> str:
    """The one spelling of a time in hashes, to the microsecond in UTC."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _chained(head: Head, line: Line) -> tuple[Head, dict[str, object]]:
    body = canonical(line.body)
    salt = secrets.token_bytes(SALT_BYTES)
    commitment = commit_to(salt, body)
    position = head.count + 1
    at = spell_time(line.at)
    fields = (head.chain, position, at, line.actor, line.action, line.policy_version)
    digest = link(head.hash, fields, commitment)
    row = {
        "chain": head.chain,
        "position": position,
        "at": at,
        "actor": line.actor,
        "action": line.action,
        "policy_version": line.policy_version,
        "commitment": commitment.hex(),
        "hash": digest.hex(),
        "salt": salt.hex(),
        "body": json.loads(body),
        "case_id": head.case_id,
        "brand_id": head.brand_id,
        "person_id": line.person_id,
    }
    return Head(head.chain, position, digest, head.brand_id, head.case_id), row


def _jsonable(value: object) -> object:
    match value:
        case None | bool() | int():
            return value
        case Enum():
            return str(value.value)
        case str():
            return plain(value)
        case datetime():
            return spell_time(value)
        case Mapping():
            return {plain(str(key)): _jsonable(item) for key, item in value.items()}
        case list() | tuple() | set() | frozenset():
            return [_jsonable(item) for item in value]
    return str(value)


_INSERT = """
WITH line AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset(%s::jsonb) AS r(
        chain text, position int, at timestamptz, actor text, action text, policy_version int,
        commitment text, hash text, salt text, body jsonb, case_id bigint, brand_id bigint, person_id bigint)
), entry AS (
    INSERT INTO store_historyentry (chain, position, at, actor, action, policy_version, commitment, hash)
    SELECT chain, position, at, actor, action, policy_version, decode(commitment, 'hex'), decode(hash, 'hex')
    FROM line ORDER BY chain, position
    RETURNING id, chain, position
)
INSERT INTO store_historycontent (entry_id, case_id, brand_id, person_id, salt, body)
SELECT entry.id, case_id, brand_id, person_id, decode(salt, 'hex'), body
FROM entry JOIN line USING (chain, position)
"""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with the record."""

    chain: str
    position: int
    what: str


def faults() -> Iterator[Fault]:
    """Everything wrong inside the chains: gaps, broken links, changed contents, heads that do not fit."""
    yield from _broken_links()
    yield from _wrong_heads()


def _broken_links() -> Iterator[Fault]:
    chain, position, before = "", 0, b""
    for row in _entries():
        if row.chain != chain:
            chain, position, before = row.chain, 0, b""
        position += 1
        if row.position != position:
            yield Fault(chain, position, f"entry missing (the next one found is {row.position})")
            position = row.position
        fields = (row.chain, row.position, spell_time(row.at), row.actor, row.action, row.policy_version)
        if link(before, fields, row.commitment) != row.hash:
            yield Fault(chain, row.position, "entry does not fit the one before it")
        if row.salt is not None and commit_to(row.salt, canonical(row.body)) != row.commitment:
            yield Fault(chain, row.position, "content is not what was recorded")
        before = row.hash


@dataclass(frozen=True, slots=True)
class _Row:
    chain: str
    position: int
    at: datetime
    actor: str
    action: str
    policy_version: int
    commitment: bytes
    hash: bytes
    salt: bytes | None
    body: object


def _entries(batch: int = 5000) -> Iterator[_Row]:
    """All entries in chain order, read by key so that memory stays small."""
    after: tuple[str, int] = ("", 0)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_PAGE, [*after, batch])
            rows = cursor.fetchall()
        for row in rows:
            salt = None if row[8] is None else bytes(row[8])
            body = json.loads(row[9]) if isinstance(row[9], str) else row[9]
            yield _Row(*row[:6], bytes(row[6]), bytes(row[7]), salt, body)  # type: ignore[call-arg]
        if len(rows) < batch:
            return
        after = (rows[-1][0], rows[-1][1])


_PAGE = """
SELECT e.chain, e.position, e.at, e.actor, e.action, e.policy_version, e.commitment, e.hash, c.salt, c.body
FROM store_historyentry e LEFT JOIN store_historycontent c ON c.entry_id = e.id
WHERE (e.chain, e.position) > (%s, %s) ORDER BY e.chain, e.position LIMIT %s
"""


def _wrong_heads() -> Iterator[Fault]:
    with connection.cursor() as cursor:
        cursor.execute(_HEADS)
        for chain, held, found in cursor.fetchall():
            said = f"{held} entries were written, {found} are there"
            yield Fault(
                chain, max(held, found), said if held != found else "its last entry is not the one written"
            )


_HEADS = """
WITH held AS (
    SELECT 'case:' || id AS chain, history_count AS n, history_head AS head FROM store_case
    UNION ALL
    SELECT COALESCE('brand:' || brand_id, 'desk'), history_count, history_head FROM store_chain
), found AS (
    SELECT DISTINCT ON (chain) chain, position AS n, hash AS head
    FROM store_historyentry ORDER BY chain, position DESC
)
SELECT COALESCE(held.chain, found.chain), COALESCE(held.n, 0), COALESCE(found.n, 0)
FROM held FULL JOIN found USING (chain)
WHERE held.n IS DISTINCT FROM found.n AND NOT (held.n = 0 AND found.n IS NULL)
   OR (found.head IS NOT NULL AND held.head IS DISTINCT FROM found.head)
"""


def chain_of(case_id: int) -> str:
    """The name of a case's chain."""
    return f"case:{case_id}"


def lines(
    at: datetime, actor: str, policy_version: int, entries: Iterable[tuple[str, Body]], person_id: int | None
) -> list[Line]:
    """Entries of one moment and one actor as lines."""
    return [Line(at, actor, action, policy_version, body, person_id) for action, body in entries]
