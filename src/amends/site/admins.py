"""Making somebody who runs the desk from the terminal: whoever has the machine has the desk anyway."""

from __future__ import annotations

from django.db import IntegrityError, transaction

from amends import clock
from amends.core.values import Role
from amends.pipeline import people, people_checks
from amends.pipeline.standing import hold_brand, join, on_record
from amends.store import brands
from amends.store.models import User


def add(email: str, name: str, password: str, brand: str, time_zone: str) -> User:
    """Somebody who runs the desk and is admin of the brand, on record; PeopleError, and nothing is kept."""
    now = clock.now()
    if people.needs_first_admin():
        made = people.first_admin(
            email=email, name=name, password=password, brand=brand, time_zone=time_zone, now=now
        )
        return made.user
    address = people_checks.email_address(email)
    called = people_checks.one_line("name", name, "a name")
    zone = people_checks.time_zone(time_zone)
    people_checks.good_password(password, address, called)
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                address, password, name=called, time_zone=zone, is_staff=True, date_joined=now
            )
            on_record(None, None, "admin made", {"person": user.pk, "email": address}, now)
            found = brands.get_or_create(brand, now)
            hold_brand(found.pk)
            join(found.pk, user, Role.ADMIN, None, now)
    except IntegrityError:
        raise people_checks.BadField("email", "Somebody signs in with this address already.") from None
    except brands.BadName as error:
        raise people_checks.BadField("brand", str(error)) from None
    return user
