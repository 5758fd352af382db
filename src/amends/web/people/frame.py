"""What all pages of the settings share: who may enter, what is shown once, and how a refusal is told."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from amends.core.case import NotPossible
from amends.core.values import Role
from amends.store import sealed
from amends.store.desks import Desk
from amends.store.models import Account, AlertHook, ApiToken, Invitation, Membership, SignIn
from amends.web import place

P = ParamSpec("P")
Row = TypeVar("Row", Account, AlertHook, ApiToken, Invitation, Membership, SignIn)
_ONCE = "shown once"


def for_role(
    need: Role,
) -> Callable[
    [Callable[Concatenate[HttpRequest, Desk, P], HttpResponse]],
    Callable[Concatenate[HttpRequest, str, P], HttpResponse],
]:
    """A settings page of one brand, for people with at least this role in it; no cache keeps it."""

    def guard(
        view: Callable[Concatenate[HttpRequest, Desk, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, str, P], HttpResponse]:
        @wraps(view)
        def entered(request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            response = view(request, place.enter(request, slug, need), *args, **kwargs)
            response.headers["Cache-Control"] = "no-store"
            return response

        return entered  # type: ignore[return-value]

    return guard


def for_staff(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """A page for who runs the installation."""

    @wraps(view)
    def entered(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        request = args[0]
        if not isinstance(request, HttpRequest) or not place.reader(request).is_staff:
            raise PermissionDenied("Only who runs this installation can see that.")
        return view(*args, **kwargs)

    return entered


def show(request: HttpRequest, template: str, tab: str, **context: object) -> HttpResponse:
    """A page of the settings with one of its tabs marked."""
    return render(request, f"people/{template}", {**context, "tab": tab, "section": "settings"})


def try_to(
    request: HttpRequest, deed: Callable[[], object], done: str, back: str, *to: object
) -> HttpResponse:
    """Do it, tell what came of it, and go to the page that shows it."""
    try:
        deed()
    except NotPossible as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return redirect(back, *to)


def within(desk: Desk, found: Row) -> Row:
    """The row, if it is the brand's in whose settings the reader is; any other is not there."""
    if found.brand_id != desk.brand_id:
        raise Http404("There is no such thing in this brand.")
    return found


def keep_once(request: HttpRequest, secret: str) -> None:
    """Hold a secret for the next page alone, sealed, so that reloading neither makes nor shows it again."""
    request.session[_ONCE] = sealed.seal(secret).decode()


def take_once(request: HttpRequest) -> str:
    """The secret that was held for this page, or nothing."""
    held = request.session.pop(_ONCE, "")
    try:
        return sealed.open_(held.encode()) if held else ""
    except sealed.CannotOpen:
        return ""
