"""What connecting by signing in on an account's server needs: sign-ins under way, tokens to be revoked."""

from __future__ import annotations

from django.db import models

from amends.store.models.people import Brand, User
from amends.store.models.posts import KEY, NAME, Account, NetworkApp


class SignIn(models.Model):
    """One way to a server's consent page and back, for one person in one browser; it holds once, not long.

    Only the hash of its `state` is kept; the code verifier is sealed. `session_hash` is empty where a program
    began it. `account` is the one to get a new token; `handle` what the person said the account is called.
    """

    app = models.ForeignKey(NetworkApp, models.CASCADE, related_name="sign_ins")
    brand = models.ForeignKey(Brand, models.CASCADE, related_name="+")
    person = models.ForeignKey(User, models.CASCADE, related_name="+")
    account = models.ForeignKey(Account, models.CASCADE, null=True, related_name="+")
    state_hash = models.CharField(max_length=64, unique=True)
    session_hash = models.CharField(max_length=64, blank=True)
    verifier = models.BinaryField(null=True)
    issuer = models.CharField(max_length=KEY, blank=True)
    issuer_told = models.BooleanField(default=False)
    """Whether the server promised to say who it is when it sends the person back."""
    scopes = models.CharField(max_length=KEY, blank=True)
    handle = models.CharField(max_length=NAME, blank=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)


class Revocation(models.Model):
    """A token that the desk uses no more and that its server is yet to be told of; gone once it was told."""

    app = models.ForeignKey(NetworkApp, models.CASCADE, related_name="+")
    token = models.BinaryField()
    asked_at = models.DateTimeField()
    not_before = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
