"""Accounts of ours, authors, conversations, and posts with what the desk read in them."""

from __future__ import annotations

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector, SearchVectorField
from django.db import models
from django.db.models.functions import Left, Upper

from amends.core.values import Direction, Kind, Severity, Standing, Visibility
from amends.store.models.people import Brand

NAME = 200
SEARCHED = 100_000  # characters; PostgreSQL refuses a search vector of 1 MB
KEY = 500


class NetworkApp(models.Model):
    """The desk as one server of a network knows it, for one address that people are sent back to.

    Never changed but for `retired_at`, once the server has forgotten it: then another takes its place.
    """

    channel = models.CharField(max_length=40)
    base_url = models.CharField(max_length=KEY)
    redirect = models.CharField(max_length=KEY)
    client_id = models.CharField(max_length=KEY)
    client_secret = models.BinaryField()
    scopes = models.CharField(max_length=KEY, blank=True)
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "base_url", "redirect"],
                condition=models.Q(retired_at__isnull=True),
                name="network_app_once",
            ),
        ]


class Account(models.Model):
    """One account of ours on a channel; its token is sealed (see `store.sealed`).

    `app` is the one that the token was given to; none where a person pasted the token.
    """

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="accounts")
    channel = models.CharField(max_length=40)
    handle = models.CharField(max_length=NAME)
    remote_id = models.CharField(max_length=NAME, blank=True)
    base_url = models.CharField(max_length=500, blank=True)
    token = models.BinaryField(null=True)
    app = models.ForeignKey(NetworkApp, models.SET_NULL, null=True, related_name="accounts")
    settings = models.JSONField(default=dict)
    cursor = models.TextField(blank=True, default="")
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    polled_at = models.DateTimeField(null=True)
    last_event_at = models.DateTimeField(null=True)
    trouble = models.CharField(max_length=300, blank=True)
    retry_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand", "channel", "handle"], name="account_once"),
        ]


class Author(models.Model):
    """A person on a channel, as one brand meets them; `followers` as the network last said, if it does."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="+", db_index=False)
    channel = models.CharField(max_length=40)
    remote_id = models.CharField(max_length=KEY)
    handle = models.CharField(max_length=NAME, blank=True)
    name = models.CharField(max_length=NAME, blank=True)
    standing = models.CharField(
        max_length=10, choices=[(s.value, s.value) for s in Standing], db_default=Standing.ORDINARY.value
    )
    followers = models.PositiveIntegerField(null=True)
    person = models.BigIntegerField(null=True)
    """What all linked accounts of one person bear: the lowest of their ids; null for whoever has one."""

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand", "channel", "remote_id"], name="author_once"),
        ]
        indexes = [
            models.Index(fields=["person"], name="author_person", condition=models.Q(person__isnull=False)),
            models.Index(
                "brand", Upper("handle"), name="author_handle", condition=models.Q(handle__gt="")
            ),  # upper-cased as `iexact` asks
        ]


class Conversation(models.Model):
    """Posts that hang together; `key` is the network's own id (`c:`) or the topmost known post's (`p:`)."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="+", db_index=False)
    channel = models.CharField(max_length=40)
    key = models.CharField(max_length=KEY + 2)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand", "channel", "key"], name="conversation_once"),
        ]


