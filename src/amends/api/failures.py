"""What came in and could not be taken in, and trying it again."""

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
from amends.pipeline import trying_again
from amends.store import access, failed_items

router = Router()


class FailedItem(Shape):
    """One item that could not be taken in."""

    id: Annotated[int, Field(description="The desk's id of what came in.")]
    channel: Annotated[str, Field(description="Its channel.")]
    remote_id: Annotated[str, Field(description="Its id there; empty where it could not be read.")]
    received_at: Annotated[datetime, Field(description="When it came.")]
    reason: Annotated[str, Field(description="Why it could not be taken in.")]
    again: Annotated[bool, Field(description="Whether it can be tried again: its source could be read.")]


class Failures(Shape):
    """What could not be taken in."""

    total: Annotated[int, Field(description="How many items.")]
    again: Annotated[int, Field(description="How many of them can be tried again.")]
    items: Annotated[list[FailedItem], Field(description="The latest 100, newest first.")]


class TriedAgain(Shape):
    """What waits to be taken in once more."""

    items: Annotated[int, Field(description="How many.")]


@router.get("/failures", auth=Token(Scope.ADMIN), response=Failures)
def get_failures(request: HttpRequest) -> Failures:
    """What came in for the brand and could not be taken in, with the reasons."""
    found = failed_items.of_brand(door.brand(request, access.ADMIN).pk)
    return Failures(
        total=found.total, again=found.again, items=[FailedItem(**asdict(item)) for item in found.items]
    )


@router.post("/failures/retry", auth=Token(Scope.ADMIN), response=TriedAgain)
def retry_failures(request: HttpRequest) -> TriedAgain:
    """Take in once more what can be; a worker does it at once."""
    brand = door.brand(request, access.ADMIN)
    return TriedAgain(items=trying_again.try_again(brand.pk, door.key(request).user, door.now(request)))
