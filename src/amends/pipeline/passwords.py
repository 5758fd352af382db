"""A new password for somebody who lost theirs, set by whoever has the machine."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction

from amends.pipeline import people_checks as checks
from amends.pipeline.people_checks import BadField
from amends.pipeline.standing import on_record
from amends.store.models import User


def set_password(email: str, password: str, now: datetime) -> int:
    """Give the person of that address another password, on record; how many of their sessions it ended.

    PeopleError, and nothing is changed, where nobody has the address or the password is weak.
    """
    address = checks.email_address(email)
    with transaction.atomic():
        person = User.objects.select_for_update(no_key=True).filter(email=address).first()
        if person is None:
            raise BadField("email", f"Nobody signs in as {address}.")
        person.set_password(checks.good_password(password, address, person.name))
        person.save(update_fields=["password"])
        ended = _end_sessions(person, now)
        on_record(None, None, "password set", {"person": person.pk, "sessions ended": ended}, now)
    return ended


def _end_sessions(person: User, now: datetime) -> int:
    """The password's change has made them worthless already; gone they also say so to whoever looks."""
    living = Session.objects.filter(expire_date__gt=now)
    theirs = [each.pk for each in living.iterator() if each.get_decoded().get(SESSION_KEY) == str(person.pk)]
    return Session.objects.filter(pk__in=theirs).delete()[0]
