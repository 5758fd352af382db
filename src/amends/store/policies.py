"""A brand's policy: the version that holds, and new versions."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from django.db import connection
from pydantic import ValidationError

from amends.core.policy import Policy
from amends.store import history
from amends.store.models import PolicyVersion, User


class BadPolicy(RuntimeError):
    """A stored policy that this version of the desk cannot read: a fault of the desk, not of any post."""


def current(brand_id: int) -> tuple[int, Policy]:
    """The version number and the rules that hold for a brand now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT version FROM store_policyversion WHERE brand_id = %s ORDER BY version DESC LIMIT 1",
            [brand_id],
        )
        row = cursor.fetchone()
    if row is None:
        raise BadPolicy(f"Brand {brand_id} has no policy. Publish one.")
    return row[0], of_version(brand_id, row[0])


@lru_cache(maxsize=256)
def of_version(brand_id: int, version: int) -> Policy:
    """The rules of one version; versions never change, so they are kept in memory."""
    document = PolicyVersion.objects.get(brand_id=brand_id, version=version).document
    try:
        return Policy.model_validate(document)
    except ValidationError as error:
        raise BadPolicy(
            f"Version {version} of the policy of brand {brand_id} cannot be read by this version of Amends "
            f"({error.error_count()} faults). Nothing was lost; publish the policy anew."
        ) from error


def publish(brand_id: int, policy: Policy, by: User | None, now: datetime) -> int:
    """Make `policy` the one that holds from now on; in a transaction. Returns its version."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM store_brand WHERE id = %s FOR NO KEY UPDATE", [brand_id])
    last = PolicyVersion.objects.filter(brand_id=brand_id).order_by("-version").first()
    version = 1 if last is None else last.version + 1
    document = policy.model_dump(mode="json")
    PolicyVersion.objects.create(
        brand_id=brand_id, version=version, document=document, created_at=now, created_by=by
    )
    actor = history.person(by.pk) if by else history.SYSTEM
    body = {"version": version, "document": document}
    line = history.Line(now, actor, "policy published", version, body, by.pk if by else None)
    history.record(brand_id, [line])
    return version
