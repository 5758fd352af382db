"""The case as a row; `store.cases` maps it to the frozen value the rules work on."""

from __future__ import annotations

from django.db import models

from amends.core.values import CaseState, Kind, Resolution, Severity, Standing
from amends.store.models.people import Brand, User
from amends.store.models.posts import Author, Conversation


class Case(models.Model):
    """One grievance, question or request of one person. See `core.case.Case` for the meaning of each time."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="cases", db_index=False)
    channel = models.CharField(max_length=40)
    author = models.ForeignKey(Author, models.CASCADE, related_name="cases", db_index=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="cases", db_index=False)
    assignee = models.ForeignKey(User, models.SET_NULL, null=True, related_name="cases")
    state = models.CharField(max_length=8, choices=[(s.value, s.value) for s in CaseState])
    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in Kind])
    severity = models.CharField(max_length=8, choices=[(s.value, s.value) for s in Severity])
    graded_by_person = models.BooleanField(default=False)
    lang = models.CharField(max_length=12, blank=True)
    standing = models.CharField(
        max_length=10, choices=[(s.value, s.value) for s in Standing], default=Standing.ORDINARY
    )
    abusive = models.BooleanField(default=False)
    harm = models.SmallIntegerField(default=0)
    reasons = models.JSONField(default=list)
    lead = models.ForeignKey("store.Post", models.SET_NULL, null=True, related_name="+")
    opened_at = models.DateTimeField()
    last_post_at = models.DateTimeField()
    listed_at = models.DateTimeField()
    waiting_since = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True)
    promised_at = models.DateTimeField(null=True)
    promised_until = models.DateTimeField(null=True)
    held_at = models.DateTimeField(null=True)
    climbed_since = models.DateTimeField(null=True)
    climbed_percent = models.SmallIntegerField(null=True)
    climbed_at = models.DateTimeField(null=True)
    resolution_due_at = models.DateTimeField(null=True)
    customer_since = models.DateTimeField(null=True)
    hands_over = models.BooleanField(default=False)
    pauses = models.JSONField(default=list)
    first_answer_at = models.DateTimeField(null=True)
    settled_until = models.DateTimeField(null=True)
    settled_at = models.DateTimeField(null=True)
    clock_offset = models.DurationField()
    band = models.SmallIntegerField()
    sort_at = models.DateTimeField()
    look_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    resolution = models.CharField(max_length=20, choices=[(r.value, r.value) for r in Resolution], blank=True)
    resolved_at = models.DateTimeField(null=True)
    merged_into = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="absorbed", db_index=False
    )
    sends_open = models.PositiveIntegerField(default=0)
    on_hold = models.BooleanField(default=False)
    posts_in = models.PositiveIntegerField(default=0)
    policy_version = models.PositiveIntegerField()
    history_count = models.PositiveIntegerField(default=0)
    history_head = models.BinaryField(default=b"")

    class Meta:
        indexes = [
            models.Index(
                fields=["brand", "policy_version"], name="case_policy", condition=models.Q(state="open")
            ),
            models.Index(
                fields=["brand", "-band", "sort_at", "id"],
                name="case_inbox",
                condition=models.Q(state="open"),
            ),
            models.Index(
                fields=["brand", "assignee", "-band", "sort_at", "id"],
                name="case_mine",
                condition=models.Q(state="open"),
            ),
            models.Index(
                fields=["brand", "severity", "-band", "sort_at", "id"],
                name="case_severity",
                condition=models.Q(state="open"),
            ),
            models.Index(fields=["brand", "-last_post_at", "id"], name="case_newest"),
            models.Index(fields=["author", "-last_post_at"], name="case_author"),
            models.Index(fields=["conversation"], name="case_conversation"),
            models.Index(
                fields=["merged_into"], name="case_merged", condition=models.Q(merged_into__isnull=False)
            ),
            models.Index(
                fields=["look_at"],
                name="case_look",
                condition=~models.Q(state="resolved") & models.Q(look_at__isnull=False),
            ),
            models.Index(fields=["snoozed_until"], name="case_snoozed", condition=models.Q(state="snoozed")),
            models.Index(
                fields=["brand", "-resolved_at", "id"],
                name="case_resolved",
                condition=models.Q(state="resolved"),
            ),
        ]
