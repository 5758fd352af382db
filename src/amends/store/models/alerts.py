"""What people are told because an answer is late, and what they are to know of themselves for that."""

from __future__ import annotations

from django.db import models

from amends.core.escalation import Does
from amends.store.models.cases import Case
from amends.store.models.people import Brand, User


class Alert(models.Model):
    """One thing that somebody must hear of, once for its cause.

    `to` is whom it tells: one person, or everybody of the role `role`. It stands until somebody of them has
    `seen_at` it, or until its case asks for it no more (`over_at`). One without a case says that a `way` of
    alerts fails, and `why`; it is over when something gets through again.
    """

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="alerts", db_index=False)
    case = models.ForeignKey(Case, models.CASCADE, null=True, related_name="alerts")
    cause = models.CharField(max_length=200, unique=True)
    does = models.CharField(max_length=10, choices=[(does.value, does.value) for does in Does])
    to = models.ForeignKey(User, models.CASCADE, null=True, related_name="+", db_index=False)
    role = models.CharField(max_length=12, blank=True)
    at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)
    seen_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    over_at = models.DateTimeField(null=True)
    way = models.CharField(max_length=40, blank=True, db_default="")
    why = models.CharField(max_length=500, blank=True, db_default="")

    class Meta:
        indexes = [
            models.Index(
                fields=["brand", "-at"],
                name="alert_stands",
                condition=models.Q(seen_at__isnull=True, over_at__isnull=True),
            ),
        ]
