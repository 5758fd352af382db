"""The figures that scripts ask for."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from amends.api import door
from amends.api.door import Token
from amends.api.words import Shape
from amends.core.scopes import Scope
from amends.core.values import Role
from amends.store import stats

router = Router()


class Outbox(Shape):
    """Answers by where they stand."""

    planned: Annotated[int, Field(description="To be sent.")]
    sending: Annotated[int, Field(description="In a worker's hands.")]
    sent: Annotated[int, Field(description="On the network.")]
    refused: Annotated[int, Field(description="Not sent, and why is known.")]
    unknown: Annotated[int, Field(description="Perhaps sent; they are looked up.")]


class Waits(Shape):
    """Posts that somebody waited for an answer to, by how the wait ended."""

    open: Annotated[int, Field(description="They wait still.")]
    answered: Annotated[int, Field(description="A person of the firm answered.")]
    needed_none: Annotated[int, Field(description="Somebody said that it needs no answer.")]
    closed: Annotated[int, Field(description="The case was resolved without an answer.")]


class Figures(Shape):
    """Counts."""

    posts: Annotated[int, Field(description="Posts, in and out.")]
    complaints: Annotated[int, Field(description="Posts of people that were read as complaints.")]
    cases: Annotated[int, Field(description="Cases.")]
    open_cases: Annotated[int, Field(description="Cases that are not resolved.")]
    rejected: Annotated[int, Field(description="Items that could not be kept.")]
    waits: Annotated[Waits, Field(description="Waits by how they ended, those that needed none apart.")]
    outbox: Annotated[Outbox, Field(description="Answers by where they stand.")]


class Stats(Shape):
    """What `amends stats --json --waits` prints, of one brand."""

    total: Annotated[Figures, Field(description="All that the token may see.")]
    brands: Annotated[dict[str, Figures], Field(description="By name of the brand; one.")]


@router.get("/stats", auth=Token(Scope.READ), response=Stats)
def get_stats(request: HttpRequest) -> Stats:
    """How much came in, what it was read as and what became of it."""
    return Stats.model_validate(stats.stats(door.brand(request, Role.AGENT).pk).as_json())
