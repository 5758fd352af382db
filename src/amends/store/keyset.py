"""Pages by key: the rows behind the last one shown, found through the index that orders them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.db.models import Model, Q, QuerySet

_Rows = TypeVar("_Rows", bound=Model)
_BIGGEST = 2**63 - 1
_EARLIEST, _LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2300, 1, 1, tzinfo=UTC)


class BadCursor(ValueError):
    """What was given is no cursor of this list."""


@dataclass(frozen=True, slots=True)
class Key:
    """A column of an order; `down` puts the greatest first; names ending in `_at` or `_until` are times."""

    field: str
    down: bool = False

    @property
    def is_time(self) -> bool:
        """Whether its values are instants."""
        return self.field.endswith(("_at", "_until"))


Order = Sequence[Key]


def ordering(order: Order) -> list[str]:
    """The order as Django spells it."""
    return [f"-{key.field}" if key.down else key.field for key in order]


def behind(rows: QuerySet[_Rows], order: Order, cursor: str | None) -> QuerySet[_Rows]:
    """The rows in order, those behind the cursor only; raises BadCursor."""
    if cursor is not None:
        rows = rows.filter(_behind(order, read(order, cursor)))
    return rows.order_by(*ordering(order))


def _behind(order: Order, values: Sequence[object]) -> Q:
    """Later by the first key, or level with it and later by the next; the first conjunct bounds the index."""
    first = order[0]
    bound = Q(**{f"{first.field}__{'lte' if first.down else 'gte'}": values[0]})
    later, level = Q(), Q()
    for key, value in zip(order, values, strict=True):
        later |= level & Q(**{f"{key.field}__{'lt' if key.down else 'gt'}": value})
        level &= Q(**{key.field: value})
    return bound & later


def cursor_of(order: Order, row: Any) -> str:
    """The cursor that stands for a row."""
    values = [getattr(row, key.field) for key in order]
    return "~".join(value.isoformat() if isinstance(value, datetime) else str(value) for value in values)


def read(order: Order, cursor: str) -> list[object]:
    """The values a cursor stands for; raises BadCursor."""
    parts = cursor.split("~")
    if len(parts) != len(order) or len(cursor) > 200:
        raise BadCursor("This is no page of this list; start from its first page.")
    try:
        return [_time(part) if key.is_time else _number(part) for key, part in zip(order, parts, strict=True)]
    except ValueError:
        raise BadCursor("This is no page of this list; start from its first page.") from None


def _time(part: str) -> datetime:
    at = datetime.fromisoformat(part)
    if at.tzinfo is None or not _EARLIEST <= at <= _LATEST:
        raise ValueError(part)
    return at


def _number(part: str) -> int:
    number = int(part)
    if not -_BIGGEST <= number <= _BIGGEST:
        raise ValueError(part)
    return number
