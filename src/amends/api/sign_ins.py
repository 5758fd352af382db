"""Connecting an account by signing in on its own server: a program begins it, a person consents there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field, SecretStr

from amends.api import door
from amends.api.accounts import Account, account_of, wire
from amends.api.door import Token
from amends.api.words import Body, Id, Line, Shape
from amends.core.scopes import Scope
from amends.pipeline import coming_back, connecting
from amends.pipeline.connecting import Begun
from amends.store import access

router = Router()
PROGRAM = ""
"""A program has no browser session; what it begins is bound to its person alone."""
Shows = Annotated[
    bool,
    Field(
        description="Whether the server shall show a code to be posted to `code`, instead of sending the "
        "person's browser back to the desk."
    ),
]


class SignIn(Shape):
    """A sign-in under way."""

    id: Annotated[int, Field(description="The desk's id.")]
    url: Annotated[str, Field(description="The server's consent page, for the token's person to visit.")]
    server: Annotated[str, Field(description="The server, as the desk understood it.")]
    shows_code: Annotated[
        bool, Field(description="Whether a code will be shown; also where the server sends nobody back.")
    ]
    asks: Annotated[list[str], Field(description="What the server is asked to allow.")]
    expires_at: Annotated[datetime, Field(description="Until when it can be finished.")]


class SignInBody(Body):
    """An account to sign in with."""

    channel: Annotated[Line, Field(description="The network.", examples=["mastodon"])]
    server: Annotated[Line, Field(description="Its server or handle.", examples=["@brand@social.example"])]
    shows_code: Shows = False


class AgainBody(Body):
    """How the sign-in is to end."""

    shows_code: Shows = False


class CodeBody(Body):
    """What the server showed."""

    code: Annotated[SecretStr, Field(max_length=coming_back.LONGEST_CODE, description="The code, whole.")]


@router.post("/accounts/sign-in", auth=Token(Scope.ADMIN), response={201: SignIn})
def begin_sign_in(request: HttpRequest, body: SignInBody) -> Status[SignIn]:
    """Begin to connect an account by signing in on its own server; this asks that server at once.

    The token's person visits `url`. With `shows_code` the server shows a code, which is posted to
    `/accounts/sign-in/{sign_in_id}/code`; else it sends the browser back to the desk, where the same person
    must be signed in, and the account appears in the list.
    """
    brand = door.brand(request, access.ADMIN)
    with wire() as carrier:
        begun = connecting.begin(
            brand.pk,
            body.channel,
            body.server,
            session=PROGRAM,
            pasted=body.shows_code,
            by=door.key(request).user,
            now=door.now(request),
            wire=carrier,
        )
    return Status(201, _told(begun))


@router.post("/accounts/{account_id}/sign-in", auth=Token(Scope.ADMIN), response={201: SignIn})
def begin_sign_in_again(request: HttpRequest, account_id: Id, body: AgainBody) -> Status[SignIn]:
    """Begin to get a new token for an account by signing in on its own server again."""
    found = door.mine(request, access.account(door.key(request).user, account_id, access.ADMIN))
    with wire() as carrier:
        begun = connecting.begin_again(
            found,
            session=PROGRAM,
            pasted=body.shows_code,
            by=door.key(request).user,
            now=door.now(request),
            wire=carrier,
        )
    return Status(201, _told(begun))


@router.post("/accounts/sign-in/{sign_in_id}/code", auth=Token(Scope.ADMIN), response=Account)
def finish_sign_in(request: HttpRequest, sign_in_id: Id, body: CodeBody) -> Account:
    """Finish a sign-in with the code that its server showed; the account is connected then."""
    key = door.key(request)
    found = door.mine(request, access.sign_in(key.user, sign_in_id, access.ADMIN))
    code, now = body.code.get_secret_value(), door.now(request)
    with wire() as carrier:
        return account_of(coming_back.paste(found, code, session=PROGRAM, by=key.user, now=now, wire=carrier))


def _told(begun: Begun) -> SignIn:
    made = begun.sign_in
    return SignIn(
        id=made.pk,
        url=begun.url,
        server=made.app.base_url,
        shows_code=begun.shows_code,
        asks=made.scopes.split(),
        expires_at=made.expires_at,
    )
