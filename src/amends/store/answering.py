"""Who answers a person at this moment, in whichever of their cases and from whichever of their accounts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import connection

from amends.core.answering import Other, Way
from amends.store import arrays, presence

_OTHERS = """
WITH theirs AS MATERIALIZED (
    SELECT id FROM store_case WHERE author_id = ANY(%(accounts)s) UNION SELECT %(case)s
)
SELECT DISTINCT ON (found.who) found.who, COALESCE(NULLIF(u.name, ''), u.email), found.way, found.since,
    found.case_id
FROM (
    SELECT s.written_by_id AS who, 'sends' AS way, s.written_at AS since, s.case_id
    FROM store_send s JOIN store_post p ON p.id = s.to_post_id
    WHERE s.state IN ('planned', 'sending', 'unknown') AND NOT s.automatic AND s.id IS DISTINCT FROM %(but)s
        AND (s.case_id IN (SELECT id FROM theirs) OR p.author_id = ANY(%(accounts)s))
    UNION ALL
    SELECT at.user_id, 'writes', at.since, at.case_id
    FROM store_presence at JOIN store_membership m ON m.user_id = at.user_id AND m.brand_id = at.brand_id
    WHERE at.doing = 'answering' AND at.seen_at > %(fresh)s AND at.case_id IN (SELECT id FROM theirs)
) AS found JOIN store_user u ON u.id = found.who AND u.is_active
WHERE found.who IS DISTINCT FROM %(besides)s
ORDER BY found.who, found.way, found.since
"""


def others(
    case_id: int,
    accounts: Sequence[int],
    besides: int | None,
    now: datetime,
    *,
    besides_send: int | None = None,
) -> tuple[Other, ...]:
    """Everybody but `besides` who answers the person of these accounts, or in this case, at this moment.

    The answer `besides_send` is not looked at.
    """
    values: dict[str, str | int | datetime | list[int] | None] = {
        "case": case_id,
        "accounts": arrays.column(accounts),
        "fresh": now - presence.LAPSES,
        "besides": besides,
        "but": besides_send,
    }
    with connection.cursor() as cursor:
        cursor.execute(_OTHERS, values)
        rows = cursor.fetchall()
    found = (Other(who, name, Way(way), since, case) for who, name, way, since, case in rows)
    return tuple(sorted(found, key=lambda other: (other.since, other.id)))
