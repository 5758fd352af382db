"""What changes, as it happens, and who is at a case: the same that the desk's own screens hear and say."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest, HttpResponse
from ninja import Router, Status
from pydantic import Field

from amends.api import door
from amends.api.door import Token
from amends.api.words import Body, Id, Shape
from amends.core.scopes import Scope
from amends.core.values import Doing
from amends.pipeline import listening
from amends.store import access, at_work, presence

router = Router()
_CONTENT = {listening.CONTENT_TYPE: {"schema": {"type": "string"}}}
_STREAM = {"responses": {200: {"description": "Server-sent events.", "content": _CONTENT}}}


class Somebody(Shape):
    """A person who has a case before them at this moment."""

    id: Annotated[int, Field(description="The desk's id.")]
    name: Annotated[str, Field(description="What they are called.")]
    doing: Annotated[Doing, Field(description="The most that they do there in any of their windows.")]
    since: Annotated[datetime, Field(description="Since when they do it.")]


class PresenceBody(Body):
    """What the token's person does."""

    doing: Annotated[Doing, Field(description="What they do at the case.")] = Doing.READING


@router.get("/live", auth=Token(Scope.READ), openapi_extra=_STREAM)
def listen(request: HttpRequest) -> HttpResponse:
    """Hear what changes in the brand, as server-sent events, for as long as the token holds."""
    return listening.by_token(door.key(request))


@router.get("/cases/{case_id}/presence", auth=Token(Scope.READ), response=list[Somebody])
def list_present(request: HttpRequest, case_id: Id) -> list[Somebody]:
    """Who has the case before them at this moment, and what they do there."""
    return _there(request, door.case(request, case_id, access.AGENT).pk)


@router.put("/cases/{case_id}/presence", auth=Token(Scope.WRITE), response=list[Somebody])
def be_present(request: HttpRequest, case_id: Id, body: PresenceBody) -> list[Somebody]:
    """Say that the token's person has the case before them; it holds for 45 seconds, so say it again."""
    case = door.case(request, case_id, access.AGENT)
    window = presence.Place(door.key(request).user.pk, _place(request, case.pk))
    presence.put(window, case.brand_id, case.pk, body.doing, door.now(request))
    at_work.seen([window.user_id], door.now(request))
    return _there(request, case.pk)


@router.delete("/cases/{case_id}/presence", auth=Token(Scope.WRITE), response={204: None})
def end_presence(request: HttpRequest, case_id: Id) -> Status[None]:
    """Say that the token's person has left the case."""
    case = door.case(request, case_id, access.AGENT)
    presence.leave(door.key(request).user.pk, _place(request, case.pk))
    return Status(204, None)


def _place(request: HttpRequest, case_id: int) -> str:
    """Where a program is: no window of a browser is called so."""
    return f"t{door.key(request).token_id}-{case_id}"[:40]


def _there(request: HttpRequest, case_id: int) -> list[Somebody]:
    found = presence.at(case_id, door.now(request))
    return [Somebody(id=who.id, name=who.name, doing=who.doing, since=who.since) for who in found]
