"""What must go: the words of deleted posts, once their time has come and nothing needs them any more."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from amends.store import live


def deleted_on() -> list[tuple[int, str]]:
    """Brand and channel of all deleted posts whose words are still kept."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT brand_id, channel FROM store_post "
            "WHERE deleted_at IS NOT NULL AND erased_at IS NULL"
        )
        return list(cursor.fetchall())


_ERASE = """
WITH gone AS (
    UPDATE store_post p SET erased_at = %s
    WHERE p.brand_id = %s AND p.channel = %s AND p.deleted_at <= %s AND p.erased_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM store_case c WHERE c.id = p.case_id AND c.on_hold)
    RETURNING p.id, p.brand_id, p.channel, p.remote_id, p.case_id
), words AS (
    DELETE FROM store_postversion v USING gone WHERE v.post_id = gone.id
), kept AS (
    UPDATE store_raw r SET payload = '', fields = NULL FROM gone
    WHERE r.brand_id = gone.brand_id AND r.channel = gone.channel AND r.remote_id = gone.remote_id
)
SELECT count(*), COALESCE(array_agg(DISTINCT case_id) FILTER (WHERE case_id IS NOT NULL), '{}') FROM gone
"""


def erase(brand_id: int, channel: str, deleted_before: datetime, now: datetime) -> int:
    """Erase the words of posts deleted before then, versions and raw items too, except in held cases."""
    with connection.cursor() as cursor:
        cursor.execute(_ERASE, [now, brand_id, channel, deleted_before])
        count, cases = cursor.fetchone()
    live.tell(brand_id, cases)
    return int(count)
