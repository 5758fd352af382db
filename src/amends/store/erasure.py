"""Erasing contents of the record, which leaves its chains whole."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection


def erase_contents(entry_ids: Iterable[int]) -> int:
    """Erase these entries' contents with their salts; that something happened stays. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM store_historycontent WHERE entry_id = ANY(%s)", [sorted(set(entry_ids))])
        return int(cursor.rowcount)


def erase_contents_of_case(case_id: int) -> int:
    """Erase all contents on record of a case; that something happened stays. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM store_historycontent WHERE case_id = %s", [case_id])
        return int(cursor.rowcount)
