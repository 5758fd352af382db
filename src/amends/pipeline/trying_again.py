"""Taking in once more what could not be taken in before: after a mended model, rule or disk."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from amends.pipeline import wake
from amends.pipeline.standing import as_admin, on_record
from amends.store import failed_items
from amends.store.models import User


def try_again(brand_id: int, by: User | None, now: datetime) -> int:
    """Put the brand's failed items back among those that wait, on record; how many there were.

    `by` is an admin of the brand, or nobody for whoever has the machine.
    """
    with transaction.atomic():
        if by is not None:
            as_admin(brand_id, by)
        count = failed_items.put_back(brand_id)
        if count:
            on_record(brand_id, by, "failed items tried again", {"items": count}, now)
    if count:
        wake.take()
    return count
