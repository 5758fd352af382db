"""Sources: channels whose posts another system delivers by signed webhook. Their secrets come out once."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.conf import settings
from django.http import Http404, HttpRequest
from ninja import Router, Status
from pydantic import Field

from amends.api import door
from amends.api.door import Token
from amends.api.words import Body, Id, Line, Shape
from amends.core.scopes import Scope
from amends.pipeline import sources
from amends.store import access, models
from amends.store.sources import MARK, is_source

router = Router()


class Source(Shape):
    """A channel that another system delivers."""

    id: Annotated[int, Field(description="The desk's id of its account.")]
    channel: Annotated[str, Field(description="The one channel that it may bring posts of.")]
    address: Annotated[str, Field(description="Where its deliveries are posted to.")]
    active: Annotated[bool, Field(description="Whether deliveries are taken.")]
    answers: Annotated[bool, Field(description="Whether answers can leave through it; not in this version.")]
    created_at: Annotated[datetime, Field(description="When it was first made.")]
    last_event_at: Annotated[datetime | None, Field(description="When it last delivered, to some seconds.")]
    old_secret_until: Annotated[
        datetime | None, Field(description="Until when the secret of before is good, if it still is.")
    ]
    trouble: Annotated[str, Field(description="What is wrong with it, if anything.")]


class NewSecret(Source):
    """A source with a secret just made."""

    secret: Annotated[str, Field(description="The secret. It is shown only now.", examples=["whsec_…"])]


class SourceBody(Body):
    """A source to make."""

    channel: Annotated[Line, Field(description="The name of its channel.", examples=["forum"])]


@router.get("/sources", auth=Token(Scope.ADMIN), response=list[Source])
def list_sources(request: HttpRequest) -> list[Source]:
    """The brand's sources, disconnected ones too."""
    brand = door.brand(request, access.ADMIN)
    rows = models.Account.objects.filter(brand=brand, settings__has_key=MARK).order_by("channel")
    return [_source(row, door.now(request)) for row in rows]


@router.post("/sources", auth=Token(Scope.ADMIN), response={201: NewSecret})
def make_source(request: HttpRequest, body: SourceBody) -> Status[NewSecret]:
    """Let another system deliver the posts of a channel; one that was disconnected comes back."""
    brand, now = door.brand(request, access.ADMIN), door.now(request)
    made, secret = sources.make(brand.pk, body.channel, door.key(request).user, now)
    return Status(201, NewSecret(**_source(made, now).model_dump(), secret=secret))


@router.post("/sources/{account_id}/secret", auth=Token(Scope.ADMIN), response=NewSecret)
def renew_secret(request: HttpRequest, account_id: Id) -> NewSecret:
    """Give a source a new secret; the one of before is good for another 24 hours."""
    found = door.mine(request, access.account(door.key(request).user, account_id, access.ADMIN))
    if not is_source(found):
        raise Http404("There is no such source in the brand of this token.")
    now = door.now(request)
    secret = sources.renew(found, door.key(request).user, now)
    found.refresh_from_db()
    return NewSecret(**_source(found, now).model_dump(), secret=secret)


def _source(row: models.Account, now: datetime) -> Source:
    return Source(
        id=row.pk,
        channel=row.channel,
        address=sources.address(row, settings.URL),
        active=row.active,
        answers=False,
        created_at=row.created_at,
        last_event_at=row.last_event_at,
        old_secret_until=sources.old_secret_until(row, now),
        trouble=row.trouble,
    )
