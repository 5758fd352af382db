"""What became of imports, so that no line counts twice however often it is imported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Q

from amends.store.models import ImportRun


@dataclass(frozen=True, slots=True)
class Content:
    """Where lines came from and what they were, byte for byte."""

    source: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class Part:
    """What became of the lines of one brand ("" for none)."""

    brand_name: str
    lines: int
    received: int
    repeated: int
    rejected: int


def earlier_sizes(source: str) -> list[int]:
    """How long the contents were that came from the same place before."""
    found = ImportRun.objects.filter(source=source[:500]).values_list("size", flat=True).distinct()
    return sorted(found)


def record(
    content: Content,
    parts: Iterable[Part],
    *,
    only_brand: str,
    beginnings: Iterable[str],
    as_of: datetime | None,
    started_at: datetime,
    now: datetime,
) -> None:
    """Keep what became of the lines, in the place of what was kept of the same content before.

    `beginnings` are digests of what the content began with when it was shorter: those lines are among these.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('amends import runs'))")
        same = Q(digest=content.digest) | Q(source=content.source[:500], digest__in=list(beginnings))
        earlier = ImportRun.objects.filter(same)
        if only_brand:
            earlier = earlier.filter(brand_name__in=["", only_brand])
        earlier.delete()
        ImportRun.objects.bulk_create(
            ImportRun(
                brand_name=part.brand_name,
                source=content.source[:500],
                digest=content.digest,
                size=content.size,
                started_at=started_at,
                finished_at=now,
                as_of=as_of,
                lines=part.lines,
                received=part.received,
                repeated=part.repeated,
                rejected=part.rejected,
            )
            for part in parts
        )
