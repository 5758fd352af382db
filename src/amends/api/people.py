"""Who works for the brand, and invitations into it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from amends.api import door
from amends.api.door import Token
from amends.api.problems import Refusal
from amends.api.words import Body, Id, Line, Shape
from amends.core.scopes import Scope, within
from amends.core.values import Role
from amends.pipeline import invitations, people
from amends.pipeline.tokens import Key
from amends.store import access, models

router = Router()


class Member(Shape):
    """Somebody who works for the brand."""

    id: Annotated[int, Field(description="The desk's id of the membership.")]
    person: Annotated[int, Field(description="The desk's id of the person, as in `assign`.")]
    name: Annotated[str, Field(description="What they are called.")]
    email: Annotated[str | None, Field(description="Their address; only admins see it.")]
    role: Annotated[Role, Field(description="What they may do; each role includes the ones before it.")]


class Me(Shape):
    """The token's person, as the token has them."""

    person: Annotated[int, Field(description="The desk's id of the person.")]
    name: Annotated[str, Field(description="What they are called.")]
    email: Annotated[str, Field(description="Their address.")]
    time_zone: Annotated[str, Field(description="The zone they read times in; empty for the brand's.")]
    role: Annotated[Role, Field(description="Their role in the token's brand.")]
    brand: Annotated[int, Field(description="The token's brand.")]
    scopes: Annotated[list[Scope], Field(description="What the token may do now.")]


class ProfileBody(Body):
    """A profile."""

    name: Annotated[Line, Field(description="What you are called.", examples=["Ada"])]
    time_zone: Annotated[Line, Field(description="A zone, or empty.", examples=["Europe/Berlin"])] = ""


class RoleBody(Body):
    """A role."""

    role: Annotated[Role, Field(description="The role to have from now on.")]


class Invitation(Shape):
    """An open invitation."""

    id: Annotated[int, Field(description="The desk's id.")]
    email: Annotated[str, Field(description="Who is invited.")]
    role: Annotated[Role, Field(description="As what.")]
    created_at: Annotated[datetime, Field(description="When.")]
    expires_at: Annotated[datetime, Field(description="Until when it holds.")]
    invited_by: Annotated[int | None, Field(description="By whom.")]


class NewInvitation(Invitation):
    """An invitation just made."""

    link: Annotated[
        str, Field(description="The link to join by. It is shown only now; whoever has it can join.")
    ]


class InviteBody(Body):
    """Whom to invite."""

    email: Annotated[Line, Field(description="Their address.", examples=["eve@example.org"])]
    role: Annotated[Role, Field(description="As what.")] = Role.AGENT


@router.get("/me", auth=Token(Scope.READ), response=Me)
def who_am_i(request: HttpRequest) -> Me:
    """As whom the token acts, where, and what it may do at this moment."""
    return _me(door.key(request), door.key(request).user)


@router.patch("/me", auth=Token(Scope.WRITE), response=Me)
def set_profile(request: HttpRequest, body: ProfileBody) -> Me:
    """Set what the token's person is called and the zone they read times in."""
    key = door.key(request)
    return _me(key, people.set_profile(key.user, body.name, body.time_zone))


@router.delete("/me", auth=Token(Scope.WRITE), response={204: None})
def leave(request: HttpRequest) -> Status[None]:
    """Leave the brand as the token's person, as `DELETE /people/{member_id}` would; all their tokens end.

    Needs a token that may do all that its person may do in the brand.
    """
    key = door.key(request)
    if lacking := within(key.role, Scope) - key.scopes:
        named = ", ".join(sorted(lacking))
        what = f"Only a token that may do all that its person may leaves for them; this one may not: {named}."
        raise Refusal(403, "scope", what, "Use a token that may do all of it, or leave in the desk.")
    mine = models.Membership.objects.get(brand=key.brand, user=key.user)
    people.remove(mine, key.user, door.now(request))
    return Status(204, None)


@router.get("/people", auth=Token(Scope.READ), response=list[Member])
def list_people(request: HttpRequest) -> list[Member]:
    """Everybody who works for the brand, by name."""
    rows = models.Membership.objects.filter(brand=door.brand(request, Role.AGENT)).select_related("user")
    shows_email = door.key(request).role.covers(Role.ADMIN)
    return [_member(row, shows_email) for row in rows.order_by("user__name", "pk")]


@router.patch("/people/{member_id}", auth=Token(Scope.ADMIN), response=Member)
def set_role(request: HttpRequest, member_id: Id, body: RoleBody) -> Member:
    """Give somebody another role; the brand always keeps an admin."""
    found = door.mine(request, access.membership(door.key(request).user, member_id, access.ADMIN))
    changed = people.set_role(found, body.role, door.key(request).user, door.now(request))
    return _member(changed, shows_email=True)


@router.delete("/people/{member_id}", auth=Token(Scope.ADMIN), response={204: None})
def remove_person(request: HttpRequest, member_id: Id) -> Status[None]:
    """Take somebody out of the brand: their tokens and invitations end, their open cases go back."""
    found = door.mine(request, access.membership(door.key(request).user, member_id, access.ADMIN))
    people.remove(found, door.key(request).user, door.now(request))
    return Status(204, None)


@router.get("/invitations", auth=Token(Scope.ADMIN), response=list[Invitation])
def list_invitations(request: HttpRequest) -> list[Invitation]:
    """Invitations that can still be accepted, newest first."""
    brand = door.brand(request, access.ADMIN)
    return [_invitation(row) for row in invitations.still_open(brand.pk, door.now(request)).order_by("-pk")]


@router.post("/invitations", auth=Token(Scope.ADMIN), response={201: NewInvitation})
def invite(request: HttpRequest, body: InviteBody) -> Status[NewInvitation]:
    """Invite somebody; where mail is set up, the link is mailed too."""
    brand = door.brand(request, access.ADMIN)
    made, secret = invitations.invite(
        brand.pk, body.email, body.role, door.key(request).user, door.now(request)
    )
    shown = _invitation(made).model_dump()
    return Status(201, NewInvitation(**shown, link=invitations.link(secret)))


@router.delete("/invitations/{invitation_id}", auth=Token(Scope.ADMIN), response={204: None})
def withdraw_invitation(request: HttpRequest, invitation_id: Id) -> Status[None]:
    """Withdraw an invitation; one that was accepted stays as it is."""
    found = door.mine(request, access.invitation(door.key(request).user, invitation_id, access.ADMIN))
    invitations.withdraw(found, door.key(request).user, door.now(request))
    return Status(204, None)


def _me(key: Key, user: models.User) -> Me:
    return Me(
        person=user.pk,
        name=user.name,
        email=user.email,
        time_zone=user.time_zone,
        role=key.role,
        brand=key.brand.pk,
        scopes=sorted(key.scopes),
    )


def _member(row: models.Membership, shows_email: bool) -> Member:
    return Member(
        id=row.pk,
        person=row.user_id,
        name=str(row.user),
        email=row.user.email if shows_email else None,
        role=Role(row.role),
    )


def _invitation(row: models.Invitation) -> Invitation:
    return Invitation(
        id=row.pk,
        email=row.email,
        role=Role(row.role),
        created_at=row.created_at,
        expires_at=row.expires_at,
        invited_by=row.invited_by_id,
    )
