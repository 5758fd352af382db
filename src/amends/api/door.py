"""Who comes in: a token's holder, within its one brand and its scopes. Closed by default.

What belongs to another brand does not exist for a token, even when its person works for that brand too.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from ninja.security import HttpBearer

from amends.api.problems import Refusal
from amends.core.scopes import Scope
from amends.core.values import Role
from amends.pipeline import decide, tokens
from amends.pipeline.tokens import Key
from amends.store import access, models

MOST_REFUSED = 30
PER_SECONDS = 60
Row = TypeVar(
    "Row",
    models.Post,
    models.Send,
    models.Account,
    models.Membership,
    models.Invitation,
    models.ApiToken,
    models.SignIn,
    models.AlertHook,
)


class Token(HttpBearer):
    """Lets in who holds a token with the scope that the operation names."""

    def __init__(self, scope: Scope) -> None:
        super().__init__()
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Key:
        """The key of the presented token; raises Refusal."""
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        found = None
        if scheme.lower() == "bearer" and secret:
            found = tokens.find_token(secret.strip(), now(request))
        if found is None:
            raise _stranger(request)
        if self.scope not in found.scopes:
            raise Refusal(
                403,
                "scope",
                f"This needs the scope “{self.scope}”, which the token has not, or its person no longer.",
                f"Use a token made with the scope “{self.scope}”.",
            )
        return found

    def authenticate(self, request: HttpRequest, token: str) -> Key:
        """Never asked; `__call__` does the whole of it."""
        raise NotImplementedError


def _stranger(request: HttpRequest) -> Refusal:
    """401, or 429 for an address that keeps knocking. Tokens that hold are never made to wait."""
    minute, second = divmod(int(now(request).timestamp()), PER_SECONDS)
    name = f"api-refused:{minute}:{request.META.get('REMOTE_ADDR', '')}"
    refused = 1 if cache.add(name, 1, PER_SECONDS) else _counted(name)
    if refused > MOST_REFUSED:
        why = "Too many requests without a token that holds came from this address."
        return Refusal(429, "too-many", why, "Wait a minute.", PER_SECONDS - second)
    return Refusal(
        401,
        "token",
        "There is no token in the request, or it does not hold (any more).",
        "Send `Authorization: Bearer am_…` with a token made under “API tokens” in the desk.",
    )


def _counted(name: str) -> int:
    try:
        return cache.incr(name)
    except ValueError:  # its minute ended just now
        return 1


def now(request: HttpRequest) -> datetime:
    """The instant of the request."""
    at: datetime = request.now  # type: ignore[attr-defined]
    return at


def key(request: HttpRequest) -> Key:
    """What the request's token opens."""
    found: Key = request.auth  # type: ignore[attr-defined]
    return found


def actor(request: HttpRequest) -> decide.Actor:
    """The token's person as the one who acts."""
    return decide.person(key(request).user.pk)


def brand(request: HttpRequest, need: Role) -> models.Brand:
    """The token's brand, if its person's role is enough."""
    access.check(key(request).role, need)
    return key(request).brand


def staff(request: HttpRequest) -> models.User:
    """The token's person, if they run the installation; its brand and role open nothing of that."""
    found = key(request).user
    if not found.is_staff:
        raise PermissionDenied("Only who runs this installation can see or do that.")
    return found


def case(request: HttpRequest, case_id: int, need: Role) -> models.Case:
    """A case of the token's brand."""
    found = access.case(key(request).user, case_id, need)
    if found.brand_id != key(request).brand.pk:
        raise Http404("There is no such case in the brand of this token.")
    return found


def mine(request: HttpRequest, found: Row) -> Row:
    """What `access` gave the person, if it is of the token's brand."""
    if found.brand_id != key(request).brand.pk:
        raise Http404("There is no such thing in the brand of this token.")
    return found
