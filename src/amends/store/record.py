"""The record of a case as it is read back: its entries with their contents, and its notes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import F, QuerySet

from amends.store import history, keyset
from amends.store.keyset import Key
from amends.store.models import HistoryEntry

_FROM_THE_FIRST = (Key("position"),)
NOTES = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry; `body` is None once its content was erased."""

    position: int
    at: datetime
    actor: str
    action: str
    policy_version: int
    hash: bytes
    body: Any
    person_id: int | None


@dataclass(frozen=True, slots=True)
class Page:
    """Entries, oldest first, and the cursor of the next page where there is one."""

    entries: tuple[Entry, ...]
    next: str | None


def of_case(case_id: int, after: str | None, limit: int) -> Page:
    """The record of a case behind the cursor `after`; raises keyset.BadCursor. One query."""
    rows = keyset.behind(_chain(case_id), _FROM_THE_FIRST, after)
    found = _read(rows, limit + 1)
    more = keyset.cursor_of(_FROM_THE_FIRST, found[limit - 1]) if len(found) > limit else None
    return Page(tuple(found[:limit]), more)


def notes(case_ids: Iterable[int]) -> list[Entry]:
    """What colleagues noted in these cases, oldest first; the latest where there are very many. One query."""
    chains = [history.chain_of(case_id) for case_id in case_ids]
    noted = HistoryEntry.objects.filter(chain__in=chains, action="noted")
    return _read(noted.order_by("-at", "-pk"), NOTES)[::-1]


def _chain(case_id: int) -> QuerySet[HistoryEntry]:
    return HistoryEntry.objects.filter(chain=history.chain_of(case_id))


def _read(rows: QuerySet[HistoryEntry], limit: int) -> list[Entry]:
    named = rows.annotate(body=F("content__body"), person_id=F("content__person_id"))
    fields = "position", "at", "actor", "action", "policy_version", "hash", "body", "person_id"
    return [
        Entry(row[0], row[1], row[2], row[3], row[4], bytes(row[5]), row[6], row[7])
        for row in named.values_list(*fields)[:limit]
    ]
