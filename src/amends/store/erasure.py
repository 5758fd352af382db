"""Erasing contents of the record, which leaves its chains whole and says that it was done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction

from amends.store import cases, history

ERASED = "contents erased"


def erase_contents(entry_ids: Iterable[int], why: str, actor: str, now: datetime) -> int:
    """Erase these entries' contents with their salts; that, and why, goes on record. Returns how many."""
    return _erase("e.id = ANY(%s)", sorted(set(entry_ids)), why, actor, now)


def erase_contents_of_case(case_id: int, why: str, actor: str, now: datetime) -> int:
    """Erase all contents on record of a case; that, and why, goes on record. Returns how many."""
    return _erase("e.chain = %s", history.chain_of(case_id), why, actor, now)


def _erase(which: str, value: object, why: str, actor: str, now: datetime) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM store_historycontent c USING store_historyentry e "  # noqa: S608 - constants only
            f"WHERE c.entry_id = e.id AND e.action <> %s AND {which} RETURNING e.chain, e.position",
            [ERASED, value],  # type: ignore[list-item]
        )
        gone: dict[str, list[int]] = defaultdict(list)
        for chain, position in cursor.fetchall():
            gone[chain].append(position)
        for chain, positions in sorted(gone.items()):
            line = history.Line(now, actor, ERASED, 0, {"positions": sorted(positions), "why": why})
            _put_on_record(chain, line)
    return sum(map(len, gone.values()))


def _put_on_record(chain: str, line: history.Line) -> None:
    kind, _, number = chain.partition(":")
    if kind == "case":
        cases.put_on_record(int(number), [line])
    else:
        history.record(int(number) if number else None, [line])
