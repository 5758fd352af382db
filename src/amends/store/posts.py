"""Posts, authors and conversations in batches: found, stored, joined to cases, emptied."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from amends.store import arrays

Key = tuple[str, str]
"""A channel and an id on it."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a stored post when another version of it, or an answer to it, comes in."""

    id: int
    author_id: int
    conversation_id: int
    case_id: int | None
    text: str
    edited_at: datetime | None
    deleted_at: datetime | None


# Look-ups by many keys go key by key through the unique index; LATERAL and LIMIT see to it. On a table that
# has just grown the planner would rather read all posts of the brand, in every batch.
_KNOWN = """
SELECT k.channel, k.remote_id, p.* FROM unnest(%s::text[], %s::text[]) AS k(channel, remote_id),
LATERAL (
    SELECT id, author_id, conversation_id, case_id, left(text, 5000), edited_at, deleted_at FROM store_post
    WHERE brand_id = %s AND channel = k.channel AND remote_id = k.remote_id LIMIT 1
) AS p
"""


def known(brand_id: int, keys: Iterable[Key]) -> dict[Key, Known]:
    """The stored posts under these keys; texts cut to what a reader of context needs."""
    return {(row[0], row[1]): Known(*row[2:]) for row in _by_key(_KNOWN, brand_id, set(keys))}


