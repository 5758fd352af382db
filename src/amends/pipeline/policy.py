"""The policy of a brand, changed by an admin: always a new version, never over somebody else's head."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from amends.core.case import NotPossible
from amends.core.policy import Policy
from amends.pipeline.standing import as_admin
from amends.store import policies
from amends.store.models import User


def publish(brand_id: int, policy: Policy, by: User, now: datetime, based_on: int | None = None) -> int:
    """Make the policy the one that holds from now on; returns its version.

    `based_on` is the version that the change was made from: raises NotPossible when another holds by now.
    """
    with transaction.atomic():
        as_admin(brand_id, by)
        held, _ = policies.current(brand_id)
        if based_on is not None and based_on != held:
            raise NotPossible(
                f"Somebody published version {held} since you began from version {based_on}. Nothing was "
                "changed; read the policy that holds now and make your change in it."
            )
        return policies.publish(brand_id, policy, by, now)
