"""What a person works for: the brands with their role and time zone in each, and who else is there."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.db import connection

from amends.core.values import Role


@dataclass(frozen=True, slots=True)
class Desk:
    """One brand as one person works in it."""

    brand_id: int
    slug: str
    name: str
    role: Role
    time_zone: str
    waiting: int
    """In how many of its cases somebody waits, counted up to 100 and no further."""
    alerts: int
    """How many alerts stand for the person and nobody has seen, counted likewise."""
    away: bool
    """Whether they said that they are away."""


_DESKS = """
SELECT b.id, b.slug, b.name, m.role, COALESCE(p.document->>'time_zone', 'UTC'),
    (SELECT count(*) FROM (
        SELECT 1 FROM store_case WHERE brand_id = b.id AND state = 'open' AND band >= 0
        LIMIT 100) AS counted),
    (SELECT count(*) FROM (
        SELECT 1 FROM store_alert a WHERE a.brand_id = b.id AND a.seen_at IS NULL AND a.over_at IS NULL
            AND (a.to_id = m.user_id OR a.role IN ('agent', m.role)
                OR a.role = 'supervisor' AND m.role <> 'agent')
        LIMIT 100) AS counted), m.away_since IS NOT NULL
FROM store_membership m JOIN store_brand b ON b.id = m.brand_id
LEFT JOIN LATERAL (
    SELECT document FROM store_policyversion WHERE brand_id = b.id ORDER BY version DESC LIMIT 1
) AS p ON true
WHERE m.user_id = %s ORDER BY lower(b.name), b.id
"""


def of(user_id: int) -> tuple[Desk, ...]:
    """Every brand the person works for, by name."""
    with connection.cursor() as cursor:
        cursor.execute(_DESKS, [user_id])
        return tuple(Desk(row[0], row[1], row[2], Role(row[3]), *row[4:]) for row in cursor.fetchall())


@dataclass(frozen=True, slots=True)
class Choices:
    """What the lists of a brand can be narrowed to: channels posts came from, and people (id, name)."""

    channels: tuple[str, ...]
    people: tuple[tuple[int, str], ...]


_CHOICES = """
WITH RECURSIVE seen(channel) AS (
    (SELECT channel FROM store_author WHERE brand_id = %(brand)s ORDER BY channel LIMIT 1)
    UNION ALL
    SELECT (SELECT channel FROM store_author WHERE brand_id = %(brand)s AND channel > seen.channel
            ORDER BY channel LIMIT 1)
    FROM seen WHERE seen.channel IS NOT NULL
)
SELECT
    ARRAY(SELECT channel FROM seen WHERE channel IS NOT NULL LIMIT 50),
    (SELECT COALESCE(jsonb_agg(jsonb_build_array(u.id, COALESCE(NULLIF(u.name, ''), u.email))
                               ORDER BY lower(u.name), u.id), '[]')
     FROM store_membership m JOIN store_user u ON u.id = m.user_id
     WHERE m.brand_id = %(brand)s AND u.is_active)
"""


def choices(brand_id: int) -> Choices:
    """The channels and people of a brand, at a cost that does not grow with its posts."""
    with connection.cursor() as cursor:
        cursor.execute(_CHOICES, {"brand": brand_id})
        channels, people = cursor.fetchone()
    return Choices(tuple(channels), tuple((person[0], person[1]) for person in json.loads(people)))
