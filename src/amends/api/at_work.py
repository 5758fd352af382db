"""The team at work: who is here or away, what they know, and how many cases they are given."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from amends.api import door
from amends.api.door import Token
from amends.api.words import Body, Id, Line, Shape
from amends.core.scopes import Scope
from amends.core.values import Role
from amends.pipeline import at_work
from amends.store import access
from amends.store import at_work as rows

router = Router()
_Words = Annotated[list[Line], Field(max_length=100)]


class Colleague(Shape):
    """Somebody of the brand at work."""

    id: Annotated[int, Field(description="The desk's id of the membership, as in `/people`.")]
    person: Annotated[int, Field(description="The desk's id of the person, as in `assign`.")]
    name: Annotated[str, Field(description="What they are called.")]
    role: Annotated[Role, Field(description="Their role.")]
    present: Annotated[bool, Field(description="Whether the desk has had a sign of them lately.")]
    seen_at: Annotated[datetime | None, Field(description="When it had the last one.")]
    away_since: Annotated[datetime | None, Field(description="Since when they say that they are away.")]
    languages: Annotated[list[str], Field(description="The languages they answer in.")]
    skills: Annotated[list[str], Field(description="What they can do, as the policy names it.")]
    case_limit: Annotated[
        int | None, Field(description="How many open cases they are given at most; null: as the policy says.")
    ]
    open_cases: Annotated[int, Field(description="How many they have.")]


class WorkBody(Body):
    """What somebody knows and how much they get; a limit that is left out stays as it is."""

    languages: Annotated[_Words, Field(description="Codes.", examples=[["en", "de"]])] = []
    skills: Annotated[_Words, Field(description="As the policy names them.", examples=[["legal"]])] = []
    case_limit: Annotated[
        int | None, Field(description="Open cases at most; null: as the policy says.", examples=[None])
    ] = None


class AwayBody(Body):
    """Away or back."""

    away: Annotated[bool, Field(description="True goes away, false comes back.")]


@router.get("/team", auth=Token(Scope.READ), response=list[Colleague])
def list_team(request: HttpRequest) -> list[Colleague]:
    """Everybody who works for the brand, by name: who is here, what they know and how much they have."""
    brand = door.brand(request, Role.AGENT)
    return [_colleague(row) for row in rows.of([brand.pk], door.now(request)) if row.is_active]


@router.put("/team/{member_id}", auth=Token(Scope.WRITE), response=Colleague)
def set_work(request: HttpRequest, member_id: Id, body: WorkBody) -> Colleague:
    """Say what somebody knows and how many cases they get; supervisors for all, others for themselves."""
    found = door.mine(request, access.membership(door.key(request).user, member_id, access.AGENT))
    by, now = door.key(request).user, door.now(request)
    limit = body.case_limit if "case_limit" in body.model_fields_set else found.case_limit
    at_work.set_work(found, body.languages, body.skills, limit, by, now)
    return next(_colleague(row) for row in rows.of([found.brand_id], now) if row.member == found.pk)


@router.put("/me/away", auth=Token(Scope.WRITE), response=Colleague)
def set_away(request: HttpRequest, body: AwayBody) -> Colleague:
    """Say that the token's person goes away from the brand, and is given no cases there, or is back."""
    key, now = door.key(request), door.now(request)
    at_work.set_away(key.user, [key.brand.pk], body.away, now)
    return next(_colleague(row) for row in rows.of([key.brand.pk], now) if row.person == key.user.pk)


def _colleague(row: rows.Working) -> Colleague:
    return Colleague(
        id=row.member,
        person=row.person,
        name=row.name,
        role=Role(row.role),
        present=row.present,
        seen_at=row.seen_at,
        away_since=row.away_since,
        languages=list(row.languages),
        skills=list(row.skills),
        case_limit=row.case_limit,
        open_cases=row.open_cases,
    )
