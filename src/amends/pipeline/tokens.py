"""API tokens: what lets a system in for a person, in one brand and within scopes.

Only the hash of a token's secret is kept. A token never gives more than its person's role in the brand does
at that moment, and it ends with the membership.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from amends.core.scopes import Scope, within
from amends.core.values import Role
from amends.pipeline import people_checks as checks
from amends.pipeline.people_checks import BadField
from amends.pipeline.standing import as_admin, on_record, role_in
from amends.store import live
from amends.store.models import ApiToken, Brand, User
from amends.store.plain import plain
from amends.store.sealed import secret_hash

MARK = "am_"
BYTES = 32
SHOWN = 9
"""Characters of a secret that are kept and shown, to tell tokens apart."""
LONGEST_LIFE = timedelta(days=3660)
USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Key:
    """What a token opens at this moment: one brand, as one person, within these scopes."""

    token_id: int
    user: User
    brand: Brand
    role: Role
    scopes: frozenset[Scope]


def make_token(
    user: User, brand_id: int, name: str, scopes: Iterable[str], expires: datetime | None, now: datetime
) -> tuple[ApiToken, str]:
    """A token for the person's own systems, and its secret, which is shown once and not kept."""
    called, chosen = checks.one_line("name", name, "the token a name"), checks.scopes(scopes)
    if expires is not None and not now < expires <= now + LONGEST_LIFE:
        raise BadField("expires", "Choose a day from tomorrow on and within ten years, or none.")
    secret = MARK + secrets.token_urlsafe(BYTES)
    with transaction.atomic():
        _within_role(role_in(brand_id, user), chosen)
        token = ApiToken.objects.create(
            user=user,
            brand_id=brand_id,
            name=called,
            prefix=secret[:SHOWN],
            secret_hash=secret_hash(secret),
            scopes=sorted(chosen),
            created_at=now,
            expires_at=expires,
        )
        body = {"token": token.pk, "name": called, "scopes": sorted(chosen), "expires": expires}
        on_record(brand_id, user, "token made", body, now)
    return token, secret


def revoke(token: ApiToken, by: User, now: datetime) -> None:
    """End a token for good: one's own, or as an admin anybody's in the brand; twice is once."""
    with transaction.atomic():
        if token.user_id != by.pk:
            as_admin(token.brand_id, by)
        if ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now):
            live.tell_person(token.user_id)
            on_record(token.brand_id, by, "token revoked", {"token": token.pk, "name": token.name}, now)


def find_token(secret: str, now: datetime) -> Key | None:
    """What a secret opens now, or None. Whatever is presented, the work is one hash and one look-up."""
    found = (
        ApiToken.objects.filter(
            Q(expires_at=None) | Q(expires_at__gt=now),
            secret_hash=secret_hash(plain(secret)),
            revoked_at=None,
            user__is_active=True,
            user__memberships__brand=F("brand"),
        )
        .annotate(role=F("user__memberships__role"))
        .select_related("user", "brand")
        .first()
    )
    if found is None:
        return None
    _note_use(found, now)
    role = Role(found.role)
    known = {Scope(name) for name in found.scopes if name in set(Scope)}
    return Key(found.pk, found.user, found.brand, role, within(role, known))


def _note_use(token: ApiToken, now: datetime) -> None:
    if token.last_used_at is None or token.last_used_at <= now - USE_NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def _within_role(role: Role, chosen: frozenset[Scope]) -> None:
    if beyond := chosen - within(role, chosen):
        raise BadField(
            "scopes",
            f"A token gives no more than your role ({role}) does, so leave out: {', '.join(sorted(beyond))}.",
        )
