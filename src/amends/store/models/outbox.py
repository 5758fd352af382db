"""What is to leave the desk: one row a send, written with the change and acted on after the commit."""

from __future__ import annotations

from django.db import models

from amends.core.values import SendState, Visibility
from amends.store.models.cases import Case
from amends.store.models.people import Brand, User
from amends.store.models.posts import Account, Post

STATES = [(state.value, state.value) for state in SendState]


class Send(models.Model):
    """One answer on its way to a network: planned, sending, then sent, refused or unknown.

    Never sent twice: whoever finds it `sending` for too long makes it `unknown`, and `unknown` is looked
    up on the network before anything else. `looks` counts the look-ups.
    """

    key = models.UUIDField(unique=True)
    brand = models.ForeignKey(Brand, models.CASCADE, related_name="+")
    account = models.ForeignKey(Account, models.PROTECT, related_name="+")
    case = models.ForeignKey(Case, models.CASCADE, related_name="sends")
    to_post = models.ForeignKey(Post, models.CASCADE, related_name="+")
    text = models.TextField()
    visibility = models.CharField(max_length=7, choices=[(v.value, v.value) for v in Visibility])
    automatic = models.BooleanField(default=False)
    written_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    written_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=STATES, default=SendState.PLANNED)
    not_before = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    looks = models.PositiveSmallIntegerField(default=0)
    settled_at = models.DateTimeField(null=True)
    remote_id = models.CharField(max_length=500, blank=True)
    why = models.CharField(max_length=500, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["not_before"],
                name="send_due",
                condition=models.Q(state__in=["planned", "sending", "unknown"]),
            ),
            models.Index(fields=["case"], name="send_case"),
            models.Index(fields=["brand", "state"], name="send_counts"),
        ]


class Mail(models.Model):
    """One e-mail of the desk itself (an invitation) on its way, in the same states as a send.

    The text is sealed, since it may hold a link that lets somebody in, and is dropped once sent.
    """

    key = models.UUIDField(unique=True)
    brand = models.ForeignKey(Brand, models.CASCADE, null=True, related_name="+")
    to = models.EmailField()
    subject = models.CharField(max_length=200)
    body = models.BinaryField(null=True)
    written_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=STATES, default=SendState.PLANNED)
    not_before = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    settled_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=500, blank=True)
