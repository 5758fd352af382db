"""The first rows of a long list that fit: near ones by walking the list, far ones through their own index.

PostgreSQL knows how common common words are and guesses for all others; guessing too high, it would walk a
whole brand for a word that nobody ever wrote. So the first rows in the list's order are looked at one by one,
which finds whatever is common at once; only where they do not fill the page is all that fits gathered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Model, Q, QuerySet
from django.db.models.expressions import RawSQL

from amends.store import keyset

WALKED_POSTS = 6_000
AHEAD = 1_000
"""So many rows are looked at first. Where they hold next to nothing that fits, there is little to gather;"""
SOME = 3
"""where they hold some, though no page full, it pays to walk on."""
Sql = tuple[str, tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Narrow:
    """Several ways to fit, beyond what an index can order: asked of each of the first `walked` rows (`near`),
    and gathered one way after the other (`far`)."""

    near: Sequence[Q]
    far: Sequence[Q]
    walked: int


def among_posts(*ways: Q) -> Narrow:
    """Posts that fit in one of these ways."""
    return Narrow(ways, ways, WALKED_POSTS)


def first(
    walk: QuerySet[Any], narrow: Narrow | None, order: keyset.Order, after: str | None, count: int
) -> Any:
    """For `pk__in`: ids of the first `count` rows of `walk` behind the cursor that fit; raises BadCursor."""
    behind = keyset.behind(walk, order, after)
    if narrow is None:
        return behind.values("pk")[:count]
    columns = ", ".join(f'"{key.field}"{" DESC" if key.down else ""}' for key in order)
    fits = reduce(or_, narrow.near)
    ahead, ahead_values = _near(walk.model, behind[:AHEAD], fits)
    near, near_values = _near(walk.model, behind[: narrow.walked], fits)
    far, far_values = _far(
        behind.order_by().values(*sorted({"id", *(key.field for key in order)})), narrow.far
    )
    ending = f"ORDER BY {columns} LIMIT {count:d}"
    sql = (
        f"WITH ahead AS MATERIALIZED ({ahead} {ending}), near AS MATERIALIZED ({near} "  # noqa: S608 - values apart
        f"AND (SELECT count(*) FROM ahead) BETWEEN {SOME:d} AND {count - 1:d} {ending}) "
        f"SELECT id FROM ahead UNION SELECT id FROM near UNION (SELECT id FROM ({far}) AS rest "
        f"WHERE greatest((SELECT count(*) FROM ahead), (SELECT count(*) FROM near)) < {count:d} {ending})"
    )
    return RawSQL(sql, (*ahead_values, *near_values, *far_values))  # noqa: S611 - values apart


def _near(model: type[Model], walked: QuerySet[Any], narrow: Q) -> Sql:
    """The ids among these rows that fit, each looked at as the walk comes to it."""
    inner, inner_values = walked.query.sql_with_params()
    fitting = model._default_manager.filter(narrow).query
    where, where_values = fitting.get_compiler(using=walked.db).compile(fitting.where)
    table = model._meta.db_table
    return f'SELECT id FROM ({inner}) AS "{table}" WHERE {where}', (*inner_values, *where_values)  # noqa: S608


def _far(rest: QuerySet[Any], ways: Sequence[Q]) -> Sql:
    """All that fit, with what they are sorted by."""
    gathered = [rest.filter(way).query.sql_with_params() for way in ways]
    # OFFSET 0 keeps the planner from walking the list once more, in the hope that enough fits soon.
    sql = " UNION ".join(f"({sql} OFFSET 0)" for sql, _ in gathered)
    return sql, tuple(value for _, values in gathered for value in values)
