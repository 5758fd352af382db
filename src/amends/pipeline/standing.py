"""Where somebody stands in a brand at this moment, held until the transaction ends; and lines on record."""

from __future__ import annotations

from datetime import datetime

from amends.core.values import Role
from amends.pipeline.people_checks import NotForYou
from amends.store import history, policies
from amends.store.models import Brand, Membership, User


def hold_brand(brand_id: int) -> None:
    """Wait until this transaction alone changes who works for the brand and what is set in it."""
    Brand.objects.select_for_update(no_key=True).get(pk=brand_id)


def role_in(brand_id: int, user: User) -> Role:
    """The person's role, held until the transaction ends; raises NotForYou when there is none."""
    found = (
        Membership.objects.select_for_update(no_key=True, of=("self",))
        .filter(brand_id=brand_id, user=user, user__is_active=True)
        .first()
    )
    if found is None:
        raise NotForYou("You do not work for this brand any more; nothing was changed.")
    return Role(found.role)


def as_admin(brand_id: int, by: User) -> None:
    """Hold the brand, and go on only if the person is an admin of it at this moment."""
    hold_brand(brand_id)
    if role_in(brand_id, by) is not Role.ADMIN:
        raise NotForYou("This needs the role admin in this brand; nothing was changed.")


def on_record(brand_id: int | None, by: User | None, action: str, body: history.Body, now: datetime) -> None:
    """One line in the chain of the brand, or (None) of the desk; in the caller's transaction."""
    version = 0 if brand_id is None else policies.current(brand_id)[0]
    actor = history.SYSTEM if by is None else history.person(by.pk)
    line = history.Line(now, actor, action, version, body, None if by is None else by.pk)
    history.record(brand_id, [line])


def join(brand_id: int, user: User, role: Role, by: User | None, now: datetime) -> Membership:
    """Make somebody work for a brand, on record; in the caller's transaction, which holds the brand."""
    made = Membership.objects.create(brand_id=brand_id, user=user, role=role)
    on_record(brand_id, by, "person joined", {"person": user.pk, "role": role}, now)
    return made
