"""The few figures that scripts ask for: how much came in, what it was read as, what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field

from django.db import connection

from amends.core.values import SendState


def _none_sent() -> dict[str, int]:
    return {state.value: 0 for state in SendState}


def _none_waited() -> dict[str, int]:
    return dict.fromkeys(("open", "answered", "needed_none", "closed"), 0)


@dataclass(slots=True)
class Figures:
    """Counts of one brand or of all: `posts` in and out, `complaints` among those that came in.

    `waits` are the posts that somebody waited for an answer to, by how that ended: not yet, `answered` by a
    person, `needed_none` as somebody said, or `closed` with the case. `rejected` is what could not be taken:
    bad items of networks and refused lines of imports.
    """

    posts: int = 0
    complaints: int = 0
    cases: int = 0
    open_cases: int = 0
    rejected: int = 0
    waits: dict[str, int] = field(default_factory=_none_waited)
    outbox: dict[str, int] = field(default_factory=_none_sent)

    def add(self, name: str, count: int) -> None:
        """Count `count` more of what `name` says; `outbox.STATE` and `waits.END` for one of several."""
        area, _, state = name.partition(".")
        if state:
            getattr(self, area)[state] += count
        else:
            setattr(self, area, getattr(self, area) + count)


@dataclass(frozen=True, slots=True)
class Stats:
    """The figures of the whole desk and of each brand by name."""

    total: Figures
    brands: dict[str, Figures]

    def as_json(self, *, waits: bool = True) -> dict[str, object]:
        """As `amends stats --json` prints it, which is without `waits` unless they are asked for."""
        left_out = set() if waits else {"waits"}

        def told(figures: Figures) -> dict[str, object]:
            return {name: each for name, each in asdict(figures).items() if name not in left_out}

        brands = {name: told(figures) for name, figures in self.brands.items()}
        return {"total": told(self.total), "brands": brands}


# Of a content imported again only the last time is kept (see `store.import_runs`), so nothing counts twice.
_COUNTS = """
SELECT brand_id, 'posts', count(*) FROM store_post WHERE {brand} GROUP BY 1
UNION ALL SELECT brand_id, 'complaints', count(*) FROM store_post
    WHERE {brand} AND direction = 'in' AND is_complaint GROUP BY 1
UNION ALL SELECT brand_id, 'cases', count(*) FROM store_case
    WHERE {brand} AND merged_into_id IS NULL GROUP BY 1
UNION ALL SELECT brand_id, 'open_cases', count(*) FROM store_case
    WHERE {brand} AND state <> 'resolved' GROUP BY 1
UNION ALL SELECT p.brand_id, 'waits.' || CASE WHEN p.answered_at IS NOT NULL THEN 'answered'
        WHEN p.posted_at <= c.settled_until THEN 'needed_none' WHEN c.state = 'resolved' THEN 'closed'
        ELSE 'open' END, count(*)
    FROM (SELECT * FROM store_post
        WHERE {brand} AND direction = 'in' AND wants_answer AND deleted_at IS NULL) AS p
    JOIN store_case c ON c.id = p.case_id GROUP BY 1, 2
UNION ALL SELECT brand_id, 'outbox.' || state, count(*) FROM store_send WHERE {brand} GROUP BY 1, 2
UNION ALL SELECT brand_id, 'rejected', count(*) FROM store_raw WHERE {brand} AND state = 'failed' GROUP BY 1
UNION ALL SELECT brand_id, 'rejected', sum(rejected)::bigint FROM (
    SELECT b.id AS brand_id, r.rejected
    FROM store_importrun r LEFT JOIN store_brand b ON b.name = r.brand_name
) AS runs WHERE {brand} GROUP BY 1
"""
_OF_ALL = _COUNTS.format(brand="true")
_OF_ONE = _COUNTS.format(brand="brand_id = %(brand)s")


def stats(brand_id: int | None = None) -> Stats:
    """What is counted of all brands, or of one, in two statements; refused lines of no brand are in the
    total of all alone."""
    which = {"brand": brand_id}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, name FROM store_brand WHERE %(brand)s::bigint IS NULL OR id = %(brand)s "
            "ORDER BY lower(name)",
            which,
        )
        names = dict(cursor.fetchall())
        cursor.execute(_OF_ALL if brand_id is None else _OF_ONE, which)
        counts = cursor.fetchall()
    found = Stats(Figures(), {name: Figures() for name in names.values()})
    for brand_id, name, count in counts:
        for figures in _counted(found, names.get(brand_id)):
            figures.add(name, count)
    return found


def _counted(found: Stats, brand: str | None) -> Iterator[Figures]:
    yield found.total
    if brand is not None:
        yield found.brands[brand]
