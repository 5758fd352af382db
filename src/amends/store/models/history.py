"""The append-only, hash-chained record. `store.history` is the only writer."""

from __future__ import annotations

import pgtrigger
from django.db import models

from amends.store.models.cases import Case
from amends.store.models.people import Brand, User


class Chain(models.Model):
    """The head of the chain of what has no case: one per brand, and one (no brand) for the installation."""

    brand = models.OneToOneField(Brand, models.CASCADE, null=True)
    history_count = models.PositiveIntegerField(default=0)
    history_head = models.BinaryField(default=b"")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand"], nulls_distinct=False, name="chain_once"),
        ]


class HistoryEntry(models.Model):
    """Who did what, when, under which policy; never the content, only a commitment to it.

    `actor` is `person:ID`, `system` or `network`; `chain` is `case:ID`, `brand:ID` or `desk`.
    """

    chain = models.CharField(max_length=30)
    position = models.PositiveIntegerField()
    at = models.DateTimeField()
    actor = models.CharField(max_length=30)
    action = models.CharField(max_length=40)
    policy_version = models.PositiveIntegerField()
    commitment = models.BinaryField()
    hash = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["chain", "position"], name="history_position_once"),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]


class HistoryContent(models.Model):
    """The content behind an entry's commitment, with its salt; erasing both leaves the chain whole."""

    entry = models.OneToOneField(HistoryEntry, models.DO_NOTHING, primary_key=True, related_name="content")
    case = models.ForeignKey(Case, models.DO_NOTHING, null=True, related_name="history", db_index=False)
    brand = models.ForeignKey(Brand, models.DO_NOTHING, null=True, related_name="+")
    person = models.ForeignKey(User, models.DO_NOTHING, null=True, related_name="+", db_index=False)
    salt = models.BinaryField()
    body = models.JSONField()

    class Meta:
        triggers = [pgtrigger.Protect(name="no_rewrite", operation=pgtrigger.Update)]
        indexes = [
            models.Index(fields=["case", "entry"], name="history_case"),
            models.Index(
                fields=["person", "entry"],
                name="history_person",
                condition=models.Q(person__isnull=False),
            ),
        ]
