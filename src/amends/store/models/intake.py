"""What came in, kept as it came, each with its outcome."""

from __future__ import annotations

from django.db import models

from amends.store.models.people import Brand
from amends.store.models.posts import KEY, Account

KEPT, IGNORED, FAILED = "kept", "ignored", "failed"


class ImportRun(models.Model):
    """The last import of one content into one brand, with what became of its lines.

    `digest` and `size` are the content's, so that importing it again counts nothing twice; `brand_name` is
    empty for lines that named no brand.
    """

    brand_name = models.CharField(max_length=120, blank=True)
    source = models.CharField(max_length=500)
    digest = models.CharField(max_length=64, default="")
    size = models.PositiveBigIntegerField(default=0)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    as_of = models.DateTimeField(null=True)
    lines = models.PositiveBigIntegerField(default=0)
    received = models.PositiveBigIntegerField(default=0)
    repeated = models.PositiveBigIntegerField(default=0)
    rejected = models.PositiveBigIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["digest"], name="import_content"),
            models.Index(fields=["source"], name="import_source"),
        ]


class Raw(models.Model):
    """One received item as it came (`payload`), kept once per content.

    While a `Waiting` row stands beside it, it is yet to be taken in; after that `state` is its outcome:
    `kept`, or `ignored` or `failed` with the reason. Only what failed keeps its `fields` here.
    """

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="+", db_index=False)
    account = models.ForeignKey(Account, models.SET_NULL, null=True, related_name="+", db_index=False)
    channel = models.CharField(max_length=40)
    remote_id = models.CharField(max_length=KEY)
    fingerprint = models.BinaryField()
    source = models.CharField(max_length=12)
    payload = models.BinaryField()
    fields = models.JSONField(null=True)
    received_at = models.DateTimeField()
    clock_offset = models.DurationField()
    state = models.CharField(max_length=8, default=KEPT)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand", "channel", "remote_id", "fingerprint"], name="raw_once"),
        ]
        indexes = [
            models.Index(fields=["brand", "id"], name="raw_failed", condition=models.Q(state="failed")),
        ]


class Waiting(models.Model):
    """A received item that is yet to be taken in, with what its source read in it (`pipeline.receive.Item`
    as JSON). A row of its own, so that taking in writes no large row twice."""

    raw = models.OneToOneField(Raw, models.CASCADE, primary_key=True, related_name="+")
    brand = models.ForeignKey(
        Brand, models.CASCADE, related_name="+", db_index=False, db_constraint=False
    )  # the raw row's, which has the constraint
    fields = models.TextField()

    class Meta:
        indexes = [models.Index(fields=["brand", "raw"], name="waiting_of_brand")]
