"""One person with several accounts, once somebody has linked them: which accounts, and one lock for all.

Linked accounts bear the same number in `person`, the lowest of their ids; no chains, so no circles either.
Nothing of it is ever shown in public.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import connection

from amends.store import arrays


def accounts_of(author: str) -> str:
    """SQL for an array with the ids of all accounts of the person whose account an author (SQL) is."""
    return (
        f"ARRAY(SELECT {author} UNION ALL SELECT linked.id FROM store_author own "  # noqa: S608 - constants only
        "JOIN store_author linked ON linked.person = own.person AND linked.id <> own.id "
        f"WHERE own.id = {author})"
    )


_PEOPLE = """
SELECT id, COALESCE(person, id) FROM store_author WHERE id = ANY(%s)
UNION
SELECT linked.id, linked.person FROM store_author own
JOIN store_author linked ON linked.person = own.person WHERE own.id = ANY(%s)
"""


def people(author_ids: Iterable[int]) -> dict[int, int]:
    """The number of the person behind each of these authors, and behind all accounts linked with them."""
    ids = arrays.column(sorted(set(author_ids)))
    with connection.cursor() as cursor:
        cursor.execute(_PEOPLE, [ids, ids])
        return dict(cursor.fetchall())


def accounts(author_id: int) -> list[int]:
    """The ids of all accounts of the person, this one included."""
    return sorted(people([author_id]))


_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('amends person', %s))"


def lock(author_id: int) -> list[int]:
    """Their accounts, held until the transaction ends: nobody else plans an answer to them, or links them.

    Taken before any case is locked.
    """
    with connection.cursor() as cursor:
        while True:
            person = people([author_id])[author_id]
            cursor.execute(_LOCK, [person])
            found = people([author_id])
            if found[author_id] == person:
                return sorted(found)


def hold(people_numbers: Collection[int]) -> None:
    """Hold all these people as `lock` does one; the caller alone changes links of the brand (its lock)."""
    with connection.cursor() as cursor:
        for person in sorted(set(people_numbers)):
            cursor.execute(_LOCK, [person])


def number(groups: Collection[Collection[int]]) -> None:
    """Make each group of authors one person, and whoever is alone in theirs nobody's other account."""
    with connection.cursor() as cursor:
        for group in groups:
            ids = sorted(set(group))
            person = ids[0] if len(ids) > 1 else None
            cursor.execute(
                "UPDATE store_author SET person = %s WHERE id = ANY(%s)", [person, arrays.column(ids)]
            )


@dataclass(frozen=True, slots=True)
class Account:
    """An account of a person, as it is shown to colleagues."""

    id: int
    channel: str
    handle: str
    name: str


def named(brand_id: int, handle: str, channel: str = "") -> tuple[Account, ...]:
    """The accounts of a brand's people of this handle, in any case, on one channel or on all."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, channel, handle, name FROM store_author WHERE brand_id = %s "
            "AND upper(handle) = upper(%s) AND handle > '' AND %s IN ('', channel) "
            "ORDER BY channel, id LIMIT 20",
            [brand_id, handle.strip().removeprefix("@"), channel],
        )
        return tuple(Account(*row) for row in cursor.fetchall())
