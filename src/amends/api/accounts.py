"""Accounts of ours on the networks. Their tokens go in and never come out."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Annotated

from django.conf import settings
from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field, SecretStr

from amends import clock
from amends.api import door
from amends.api.door import Token
from amends.api.words import Body, Id, Line, Shape
from amends.channels.drive import Http
from amends.core.scopes import Scope
from amends.core.values import Role
from amends.pipeline import accounts
from amends.store import access, models, streams
from amends.store.accounts import NOTICE, told

router = Router()
Secret = Annotated[
    SecretStr, Field(max_length=accounts.LONGEST_TOKEN, description="The network's access token, whole.")
]


class Account(Shape):
    """One account of ours."""

    id: Annotated[int, Field(description="The desk's id.")]
    channel: Annotated[str, Field(description="The network.")]
    handle: Annotated[str, Field(description="Its handle.")]
    remote_id: Annotated[str, Field(description="The network's own id of it.")]
    base_url: Annotated[str, Field(description="Address of the network's server.")]
    active: Annotated[bool, Field(description="Whether it is connected.")]
    created_at: Annotated[datetime, Field(description="When it was first connected.")]
    polled_at: Annotated[datetime | None, Field(description="When it was last asked for posts.")]
    last_event_at: Annotated[datetime | None, Field(description="When something last came from it.")]
    trouble: Annotated[str, Field(description="What is wrong with it, if anything.")]
    retry_at: Annotated[datetime | None, Field(description="When it is asked again, after trouble.")]
    live: Annotated[bool, Field(description="Whether its network tells us now what happens as it happens.")]
    notice: Annotated[str, Field(description="What to know of it, though it works; empty as a rule.")]


class ConnectBody(Body):
    """An account to connect."""

    channel: Annotated[Line, Field(description="The network.", examples=["fake"])]
    base_url: Annotated[Line, Field(description="Its server.", examples=["https://social.example"])]
    handle: Annotated[Line, Field(description="Empty takes the one that the token belongs to.")] = ""
    token: Secret


class ReconnectBody(Body):
    """A new token."""

    token: Secret


class Disconnected(Shape):
    """What became of it."""

    taken_back: Annotated[int, Field(description="How many planned answers went back to their cases.")]


@router.get("/accounts", auth=Token(Scope.READ), response=list[Account])
def list_accounts(request: HttpRequest) -> list[Account]:
    """The brand's accounts, disconnected ones too."""
    rows = models.Account.objects.filter(brand=door.brand(request, Role.AGENT)).defer("token", "cursor")
    live = streams.open_now()
    return [account_of(row, live) for row in rows.order_by("channel", "handle")]


@router.post("/accounts", auth=Token(Scope.ADMIN), response={201: Account})
def connect_account(request: HttpRequest, body: ConnectBody) -> Status[Account]:
    """Connect an account, once its network has accepted the token; this asks the network at once."""
    brand = door.brand(request, access.ADMIN)
    with wire() as carrier:
        made = accounts.connect(
            brand.pk,
            body.channel,
            base_url=body.base_url,
            handle=body.handle,
            token=body.token.get_secret_value(),
            by=door.key(request).user,
            now=door.now(request),
            wire=carrier,
        )
    return Status(201, account_of(made))


@router.post("/accounts/{account_id}/reconnect", auth=Token(Scope.ADMIN), response=Account)
def reconnect_account(request: HttpRequest, account_id: Id, body: ReconnectBody) -> Account:
    """Give an account a new token, once its network says that it is the same account's."""
    found = door.mine(request, access.account(door.key(request).user, account_id, access.ADMIN))
    by, now = door.key(request).user, door.now(request)
    with wire() as carrier:
        return account_of(accounts.reconnect(found, body.token.get_secret_value(), by, now, carrier))


@router.delete("/accounts/{account_id}", auth=Token(Scope.ADMIN), response=Disconnected)
def disconnect_account(request: HttpRequest, account_id: Id) -> Disconnected:
    """Stop using an account and forget its token; its posts and cases stay."""
    found = door.mine(request, access.account(door.key(request).user, account_id, access.ADMIN))
    return Disconnected(taken_back=accounts.disconnect(found, door.key(request).user, door.now(request)))


def wire() -> Http:
    """The way to the networks."""
    return Http(allow_hosts=settings.ALLOW_HOSTS, now=clock.now)


def account_of(row: models.Account, live: Collection[int] | None = None) -> Account:
    """What the API tells of an account; `live` are those with a stream open now, when the caller knows."""
    names = set(Account.model_fields) - {"id", "live", "notice"}
    notice = told(row.settings).get(NOTICE, "") if row.active else ""
    heard = row.pk in (streams.open_now() if live is None else live)
    return Account(id=row.pk, live=heard, notice=notice, **{name: getattr(row, name) for name in names})
