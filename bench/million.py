"""A desk of a million posts and some fifty thousand cases: how it fills, and how its pages feel."""

from __future__ import annotations

from amends.language.stand_in import StandIn
from amends.site.cluster import Cluster
from amends.store.models import Case
from bench import importer, pages, way_in
from bench.importer import Taken
from bench.progress import say
from bench.result import Result
from bench.scale import Scale
from bench.seeded import BRAND, Seeded, seed, staff

MOST_MS = 60.0


def measure(cluster: Cluster, scale: Scale) -> list[Result]:
    """The curve of its import, and every page against that of the small desk."""
    legs: list[Taken] = []
    cases: list[int] = []

    def fill(database: str) -> Seeded:
        for until, lines in zip(scale.million, way_in.parts(scale.million), strict=True):
            legs.append(importer.watched(cluster, importer.content(lines), StandIn(way_in.FEW), BRAND))
            say(f"{until:,} posts, the last {len(lines):,} at {len(lines) / legs[-1].clock:,.0f}/s")
        cases.append(Case.objects.count())
        return staff(cluster, database)

    most = scale.million[-1]
    small = (scale.small_desk, lambda database: seed(cluster, database, scale.small_desk))
    promise = pages.Promise(f"page at {most:,}", MOST_MS)
    rows = pages.compare(cluster, scale, [small, (most, fill)], promise)
    curve = way_in.points("import", scale.million, legs, None, 1)
    return [*curve, Result("import, cases in the end", cases[0], "cases"), *rows]
