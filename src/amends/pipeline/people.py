"""People and brands: the first admin, new brands, and who works for a brand in which role.

Every change is one transaction together with its line in the brand's chain (or the desk's). Whoever calls has
been through `store.access`; that an admin still is one is looked at again here, under the lock.
"""

from __future__ import annotations

from datetime import datetime

from django.db import connection, transaction

from amends.core import events
from amends.core.policy import Policy
from amends.core.values import CaseState, Role
from amends.pipeline import decide, invitations
from amends.pipeline import people_checks as checks
from amends.pipeline.people_checks import BadField, LastAdmin, NotForYou, PeopleError, SetUpAlready
from amends.pipeline.standing import as_admin, hold_brand, join, on_record
from amends.store import brands, live
from amends.store.models import ApiToken, Brand, Case, Membership, User

STILL_OPEN = (CaseState.OPEN, CaseState.SNOOZED)


def needs_first_admin() -> bool:
    """Whether nobody can sign in yet."""
    return not User.objects.exists()


def first_admin(
    *, email: str, name: str, password: str, brand: str, time_zone: str, now: datetime
) -> Membership:
    """The first person, who runs the installation, with a first brand; raises SetUpAlready ever after.

    They become admin of brands that an import has made before, too: nobody else could be.
    """
    address, called = checks.email_address(email), checks.one_line("name", name, "your name")
    zone, label = checks.time_zone(time_zone), _brand_name(brand)
    checks.good_password(password, address, called)
    with transaction.atomic():
        _alone("amends first admin")
        if not needs_first_admin():
            raise SetUpAlready("This desk has been set up already; nothing was changed. Sign in instead.")
        user = User.objects.create_user(
            address, password, name=called, time_zone=zone, is_staff=True, date_joined=now
        )
        on_record(None, user, "first admin made", {"person": user.pk, "email": address}, now)
        made = brands.get_or_create(label, now, policy=Policy(time_zone=zone or "UTC"), by=user)
        for there in Brand.objects.exclude(pk=made.pk).order_by("pk"):
            join(there.pk, user, Role.ADMIN, user, now)
        return join(made.pk, user, Role.ADMIN, user, now)


def make_brand(name: str, time_zone: str, by: User, now: datetime) -> Membership:
    """A new brand with its maker as admin; only for who runs the installation."""
    _only_staff(by)
    zone = checks.time_zone(time_zone) or "UTC"
    with transaction.atomic():
        cleaned = _free_name(name)
        made = brands.get_or_create(cleaned, now, policy=Policy(time_zone=zone), by=by)
        return join(made.pk, by, Role.ADMIN, by, now)


def adopt(brand_id: int, by: User, now: datetime) -> Membership:
    """Become admin of a brand that has none (an import made it); only for who runs the installation."""
    _only_staff(by)
    with transaction.atomic():
        hold_brand(brand_id)
        if Membership.objects.filter(brand_id=brand_id, role=Role.ADMIN).exists():
            raise NotForYou("This brand has an admin, who can invite you; nothing was changed.")
        mine = Membership.objects.filter(brand_id=brand_id, user=by).first()
        if mine is None:
            return join(brand_id, by, Role.ADMIN, by, now)
        _change_role(mine, Role.ADMIN, by, now)
        return mine


def rename(brand_id: int, name: str, by: User, now: datetime) -> Brand:
    """The brand under a new name; its address stays, so that no link breaks."""
    with transaction.atomic():
        _alone("amends brands")
        as_admin(brand_id, by)
        brand = Brand.objects.get(pk=brand_id)
        if _brand_name(name) != brand.name:
            old, brand.name = brand.name, _free_name(name, but=brand_id)
            brand.save(update_fields=["name"])
            on_record(brand_id, by, "brand renamed", {"from": old, "to": brand.name}, now)
        return brand


def set_role(membership: Membership, role: str, by: User, now: datetime) -> Membership:
    """Give somebody another role in a brand; never leaves it without an admin."""
    wanted = checks.role(role)
    with transaction.atomic():
        as_admin(membership.brand_id, by)
        held = _held(membership)
        if held.role != wanted:
            if wanted is not Role.ADMIN:
                _not_the_last_admin(held)
            _change_role(held, wanted, by, now)
        return held


def remove(membership: Membership, by: User, now: datetime) -> None:
    """Take somebody out of a brand: tokens and invitations end, open cases go back to the queue."""
    with transaction.atomic():
        if membership.user_id == by.pk:
            hold_brand(membership.brand_id)
        else:
            as_admin(membership.brand_id, by)
        held = _held(membership)
        _not_the_last_admin(held)
        tokens = ApiToken.objects.filter(brand_id=held.brand_id, user_id=held.user_id, revoked_at=None)
        body = {"person": held.user_id, "role": held.role, "tokens ended": tokens.update(revoked_at=now)}
        Membership.objects.filter(pk=held.pk).delete()
        invitations.withdraw_those_of(held.brand_id, held.user, by, now)
        _put_back_cases(held, by, now)
        live.tell_person(held.user_id)
        on_record(held.brand_id, by, "person removed", body, now)


def set_profile(user: User, name: str, time_zone: str) -> User:
    """What a person is called and the zone they read times in; their own to choose."""
    user.name = checks.one_line("name", name, "your name")
    user.time_zone = checks.time_zone(time_zone)
    user.save(update_fields=["name", "time_zone"])
    return user


def _put_back_cases(held: Membership, by: User, now: datetime) -> None:
    """Nobody waits for somebody who has left (P4)."""
    cases = Case.objects.filter(brand_id=held.brand_id, assignee_id=held.user_id, state__in=STILL_OPEN)
    for case_id in list(cases.order_by("pk").values_list("pk", flat=True)):
        decide.happen(case_id, events.Assigned(None), decide.person(by.pk), now)


def _change_role(held: Membership, role: Role, by: User, now: datetime) -> None:
    body = {"person": held.user_id, "from": held.role, "to": role}
    held.role = role
    held.save(update_fields=["role"])
    live.tell_person(held.user_id)
    on_record(held.brand_id, by, "role changed", body, now)


def _held(membership: Membership) -> Membership:
    found = Membership.objects.select_for_update(no_key=True).filter(pk=membership.pk).first()
    if found is None:
        raise PeopleError("That person has left the brand meanwhile; nothing was changed.")
    return found


def _not_the_last_admin(held: Membership) -> None:
    admins = Membership.objects.filter(brand_id=held.brand_id, role=Role.ADMIN, user__is_active=True)
    if held.role == Role.ADMIN and not admins.exclude(pk=held.pk).exists():
        raise LastAdmin(
            "This is the brand's last admin; nothing was changed. Make somebody else admin first."
        )


def _only_staff(by: User) -> None:
    if not User.objects.filter(pk=by.pk, is_staff=True, is_active=True).exists():
        raise NotForYou("Only who runs this installation can do that; nothing was changed.")


def _alone(what: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [what])


def _brand_name(name: str) -> str:
    try:
        return brands.clean_name(name)
    except brands.BadName as error:
        raise BadField("brand", str(error)) from None


def _free_name(name: str, *, but: int | None = None) -> str:
    """The name as it is kept, which no other brand has; nobody can take it until the transaction ends."""
    _alone("amends brands")
    cleaned = _brand_name(name)
    taken = brands.like(cleaned, but=but)
    if taken is not None:
        how = "" if taken.name == cleaned else f", written “{taken.name}”"
        raise BadField("brand", f"There is a brand of this name{how}; choose another one.")
    return cleaned