class Post(models.Model):
    """One public or private message, one row whatever arrives twice, late or out of order.

    `posted_at` is the network's time as far as it can be believed (`core.times`), which all rules use;
    `claimed_at` is what the network said, null where that is the same. `received_at` is when the desk first
    had it and `seen_at` when a person first had its case on screen, both by our clock; `answered_at` is the
    network's time of the answer that ended its wait. `read_at` is null while no model has read it.
    `wants_answer` says whether the person waits because of it. When posts of its case were last merged or
    split by hand (`regrouped_at`), something had answered or settled it, or nothing (`unanswered_then`),
    whatever else stands in the case that it is in now. The words of a deleted post go to
    `PostVersion` at once, so that whoever reads `text` finds none. Foreign keys have no index of their own
    where another begins with them: each costs every post that comes in, and misleads the planner.
    """

    brand = models.ForeignKey(
        Brand, models.CASCADE, related_name="posts", db_index=False, db_constraint=False
    )  # the author's, which has the constraint: one look-up less for every post
    channel = models.CharField(max_length=40)
    remote_id = models.CharField(max_length=KEY)
    account = models.ForeignKey(Account, models.SET_NULL, null=True, related_name="+", db_index=False)
    author = models.ForeignKey(Author, models.CASCADE, related_name="posts", db_index=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="posts", db_index=False)
    case = models.ForeignKey("store.Case", models.SET_NULL, null=True, related_name="posts", db_index=False)
    direction = models.CharField(max_length=3, choices=[(d.value, d.value) for d in Direction])
    visibility = models.CharField(max_length=7, choices=[(v.value, v.value) for v in Visibility])
    text = models.TextField(blank=True)
    lang = models.CharField(max_length=12, blank=True)
    url = models.CharField(max_length=1000, blank=True)
    in_reply_to = models.CharField(max_length=KEY, blank=True)
    posted_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    clock_offset = models.DurationField()
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    erased_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    automatic = models.BooleanField(db_default=False)
    regrouped_at = models.DateTimeField(null=True)
    unanswered_then = models.BooleanField(db_default=False)

    read_at = models.DateTimeField(null=True)
    model = models.CharField(max_length=60, blank=True)
    complaint = models.FloatField(null=True)
    is_complaint = models.BooleanField(default=False)
    kind = models.CharField(max_length=10, choices=[(k.value, k.value) for k in Kind], blank=True)
    severity = models.CharField(
        max_length=8, choices=[(s.value, s.value) for s in Severity], default=Severity.NONE
    )
    labels = models.JSONField(default=dict)
    wants_answer = models.BooleanField(default=False)

    search = models.GeneratedField(
        expression=SearchVector(Left("text", SEARCHED), config="simple"),
        output_field=SearchVectorField(),
        db_persist=True,
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand", "channel", "remote_id"], name="post_once"),
        ]
        indexes = [
            models.Index(fields=["conversation", "posted_at"], name="post_conversation"),
            models.Index(
                fields=["case", "posted_at"], name="post_case", condition=models.Q(case__isnull=False)
            ),
            models.Index(fields=["author", "posted_at"], name="post_author"),
            models.Index(fields=["brand", "-posted_at"], name="post_newest"),
            models.Index(
                fields=["brand", "-posted_at"],
                name="post_answers",
                condition=models.Q(direction="out", automatic=False),
            ),
            # Of what is rare among all posts, since a walk through them would take long to find it.
            models.Index(
                fields=["brand", "kind", "-posted_at"],
                name="post_kind",
                condition=~models.Q(kind="") & ~models.Q(kind="chatter"),
            ),
            models.Index(
                fields=["brand", "severity", "-posted_at"],
                name="post_severity",
                condition=~models.Q(severity="none"),
            ),
            models.Index(fields=["id"], name="post_unread", condition=models.Q(read_at__isnull=True)),
            models.Index(
                fields=["deleted_at"],
                name="post_to_erase",
                condition=models.Q(deleted_at__isnull=False, erased_at__isnull=True),
            ),
            models.Index(
                fields=["brand", "channel", "in_reply_to"],
                name="post_parent",
                condition=~models.Q(in_reply_to=""),
            ),
            GinIndex(fields=["search"], name="post_search"),
        ]


class PostVersion(models.Model):
    """The words of a post before an edit or a deletion."""

    post = models.ForeignKey(Post, models.CASCADE, related_name="versions")
    version = models.PositiveIntegerField()
    text = models.TextField(blank=True)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["post", "version"], name="post_version_once")]
