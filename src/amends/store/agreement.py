"""Whether the rows that people look at agree with the record: who did what, policies, where cases stand."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

from amends.store.history import Fault


def faults() -> Iterator[Fault]:
    """Every row that says something else than the record, and every content that is gone without a word."""
    for question, what in _QUESTIONS:
        with connection.cursor() as cursor:
            cursor.execute(question)
            for chain, position in cursor.fetchall():
                yield Fault(chain, position, what)


_OWNERS = """
SELECT e.chain, e.position FROM store_historyentry e
JOIN store_historycontent c ON c.entry_id = e.id LEFT JOIN store_case k ON k.id = c.case_id
WHERE (c.person_id IS NOT NULL AND e.actor <> 'person:' || c.person_id)
   OR (e.chain LIKE 'case:%' AND (e.chain IS DISTINCT FROM 'case:' || c.case_id
        OR c.brand_id IS DISTINCT FROM k.brand_id))
   OR (e.chain NOT LIKE 'case:%' AND (c.case_id IS NOT NULL
        OR e.chain <> COALESCE('brand:' || c.brand_id, 'desk')))
ORDER BY e.chain, e.position
"""
_GONE = """
WITH erased AS (
    SELECT e.chain, jsonb_array_elements_text(c.body -> 'positions')::int AS position
    FROM store_historyentry e JOIN store_historycontent c ON c.entry_id = e.id
    WHERE e.action = 'contents erased'
)
SELECT e.chain, e.position FROM store_historyentry e
LEFT JOIN store_historycontent c ON c.entry_id = e.id
LEFT JOIN erased ON erased.chain = e.chain AND erased.position = e.position
WHERE c.entry_id IS NULL AND erased.position IS NULL ORDER BY e.chain, e.position
"""
_POLICIES = """
SELECT 'brand:' || p.brand_id, COALESCE(e.position, 0) FROM store_policyversion p
LEFT JOIN LATERAL (
    SELECT e.position, c.body FROM store_historyentry e
    LEFT JOIN store_historycontent c ON c.entry_id = e.id
    WHERE e.chain = 'brand:' || p.brand_id AND e.action = 'policy published' AND e.policy_version = p.version
    ORDER BY e.position LIMIT 1
) AS e ON true
WHERE e.position IS NULL OR (e.body IS NOT NULL AND e.body -> 'document' IS DISTINCT FROM p.document)
ORDER BY 1, 2
"""
_STATES = """
SELECT 'case:' || k.id, COALESCE(e.position, 0) FROM store_case k
LEFT JOIN LATERAL (
    SELECT e.position, c.body,
        CASE e.action WHEN 'snoozed' THEN 'snoozed' WHEN 'resolved' THEN 'resolved'
            WHEN 'merged' THEN 'resolved' ELSE 'open' END AS state
    FROM store_historyentry e LEFT JOIN store_historycontent c ON c.entry_id = e.id
    WHERE e.chain = 'case:' || k.id AND e.action IN
        ('opened', 'split off', 'reopened', 'woken', 'snoozed', 'resolved', 'merged')
    ORDER BY e.position DESC LIMIT 1
) AS e ON true
WHERE e.state IS DISTINCT FROM k.state
   OR (e.body IS NOT NULL AND COALESCE(e.body ->> 'resolution', '') <> k.resolution)
ORDER BY k.id
"""
_SEVERITIES = """
SELECT 'case:' || k.id, e.position FROM store_case k
JOIN LATERAL (
    SELECT e.position, COALESCE(c.body ->> 'to', c.body ->> 'severity') AS severity
    FROM store_historyentry e LEFT JOIN store_historycontent c ON c.entry_id = e.id
    WHERE e.chain = 'case:' || k.id AND e.action IN ('opened', 'split off', 'severity read', 'graded')
    ORDER BY e.position DESC LIMIT 1
) AS e ON true
WHERE e.severity IS NOT NULL AND e.severity <> k.severity ORDER BY k.id
"""
_QUESTIONS = (
    (_OWNERS, "whose it is was changed: the person, case or brand beside it is not the one on record"),
    (_GONE, "its content is gone, and nothing on record says that it was erased"),
    (_POLICIES, "the stored policy is not the one that was published"),
    (_STATES, "the case does not stand where its record left it"),
    (_SEVERITIES, "the severity of the case is not the one on record"),
)
