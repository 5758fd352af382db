"""Answers on their way out, and what a person does with one whose fate nobody knows."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from amends.api import case_views, door
from amends.api.case_shapes import Send
from amends.api.door import Token
from amends.api.words import Body, Id, Why
from amends.core.scopes import Scope
from amends.pipeline import answers
from amends.store import access, models

router = Router()


class SettleBody(Body):
    """What was seen on the network."""

    again: Annotated[bool, Field(description="True sends it once more, false gives it up.")]
    why: Annotated[Why, Field(description="What you saw there; it goes on record.", examples=["Not there."])]


@router.get("/sends/{send_id}", auth=Token(Scope.READ), response=Send)
def get_send(request: HttpRequest, send_id: Id) -> Send:
    """One answer and where it stands."""
    return case_views.send(_found(request, send_id))


@router.post("/sends/{send_id}/settle", auth=Token(Scope.WRITE), response=Send)
def settle(request: HttpRequest, send_id: Id, body: SettleBody) -> Send:
    """Settle an answer of unknown fate, having looked at the network: send it once more, or give it up."""
    send = _found(request, send_id)
    answers.settle_unknown(send, body.again, body.why, door.actor(request), door.now(request))
    return case_views.send(_found(request, send_id))


def _found(request: HttpRequest, send_id: int) -> models.Send:
    return door.mine(request, access.send(door.key(request).user, send_id, access.AGENT))