def _by_key(statement: str, brand_id: int, keys: Collection[Key]) -> list[Any]:
    if not keys:
        return []
    channels, names = zip(*keys, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(statement, [arrays.texts(channels), arrays.texts(names), brand_id])
        return list(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class NewAuthor:
    """A person as the network names them now."""

    channel: str
    remote_id: str
    handle: str
    name: str
    followers: int | None = None


_KNOWN_AUTHORS = """
SELECT k.channel, k.remote_id, a.* FROM unnest(%s::text[], %s::text[]) AS k(channel, remote_id),
LATERAL (
    SELECT id, handle, name, followers FROM store_author
    WHERE brand_id = %s AND channel = k.channel AND remote_id = k.remote_id LIMIT 1
) AS a
"""
_PUT_AUTHORS = """
INSERT INTO store_author (brand_id, channel, remote_id, handle, name, followers)
SELECT %s, channel, remote_id, handle, name, followers
FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::int[])
    AS r(channel, remote_id, handle, name, followers)
ORDER BY channel, remote_id
ON CONFLICT (brand_id, channel, remote_id) DO UPDATE SET
    handle = COALESCE(NULLIF(EXCLUDED.handle, ''), store_author.handle),
    name = COALESCE(NULLIF(EXCLUDED.name, ''), store_author.name),
    followers = COALESCE(EXCLUDED.followers, store_author.followers)
RETURNING channel, remote_id, id
"""
_NAME = 200


def authors(brand_id: int, people: Iterable[NewAuthor]) -> dict[Key, int]:
    """The ids of these people, stored or renamed where needed."""
    wanted = {(p.channel, p.remote_id): (p.handle[:_NAME], p.name[:_NAME], p.followers) for p in people}
    ids: dict[Key, int] = {}
    for channel, remote_id, author_id, handle, name, followers in _by_key(_KNOWN_AUTHORS, brand_id, wanted):
        ids[channel, remote_id] = author_id
        new_handle, new_name, told = wanted[channel, remote_id]
        if new_handle in ("", handle) and new_name in ("", name) and _as_many(told, followers):
            del wanted[channel, remote_id]
    if wanted:
        channels, remote_ids = zip(*wanted, strict=True)
        handles, names, followers = zip(*wanted.values(), strict=True)
        with connection.cursor() as cursor:
            columns = [arrays.texts(column) for column in (channels, remote_ids, handles, names)]
            cursor.execute(_PUT_AUTHORS, [brand_id, *columns, arrays.column(followers)])
            ids.update({(row[0], row[1]): row[2] for row in cursor.fetchall()})
    return ids


def _as_many(told: int | None, known: int | None) -> bool:
    """Whether a number of followers is near enough to the one that is kept; a tenth changes nothing."""
    return told is None or (known is not None and abs(told - known) * 10 <= known)


_KNOWN_CONVERSATIONS = """
SELECT k.channel, k.key, c.id FROM unnest(%s::text[], %s::text[]) AS k(channel, key),
LATERAL (
    SELECT id FROM store_conversation WHERE brand_id = %s AND channel = k.channel AND key = k.key LIMIT 1
) AS c
"""
_MAKE_CONVERSATIONS = """
INSERT INTO store_conversation (channel, key, brand_id)
SELECT channel, key, %s FROM unnest(%s::text[], %s::text[]) AS r(channel, key) ORDER BY channel, key
ON CONFLICT (brand_id, channel, key) DO UPDATE SET key = EXCLUDED.key RETURNING channel, key, id
"""


def conversations(brand_id: int, keys: Collection[Key]) -> dict[Key, int]:
    """The ids of those conversations under these (channel, key) pairs that there are."""
    return {(row[0], row[1]): row[2] for row in _by_key(_KNOWN_CONVERSATIONS, brand_id, keys)}


def make_conversations(brand_id: int, keys: Collection[Key]) -> dict[Key, int]:
    """Conversations under these (channel, key) pairs, made now unless somebody has just done so."""
    if not keys:
        return {}
    channels, names = zip(*keys, strict=True)
    with connection.cursor() as cursor:
        cursor.execute(_MAKE_CONVERSATIONS, [brand_id, arrays.texts(channels), arrays.texts(names)])
        return {(row[0], row[1]): row[2] for row in cursor.fetchall()}


def merge_conversations(moves: dict[int, int]) -> None:
    """Move posts and cases of each conversation into another and drop the empty one."""
    if not moves:
        return
    pairs = [list(moves.keys()), list(moves.values())]
    with connection.cursor() as cursor:
        for table in ("store_post", "store_case"):
            cursor.execute(
                f"UPDATE {table} SET conversation_id = m.target FROM unnest(%s::bigint[], %s::bigint[]) "  # noqa: S608
                "AS m(source, target) WHERE conversation_id = m.source",
                pairs,
            )
        cursor.execute("DELETE FROM store_conversation WHERE id = ANY(%s)", [pairs[0]])


_KEEP_VERSION = """
INSERT INTO store_postversion (post_id, version, text, seen_at)
SELECT p.id, p.version, p.text, %s FROM store_post p WHERE p.id = ANY(%s) AND p.deleted_at IS NULL
ON CONFLICT DO NOTHING
"""


def keep_originals(texts: Sequence[tuple[int, str]], now: datetime) -> None:
    """Keep what posts (id, text) said before the edit by which the desk first heard of them."""
    if not texts:
        return
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO store_postversion (post_id, version, text, seen_at) "
            "SELECT id, 0, %s, %s FROM store_post WHERE id = %s AND version = 1 ON CONFLICT DO NOTHING",
            [(text, now, post_id) for post_id, text in texts],
        )


def edit(changes: Sequence[tuple[int, str, datetime]], now: datetime) -> None:
    """Give posts (id, new text, edited at) their new words; the old are kept, the new are read anew."""
    if not changes:
        return
    ids, texts, times = (list(column) for column in zip(*changes, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(_KEEP_VERSION, [now, ids])
        cursor.execute(
            "UPDATE store_post SET text = r.text, edited_at = r.at, version = version + 1, read_at = NULL "
            "FROM unnest(%s::bigint[], %s::text[], %s::timestamptz[]) AS r(id, text, at) "
            "WHERE store_post.id = r.id",
            [ids, texts, times],
        )


def delete(post_ids: Sequence[int], now: datetime) -> None:
    """Take the words of deleted posts out of sight at once; they wait in the versions until erased."""
    if not post_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(_KEEP_VERSION, [now, list(post_ids)])
        cursor.execute(
            "UPDATE store_post SET text = '', labels = '{}', deleted_at = %s, wants_answer = false, "
            "read_at = COALESCE(read_at, %s) WHERE id = ANY(%s) AND deleted_at IS NULL",
            [now, now, list(post_ids)],
        )


_ADOPT = """
UPDATE store_post SET case_id = found.case_id
FROM (
    SELECT answer.id, question.case_id FROM unnest(%s::bigint[]) AS k(id),
    LATERAL (
        SELECT id, in_reply_to FROM store_post
        WHERE conversation_id = k.id AND case_id IS NULL AND direction = 'out' OFFSET 0
    ) AS answer,
    LATERAL (
        SELECT case_id FROM store_post
        WHERE conversation_id = k.id AND remote_id = answer.in_reply_to AND direction = 'in'
          AND case_id IS NOT NULL LIMIT 1
    ) AS question
) AS found
WHERE store_post.id = found.id
RETURNING store_post.case_id
"""


def adopt_answers(conversation_ids: Iterable[int]) -> set[int]:
    """Give answers of ours that came before their question the question's case; returns the cases."""
    with connection.cursor() as cursor:
        cursor.execute(_ADOPT, [arrays.column(sorted(set(conversation_ids)))])
        return {row[0] for row in cursor.fetchall()}


def unread_brands() -> list[int]:
    """Brands with posts that no model has read yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT brand_id FROM (SELECT brand_id FROM store_post WHERE read_at IS NULL "
            "ORDER BY id LIMIT 5000) AS unread"
        )
        return [row[0] for row in cursor.fetchall()]


_AGAIN_NAMES = (
    *("id", "channel", "remote_id", "author_id", "conversation_id", "case_id", "account_id", "direction"),
    *("visibility", "text", "lang", "in_reply_to", "posted_at", "received_at", "clock_offset", "edited_at"),
)
_AGAIN = f"""
SELECT {", ".join(f"p.{name}" for name in _AGAIN_NAMES)}, left(parent.text, 5000)
FROM store_post p
LEFT JOIN store_post parent ON parent.brand_id = p.brand_id AND parent.channel = p.channel
    AND parent.remote_id = p.in_reply_to AND p.in_reply_to <> ''
"""  # noqa: S608 - constants only


def unread(brand_id: int, limit: int) -> list[dict[str, Any]]:
    """Posts that no model has read yet, oldest first, by column name, with `parent_text`."""
    where = "WHERE p.read_at IS NULL AND p.brand_id = %s ORDER BY p.id LIMIT %s"
    return _again(_AGAIN + where, [brand_id, limit])


def one(post_id: int) -> dict[str, Any]:
    """One post as `unread` gives it, whether it was read or not."""
    return _again(_AGAIN + "WHERE p.id = %s", [post_id])[0]


def _again(question: str, parameters: list[int]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(question, parameters)
        return [dict(zip((*_AGAIN_NAMES, "parent_text"), row, strict=True)) for row in cursor.fetchall()]
