"""Invitations into a brand: a secret that opens one door, once, for seven days.

Only the hash of the secret is kept. The secret stands in the fragment of the link: a browser never sends that
part to a server, so that it reaches no log, no proxy and no Referer. The page behind the link posts it by a
form (`web/static/amends/invitation.js`), and has a field to paste it into for those without JavaScript.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid5

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from amends.core.values import Role
from amends.pipeline import mail
from amends.pipeline import people_checks as checks
from amends.pipeline.people_checks import BadField, InvitationGone, PeopleError, SignInFirst
from amends.pipeline.standing import as_admin, hold_brand, join, on_record
from amends.store import mail as mails
from amends.store.models import Invitation, Mail, Membership, User
from amends.store.plain import plain
from amends.store.sealed import secret_hash

HOLDS_FOR = timedelta(days=7)
SECRET_BYTES = 32
_MAIL_KEYS = UUID("5f3c7d0e-54c0-4b5b-9d1e-6f1c8a2f8b11")
"""The key of an invitation's mail follows from its id, so that there is never a second mail of one."""
_GONE = "This invitation does not hold (any more). Nothing was changed; ask who invited you for a new link."


def invite(brand_id: int, email: str, role: str, by: User, now: datetime) -> tuple[Invitation, str]:
    """Invite an address into a brand; returns the secret too, which nobody can look up later.

    A new invitation withdraws an open one of the same address. Where mail is configured, one is planned.
    """
    address, wanted = checks.email_address(email), checks.role(role)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    with transaction.atomic():
        as_admin(brand_id, by)
        if Membership.objects.filter(brand_id=brand_id, user__email=address).exists():
            raise BadField("email", "This person works for the brand already; change their role in the list.")
        _withdraw(list(still_open(brand_id, now).filter(email=address)), by, now)
        made = Invitation.objects.create(
            brand_id=brand_id,
            email=address,
            role=wanted,
            secret_hash=secret_hash(secret),
            created_at=now,
            expires_at=now + HOLDS_FOR,
            invited_by=by,
        )
        on_record(brand_id, by, "person invited", {"email": address, "role": wanted}, now)
        subject, body = _letter(made, secret, by)
        mail.plan(_mail_key(made), brand_id, address, subject, body, now)
    return made, secret


def link(secret: str) -> str:
    """The link to copy; whoever has it can join in the invited person's place."""
    return f"{settings.URL}/invitation#{secret}"


def withdraw(invitation: Invitation, by: User, now: datetime) -> None:
    """Close the door; one that has been used or closed stays as it is."""
    with transaction.atomic():
        as_admin(invitation.brand_id, by)
        _withdraw(list(still_open(invitation.brand_id, now).filter(pk=invitation.pk)), by, now)


def withdraw_those_of(brand_id: int, person: User, by: User, now: datetime) -> None:
    """Close the doors that somebody who leaves had opened; in a transaction that holds the brand."""
    _withdraw(list(still_open(brand_id, now).filter(invited_by=person)), by, now)


def presented(secret: str, now: datetime) -> Invitation:
    """The open invitation of a secret; raises InvitationGone. Nothing is changed by looking."""
    wanted = secret_hash(plain(secret.strip()))
    return _still(Invitation.objects.filter(secret_hash=wanted), now)


def again(invitation_id: int, now: datetime) -> Invitation:
    """The open invitation whose secret this visitor has presented before; raises InvitationGone."""
    return _still(Invitation.objects.filter(pk=invitation_id).select_related("brand"), now)


def accept_as(invitation: Invitation, user: User, now: datetime) -> Membership:
    """Let the invited person, signed in, work for the brand; one invitation works once."""
    with transaction.atomic():
        held = _hold(invitation, now)
        if user.email.lower() != held.email or not user.is_active:
            raise PeopleError(
                f"This invitation is for {held.email}, and you are signed in as {user.email}. Nothing was "
                "changed; sign out and in again as the other, or ask for an invitation to this address."
            )
        return _use(held, user, now)


def accept_new(
    invitation: Invitation, *, name: str, password: str, time_zone: str, now: datetime
) -> Membership:
    """Make the invited person's account and let them in; raises SignInFirst if they have one."""
    called, zone = checks.one_line("name", name, "your name"), checks.time_zone(time_zone)
    checks.good_password(password, invitation.email, called)
    with transaction.atomic():
        held = _hold(invitation, now)
        if has_account(held):
            raise SignInFirst("You have an account with this address already. Sign in to join the brand.")
        try:
            with transaction.atomic():
                user = User.objects.create_user(
                    held.email, password, name=called, time_zone=zone, date_joined=now
                )
        except IntegrityError:  # the same person is accepting another brand's invitation at this moment
            raise SignInFirst("An account with this address was made just now. Sign in to join.") from None
        return _use(held, user, now)


def has_account(invitation: Invitation) -> bool:
    """Whether the invited address belongs to somebody who can sign in."""
    return User.objects.filter(email=invitation.email).exists()


def still_open(brand_id: int, now: datetime) -> QuerySet[Invitation]:
    """Invitations of a brand that can still be accepted."""
    return Invitation.objects.filter(
        brand_id=brand_id, accepted_by=None, withdrawn_at=None, expires_at__gt=now
    ).select_related("invited_by")


def mails_of(invitations: Iterable[Invitation]) -> dict[int, Mail]:
    """What became of each invitation's mail, by the invitation's id; none where no mail was planned."""
    keys = {_mail_key(invitation): invitation.pk for invitation in invitations}
    return {keys[key]: found for key, found in mails.of_keys(keys).items()}


def _mail_key(invitation: Invitation) -> UUID:
    return uuid5(_MAIL_KEYS, str(invitation.pk))


def _withdraw(found: list[Invitation], by: User, now: datetime) -> None:
    for invitation in found:
        Invitation.objects.filter(pk=invitation.pk).update(withdrawn_at=now)
        on_record(invitation.brand_id, by, "invitation withdrawn", {"email": invitation.email}, now)
    mails.drop(map(_mail_key, found), now, "The invitation was withdrawn before it was sent.")


def _still(invitations: QuerySet[Invitation], now: datetime) -> Invitation:
    found = invitations.filter(accepted_by=None, withdrawn_at=None, expires_at__gt=now).first()
    if found is None:
        raise InvitationGone(_GONE)
    return found


def _hold(invitation: Invitation, now: datetime) -> Invitation:
    """The invitation again, locked and still open."""
    hold_brand(invitation.brand_id)
    return _still(Invitation.objects.select_for_update(no_key=True).filter(pk=invitation.pk), now)


def _use(held: Invitation, user: User, now: datetime) -> Membership:
    Invitation.objects.filter(pk=held.pk).update(accepted_by=user)
    mails.drop([_mail_key(held)], now, "The invitation was accepted before it was sent.")
    if found := Membership.objects.filter(brand_id=held.brand_id, user=user).first():
        return found
    return join(held.brand_id, user, Role(held.role), user, now)


def _letter(invitation: Invitation, secret: str, by: User) -> tuple[str, str]:
    brand = invitation.brand.name
    until = invitation.expires_at.astimezone(UTC)
    return f"You are invited to {brand} on Amends", (
        f"{by.name} invites you to answer people for {brand} on Amends, as {invitation.role}.\n\n"
        f"Open this link to join:\n\n{link(secret)}\n\n"
        f"The link works once, until {until:%d %B %Y, %H:%M} UTC. Whoever has it can join in your place,\n"
        "so keep it to yourself. If you did not expect it, ignore this mail: nothing happens.\n"
    )
