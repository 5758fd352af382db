"""What people may be called and may choose, and every way in which a change of people can be refused.

* PeopleError (a core.case.NotPossible)  the text says what happened, what was kept and what to do next
  + BadField          one field of what was asked is no good; `field` names it
  + SetUpAlready      the desk has its first admin
  + NotForYou         the person does not (or no longer) have the role for it
  + LastAdmin         a brand would be left without an admin
  + InvitationGone    the invitation is used, withdrawn, expired, or never was
  + SignInFirst       the invited person has an account: they join by signing in
"""

from __future__ import annotations

from collections.abc import Iterable
from zoneinfo import available_timezones

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from amends.core.case import NotPossible
from amends.core.scopes import Scope
from amends.core.values import Role
from amends.store.models import User
from amends.store.plain import plain

LONGEST_NAME = 120
LONGEST_EMAIL = 254
LONGEST_PASSWORD = 1000


class PeopleError(NotPossible):
    """The root of the tree; `text` is for the person who asked."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class BadField(PeopleError):
    """One field is no good; nothing was changed."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field = field


class SetUpAlready(PeopleError):
    """The desk has its first admin already."""


class NotForYou(PeopleError):
    """The person does not have the role for this, perhaps no longer."""


class LastAdmin(PeopleError):
    """A brand would be left without an admin."""


class InvitationGone(PeopleError):
    """The invitation is used, withdrawn, expired, or never was."""


class SignInFirst(PeopleError):
    """The invited person has an account and joins by signing in with it."""


def one_line(field: str, text: str, what: str) -> str:
    """The text as one printable line of at most 120 characters; raises BadField when nothing is left."""
    cleaned = " ".join("".join(c if c.isprintable() else " " for c in plain(text)).split())
    if not cleaned:
        raise BadField(field, f"Please give {what}.")
    if len(cleaned) > LONGEST_NAME:
        raise BadField(field, f"At most {LONGEST_NAME} characters, please; this has {len(cleaned)}.")
    return cleaned


def email_address(text: str) -> str:
    """The e-mail address in lower case; raises BadField when it is none."""
    address = plain(text).strip().lower()
    try:
        validate_email(address)
    except ValidationError:
        raise BadField("email", "That is not an e-mail address; write it like ann@example.com.") from None
    if len(address) > LONGEST_EMAIL:
        raise BadField("email", f"An e-mail address has at most {LONGEST_EMAIL} characters.")
    return address


def good_password(password: str, email: str, name: str) -> str:
    """The password; raises BadField with everything that makes it too weak."""
    if plain(password) != password or len(password) > LONGEST_PASSWORD:
        raise BadField("password", f"Choose a password of at most {LONGEST_PASSWORD} ordinary characters.")
    try:
        validate_password(password, User(email=email, name=name))
    except ValidationError as error:
        raise BadField("password", " ".join(error.messages)) from None
    return password


def time_zone(name: str, *, field: str = "time_zone") -> str:
    """A known time zone, or none; raises BadField for any other."""
    zone = plain(name).strip()
    if zone and zone not in available_timezones():
        raise BadField(field, "That is not a known time zone; write it like Europe/Berlin.")
    return zone


def role(name: str) -> Role:
    """One of the roles; raises BadField for anything else."""
    try:
        return Role(name)
    except ValueError:
        raise BadField("role", f"Choose one of: {', '.join(Role)}.") from None


def scopes(names: Iterable[str]) -> frozenset[Scope]:
    """At least one scope; raises BadField for an unknown one or none."""
    try:
        chosen = frozenset(Scope(name) for name in names)
    except ValueError:
        raise BadField("scopes", f"Choose among: {', '.join(Scope)}.") from None
    if not chosen:
        raise BadField("scopes", "Choose at least one thing that the token may do.")
    return chosen
