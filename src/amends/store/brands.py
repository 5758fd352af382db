"""Brands: making one, with everything that must stand from its first moment."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from django.db import connection, transaction
from django.utils.text import slugify

from amends.core.policy import Policy
from amends.store import history, policies
from amends.store.models import Brand, User
from amends.store.plain import plain

_NAME_MAX = 120


class BadName(ValueError):
    """The name cannot be a brand's; the message says why."""


def clean_name(name: str) -> str:
    """The name as it is kept; raises BadName when it cannot be one."""
    cleaned = " ".join("".join(c if c.isprintable() else " " for c in plain(name)).split())
    if not cleaned:
        raise BadName("A brand needs a name.")
    if len(cleaned) > _NAME_MAX:
        raise BadName(f"A brand's name has at most {_NAME_MAX} characters.")
    return cleaned


def key(name: str) -> str:
    """What two names have in common that a person would take for one: letter case, width and blanks aside."""
    return "".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold()).split())


def like(name: str, *, but: int | None = None) -> Brand | None:
    """The brand of that name (another than `but`), however it is written; the one written just so first."""
    others = Brand.objects.exclude(pk=but) if but else Brand.objects.all()
    found = others.filter(name=name).first()
    if found:
        return found
    wanted = key(name)
    names = others.order_by("pk").values_list("pk", "name")
    same = next((pk for pk, called in names if key(called) == wanted), None)
    return Brand.objects.get(pk=same) if same else None


def get_or_create(name: str, now: datetime, *, policy: Policy | None = None, by: User | None = None) -> Brand:
    """The brand of that name (as `like` finds it), made with its first policy when missing; safe when two do
    it at once."""
    cleaned = clean_name(name)
    found = like(cleaned)
    if found:
        return found
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('amends brands'))")
        found = like(cleaned)
        if found:
            return found
        brand = Brand.objects.create(name=cleaned, slug=_free_slug(cleaned), created_at=now)
        actor = history.person(by.pk) if by else history.SYSTEM
        history.record(brand.pk, [history.Line(now, actor, "brand made", 0, {"name": cleaned})])
        policies.publish(brand.pk, policy or Policy(), by, now)
        return brand


def _free_slug(name: str) -> str:
    base = slugify(name)[:70] or "brand"
    taken = set(Brand.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    slug, number = base, 2
    while slug in taken:
        slug, number = f"{base}-{number}", number + 1
    return slug
