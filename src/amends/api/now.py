"""The brand at this moment, as its supervisors see it on their screen."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from amends.api import door
from amends.api.door import Token
from amends.api.words import Shape
from amends.core.scopes import Scope
from amends.core.values import Doing, Role, Severity
from amends.store import now

router = Router()


class Clocks(Shape):
    """What is open in a part of the queue, and how its clocks stand."""

    open: Annotated[int, Field(description="Open cases, those put aside left out.")]
    waiting: Annotated[int, Field(description="In how many somebody is owed a word.")]
    overdue: Annotated[int, Field(description="How many of them are over their target.")]
    soon: Annotated[int, Field(description="How many are due within the hour.")]
    promised: Annotated[int, Field(description="In how many an update was promised.")]
    promised_overdue: Annotated[int, Field(description="How many promises are not kept in time.")]
    with_customer: Annotated[int, Field(description="In how many we wait for the customer.")]
    oldest: Annotated[datetime | None, Field(description="Since when somebody waits longest, on our clock.")]
    worst: Annotated[datetime | None, Field(description="The earliest target of all that wait.")]


class OfSeverity(Clocks):
    """The queue of one severity."""

    severity: Annotated[Severity, Field(description="The severity; `none` is no complaint.")]


class OfBand(Clocks):
    """The queue of one band."""

    band: Annotated[int, Field(description="0 to 9; 9 stands on top of the inbox.")]


class OfPlace(Clocks):
    """The queue of one channel in one language."""

    channel: Annotated[str, Field(description="The network.")]
    lang: Annotated[str, Field(description="The language; empty where it is not known.")]


class AtCase(Shape):
    """A case that somebody has before them."""

    case: Annotated[int, Field(description="The case.")]
    doing: Annotated[Doing, Field(description="What they do there.")]
    since: Annotated[datetime, Field(description="Since when.")]


class PersonNow(Clocks):
    """Somebody of the brand and what they have in hand."""

    person: Annotated[int, Field(description="The desk's id of the person.")]
    name: Annotated[str, Field(description="What they are called.")]
    role: Annotated[Role, Field(description="Their role.")]
    away_since: Annotated[datetime | None, Field(description="Since when they say that they are away.")]
    at: Annotated[list[AtCase], Field(description="The cases that they have before them now.")]
    last_deed_at: Annotated[datetime | None, Field(description="When they last did anything on the desk.")]


class Hour(Shape):
    """One hour."""

    begins: Annotated[datetime, Field(description="When it began.")]
    complaints: Annotated[int, Field(description="Posts that came in and were read as complaints.")]
    day_before: Annotated[int, Field(description="The same, a day before.")]
    week_before: Annotated[int, Field(description="The same, a week before.")]
    answers: Annotated[int, Field(description="Answers by people.")]


class Now(Shape):
    """The brand at a moment."""

    at: Annotated[datetime, Field(description="The moment.")]
    clocks: Annotated[Clocks, Field(description="All that is open.")]
    unassigned: Annotated[Clocks, Field(description="What nobody has in hand.")]
    snoozed: Annotated[int, Field(description="Cases that were put aside.")]
    oldest_case: Annotated[int | None, Field(description="The case in which somebody waits longest.")]
    worst_case: Annotated[int | None, Field(description="The case with the earliest target.")]
    severities: Annotated[list[OfSeverity], Field(description="The queue by severity, the worst first.")]
    bands: Annotated[list[OfBand], Field(description="Those that wait by their place in the inbox.")]
    places: Annotated[list[OfPlace], Field(description="The queue by channel and language.")]
    people: Annotated[list[PersonNow], Field(description="Who works for the brand, those here first.")]
    hours: Annotated[list[Hour], Field(description="The last six hours, the newest first.")]


@router.get("/brand/now", auth=Token(Scope.READ), response=Now)
def get_now(request: HttpRequest) -> Now:
    """The brand at this moment: clocks, queue, people and load; only for supervisors."""
    found = now.now(door.brand(request, Role.SUPERVISOR).pk, door.now(request))
    return Now(
        at=found.at,
        clocks=Clocks(**asdict(found.clocks)),
        unassigned=Clocks(**asdict(found.unassigned)),
        snoozed=found.snoozed,
        oldest_case=found.oldest_case,
        worst_case=found.worst_case,
        severities=[OfSeverity(severity=key, **asdict(part)) for key, part in found.severities.items()],
        bands=[OfBand(band=key, **asdict(part)) for key, part in found.bands.items()],
        places=[OfPlace(channel=key[0], lang=key[1], **asdict(part)) for key, part in found.places.items()],
        people=[_person(one) for one in found.people],
        hours=[Hour(**asdict(hour)) for hour in found.hours],
    )


def _person(one: now.Person) -> PersonNow:
    return PersonNow(
        person=one.id,
        name=one.name,
        role=one.role,
        away_since=one.away_since,
        at=[AtCase(case=at.case_id, doing=at.doing, since=at.since) for at in one.at],
        last_deed_at=one.last_deed_at,
        **asdict(one.clocks),
    )
