"""Who is at a case at this moment, and who is at work at all."""

from __future__ import annotations

from django.db import models

from amends.core.values import Doing
from amends.store.models.people import User


class Presence(models.Model):
    """One place (a window, or a token) where somebody has a case before them.

    The table is UNLOGGED: it is written often, belongs to the minute, and may be empty after a crash. So it
    refers to others by number only.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="+", db_constraint=False, db_index=False)
    place = models.CharField(max_length=40)
    brand_id = models.BigIntegerField()
    case_id = models.BigIntegerField()
    doing = models.CharField(max_length=10, choices=[(d.value, d.value) for d in Doing])
    stream = models.CharField(max_length=32, blank=True)
    """The event stream of the same window; when that ends, they have left."""
    since = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "place"], name="presence_once")]
        indexes = [
            models.Index(fields=["case_id"], name="presence_case"),
            models.Index(fields=["stream"], name="presence_stream"),
        ]


class AtWork(models.Model):
    """When the desk last had a sign of somebody: a page they asked for, or an open line of one.

    It is kept, since what somebody left behind goes back so long after it.
    """

    user = models.OneToOneField(User, models.CASCADE, primary_key=True, related_name="at_work")
    seen_at = models.DateTimeField()
