"""Brands, the people who work for them, and what lets people and systems in."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models

from amends.core.values import Role

ROLES = [(role.value, role.value.capitalize()) for role in Role]


class Brand(models.Model):
    """One firm or label; nobody sees anything of a brand without a membership in it."""

    name = models.CharField(max_length=120, unique=True)
    slug = models.SlugField(max_length=80, unique=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class PolicyVersion(models.Model):
    """One version of a brand's policy; the highest version holds, older ones are kept for the record."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="policies")
    version = models.PositiveIntegerField()
    document = models.JSONField()
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("store.User", models.SET_NULL, null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["brand", "version"], name="policy_version_once"),
        ]


class UserManager(DjangoUserManager["User"]):
    """Makes users who sign in by e-mail address."""

    def create_user(  # type: ignore[override]
        self, email: str, password: str | None = None, **fields: object
    ) -> User:
        """A user with a usable password, or none when `password` is None."""
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractUser):
    """A person who signs in; `is_staff` marks who runs the installation and may make brands."""

    username = None  # type: ignore[assignment]
    first_name = None  # type: ignore[assignment]
    last_name = None  # type: ignore[assignment]
    email = models.EmailField(unique=True)
    name = models.CharField(max_length=120)
    time_zone = models.CharField(max_length=64, blank=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]
    objects = UserManager()  # type: ignore[misc]

    def __str__(self) -> str:
        return self.name or self.email


class Membership(models.Model):
    """What a person may do in a brand, and what the desk goes by when it gives cases to people.

    `case_limit` is how many open cases they are given at most (None: as the policy says), `away_since` what
    they say themselves.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    brand = models.ForeignKey(Brand, models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=12, choices=ROLES)
    alerts_by_mail = models.BooleanField(db_default=False)
    languages = models.JSONField(default=list, db_default=[])
    skills = models.JSONField(default=list, db_default=[])
    case_limit = models.PositiveIntegerField(null=True)
    away_since = models.DateTimeField(null=True)
    last_given_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "brand"], name="membership_once")]


class Invitation(models.Model):
    """An open door for one person into one brand; only the hash of its secret is kept."""

    brand = models.ForeignKey(Brand, models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=12, choices=ROLES)
    secret_hash = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    accepted_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)


class ApiToken(models.Model):
    """What lets a system in as a person, within brands and scopes; only the hash of the secret is kept."""

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens")
    brand = models.ForeignKey(Brand, models.CASCADE, related_name="tokens")
    name = models.CharField(max_length=120)
    prefix = models.CharField(max_length=12)
    secret_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)
