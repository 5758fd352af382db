"""API tokens, made and ended by API: never for more than the calling token may do itself."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import Http404, HttpRequest
from ninja import Router, Status
from pydantic import Field

from amends.api import door
from amends.api.door import Token
from amends.api.problems import Refusal
from amends.api.words import Body, Id, Instant, Line, Shape
from amends.core.scopes import Scope
from amends.pipeline import tokens
from amends.store import access, models

router = Router()
MOST_ROWS = 500


class TokenOut(Shape):
    """A token, without its secret."""

    id: Annotated[int, Field(description="The desk's id.")]
    name: Annotated[str, Field(description="What it is for.")]
    prefix: Annotated[str, Field(description="How its secret begins.")]
    scopes: Annotated[list[str], Field(description="What it is made for.")]
    person: Annotated[int, Field(description="As whom it acts.")]
    created_at: Annotated[datetime, Field(description="When it was made.")]
    expires_at: Annotated[datetime | None, Field(description="When it ends by itself.")]
    last_used_at: Annotated[datetime | None, Field(description="When it was last used, to the minute.")]
    revoked_at: Annotated[datetime | None, Field(description="When it was ended.")]


class NewToken(TokenOut):
    """A token just made."""

    secret: Annotated[str, Field(description="The secret. It is shown only now and is not kept.")]


class TokenBody(Body):
    """A token to make."""

    name: Annotated[Line, Field(description="What it is for.", examples=["Order system"])]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=10, description="What it may do.")]
    expires_at: Annotated[Instant | None, Field(description="When it ends by itself; at most ten years.")] = (
        None
    )


@router.get("/tokens", auth=Token(Scope.ADMIN), response=list[TokenOut])
def list_tokens(request: HttpRequest) -> list[TokenOut]:
    """The brand's last 500 tokens, newest first, ended ones too."""
    brand = door.brand(request, access.ADMIN)
    rows = models.ApiToken.objects.filter(brand=brand).order_by("-pk")[:MOST_ROWS]
    return [_token(row) for row in rows]


@router.post("/tokens", auth=Token(Scope.ADMIN), response={201: NewToken})
def make_token(request: HttpRequest, body: TokenBody) -> Status[NewToken]:
    """Make a token for the same person and brand, for no more than the calling token may do."""
    key = door.key(request)
    if beyond := frozenset(body.scopes) - key.scopes:
        named = ", ".join(sorted(beyond))
        what = f"A token makes tokens for no more than it may do itself; it may not: {named}."
        raise Refusal(403, "scope", what, "Leave those out, or make the token in the desk.")
    made, secret = tokens.make_token(
        key.user, key.brand.pk, body.name, body.scopes, body.expires_at, door.now(request)
    )
    return Status(201, NewToken(**_token(made).model_dump(), secret=secret))


@router.delete("/tokens/{token_id}", auth=Token(Scope.ADMIN), response={204: None})
def revoke_token(request: HttpRequest, token_id: Id) -> Status[None]:
    """End a token for good; the calling one too, if that is the one."""
    found = door.mine(request, access.token(door.key(request).user, token_id, access.ADMIN))
    tokens.revoke(found, door.key(request).user, door.now(request))
    return Status(204, None)


@router.get("/me/tokens", auth=Token(Scope.READ), response=list[TokenOut])
def list_own_tokens(request: HttpRequest) -> list[TokenOut]:
    """The last 500 tokens of the token's person in the brand, newest first, ended ones too."""
    mine = models.ApiToken.objects.filter(
        brand=door.brand(request, access.AGENT), user=door.key(request).user
    )
    return [_token(row) for row in mine.order_by("-pk")[:MOST_ROWS]]


@router.delete("/me/tokens/{token_id}", auth=Token(Scope.WRITE), response={204: None})
def revoke_own_token(request: HttpRequest, token_id: Id) -> Status[None]:
    """End a token of the token's person for good, one that may do no more than the calling token."""
    key = door.key(request)
    found = door.mine(request, access.token(key.user, token_id, access.AGENT))
    if found.user_id != key.user.pk:
        raise Http404("The token's person has no such token in its brand.")
    if beyond := set(found.scopes) - key.scopes:
        named = ", ".join(sorted(beyond))
        what = f"A token ends tokens that may do no more than it may itself; it may not: {named}."
        raise Refusal(403, "scope", what, "Use a token that may do as much, or end it in the desk.")
    tokens.revoke(found, key.user, door.now(request))
    return Status(204, None)


def _token(row: models.ApiToken) -> TokenOut:
    return TokenOut(
        id=row.pk,
        name=row.name,
        prefix=row.prefix,
        scopes=list(row.scopes),
        person=row.user_id,
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
