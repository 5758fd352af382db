"""The one door to every object: closed by default, brand by brand.

What a person may not see does not exist for them (Http404); what they see but may not do is refused
(PermissionDenied). Nothing outside this module fetches an object by an id that came from outside.
"""

from __future__ import annotations

from typing import TypeVar

from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import Http404

from amends.core.values import Role
from amends.store.models import (
    Account,
    AlertHook,
    ApiToken,
    Case,
    Invitation,
    Membership,
    Post,
    Send,
    SignIn,
    User,
)

Row = TypeVar("Row", Post, Send, Account, Membership, Invitation, ApiToken, SignIn, AlertHook)
AGENT, SUPERVISOR, ADMIN = Role.AGENT, Role.SUPERVISOR, Role.ADMIN


def memberships(user: User) -> QuerySet[Membership]:
    """Every brand the person works for, with the role in it, by name."""
    return Membership.objects.filter(user=user).select_related("brand").order_by("brand__name")


def brand(user: User, slug: str, need: Role) -> Membership:
    """The person's membership in a brand, if it is enough."""
    found = memberships(user).filter(brand__slug=slug).first()
    if found is None:
        raise Http404("There is no such brand, or you do not work for it.")
    check(found.role, need)
    return found


def case(user: User, case_id: int, need: Role) -> Case:
    """A case with brand, author and assignee at hand, and the person's `role` in its brand."""
    found = (
        Case.objects.filter(pk=_in_range(case_id), brand__memberships__user=user)
        .annotate(role=F("brand__memberships__role"))
        .select_related("brand", "author", "assignee", "conversation")
        .first()
    )
    if found is None:
        raise Http404("There is no such case, or it belongs to a brand you do not work for.")
    check(found.role, need)
    return found


def post(user: User, post_id: int, need: Role) -> Post:
    """A post of one of the person's brands."""
    return _one(Post.objects.select_related("author", "brand"), user, post_id, need)


def send(user: User, send_id: int, need: Role) -> Send:
    """One thing on its way out."""
    return _one(Send.objects.select_related("case"), user, send_id, need)


def account(user: User, account_id: int, need: Role) -> Account:
    """One connected account."""
    return _one(Account.objects.select_related("brand"), user, account_id, need)


def membership(user: User, membership_id: int, need: Role) -> Membership:
    """Somebody's membership in one of the person's brands."""
    return _one(Membership.objects.select_related("user", "brand"), user, membership_id, need)


def invitation(user: User, invitation_id: int, need: Role) -> Invitation:
    """One invitation into one of the person's brands."""
    return _one(Invitation.objects.select_related("brand"), user, invitation_id, need)


def token(user: User, token_id: int, need: Role) -> ApiToken:
    """One API token of one of the person's brands."""
    return _one(ApiToken.objects.select_related("brand", "user"), user, token_id, need)


def alert_hook(user: User, hook_id: int, need: Role) -> AlertHook:
    """A webhook that gets the alerts of one of the person's brands."""
    return _one(AlertHook.objects.filter(ended_at=None), user, hook_id, need)


def sign_in(user: User, sign_in_id: int, need: Role) -> SignIn:
    """A sign-in on an account's own server that this very person began."""
    mine = SignIn.objects.select_related("app", "account", "brand").filter(person=user)
    return _one(mine, user, sign_in_id, need)


def check(role: str, need: Role) -> None:
    """Refuse what the role does not cover."""
    if not Role(role).covers(need):
        raise PermissionDenied(
            f"This needs the role {need}; you have {role} here. Ask an admin of the brand."
        )


def _one(rows: QuerySet[Row], user: User, row_id: int, need: Role) -> Row:
    found = (
        rows.filter(pk=_in_range(row_id), brand__memberships__user=user)
        .annotate(my_role=F("brand__memberships__role"))
        .first()
    )
    if found is None:
        raise Http404("There is no such thing here, or it belongs to a brand you do not work for.")
    check(found.my_role, need)
    return found


def _in_range(row_id: int) -> int:
    """Ids beyond PostgreSQL's bigint name nothing."""
    if not 0 < row_id < 2**63:
        raise Http404("There is no such thing here.")
    return row_id
