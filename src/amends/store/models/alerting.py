"""How alerts leave the desk: where to, one row a delivery, and what is wrong with a way that fails."""

from __future__ import annotations

from django.db import models

from amends.core.values import SendState
from amends.store.models.alerts import Alert
from amends.store.models.outbox import STATES
from amends.store.models.people import Brand, User

WAYS = [("mail", "mail"), ("webhook", "webhook")]


class AlertHook(models.Model):
    """An address of another system that a brand's alerts are posted to.

    The address is sealed like the secret, since many hold a key of their own; `host` may be shown.
    """

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="alert_hooks")
    host = models.CharField(max_length=300)
    address = models.BinaryField()
    secret = models.BinaryField()
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", db_index=False)
    ended_at = models.DateTimeField(null=True)


class Delivery(models.Model):
    """One alert on one way to one place, in the states of a send; without an alert it is a trial.

    `key` is the delivery's own and stays the same when it is repeated, so that a receiver can drop what it
    has. From `handed_at` on a mail server may have the text of a mail.
    """

    key = models.UUIDField(unique=True)
    brand = models.ForeignKey(Brand, models.CASCADE, related_name="+", db_index=False)
    alert = models.ForeignKey(Alert, models.CASCADE, null=True, related_name="deliveries", db_index=False)
    way = models.CharField(max_length=8, choices=WAYS)
    person = models.ForeignKey(User, models.CASCADE, null=True, related_name="+", db_index=False)
    hook = models.ForeignKey(AlertHook, models.CASCADE, null=True, related_name="+", db_index=False)
    planned_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=STATES, db_default=SendState.PLANNED)
    not_before = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    handed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(db_default=0)
    settled_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=500, blank=True, db_default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alert", "person"], name="delivery_to_person_once"),
            models.UniqueConstraint(fields=["alert", "hook"], name="delivery_to_hook_once"),
        ]
        indexes = [
            models.Index(
                fields=["way", "not_before"],
                name="delivery_due",
                condition=models.Q(state__in=["planned", "sending"]),
            ),
            models.Index(fields=["brand", "-planned_at"], name="delivery_newest"),
            models.Index(
                fields=["person", "brand", "-settled_at"],
                name="delivery_mailed",
                condition=models.Q(way="mail", state="sent"),
            ),
        ]


class AlertTrouble(models.Model):
    """A way that fails, since when and why, until it works again; `alert` is what supervisors were told.

    `way` is `mail` for the brand's mail as a whole, `mail:ID` for one person's address, `hook:ID` for one
    webhook. Nothing is tried by it before `retry_at`.
    """

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="+", db_index=False)
    way = models.CharField(max_length=40)
    since = models.DateTimeField()
    tries = models.PositiveIntegerField()
    why = models.CharField(max_length=500)
    retry_at = models.DateTimeField()
    alert = models.ForeignKey(Alert, models.SET_NULL, null=True, related_name="+", db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["brand", "way"], name="trouble_once")]
