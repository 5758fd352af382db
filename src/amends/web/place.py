"""Where in the desk a reader is: the brand they look at, and the others they may switch to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse

from amends.core.values import Role
from amends.store import access, desks
from amends.store.desks import Desk
from amends.store.models import User

P = ParamSpec("P")
REMEMBERED = "brand"


@dataclass(frozen=True, slots=True)
class Place:
    """The brand a page is about (None when it is about none) and all brands of its reader."""

    brand: Desk | None
    places: tuple[Desk, ...]

    @property
    def several(self) -> bool:
        """Whether there is anything to switch between."""
        return len(self.places) > 1


def of(request: HttpRequest) -> Place:
    """The reader's place: as a view set it, else the brand they looked at last, else their first."""
    kept = getattr(request, "place", None)
    if isinstance(kept, Place):
        return kept
    user = request.user
    places = desks.of(user.pk) if isinstance(user, User) else ()
    last = request.session.get(REMEMBERED) if places else None
    brand = next((place for place in places if place.slug == last), places[0] if places else None)
    return _keep(request, Place(brand, places))


def enter(request: HttpRequest, slug: str, need: Role = access.AGENT) -> Desk:
    """The brand of this slug as the reader works in it, from now on the one they looked at last.

    What is not theirs does not exist (Http404); what their role does not cover is refused.
    """
    places = of(request).places
    brand = next((place for place in places if place.slug == slug), None)
    if brand is None:
        raise Http404("There is no such brand, or you do not work for it.")
    access.check(brand.role, need)
    if request.session.get(REMEMBERED) != slug:
        request.session[REMEMBERED] = slug
    _keep(request, Place(brand, places))
    return brand


def in_brand(
    view: Callable[Concatenate[HttpRequest, Desk, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, str, P], HttpResponse]:
    """A view of one brand: entered by the slug in its address before the view runs."""

    @wraps(view)
    def entered(request: HttpRequest, slug: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        return view(request, enter(request, slug), *args, **kwargs)

    return entered  # type: ignore[return-value]


def reader(request: HttpRequest) -> User:
    """Who looks at the page; the middleware has let nobody else in."""
    if not isinstance(request.user, User):
        raise Http404("Sign in first.")
    return request.user


def instant(request: HttpRequest) -> datetime:
    """The one instant at which the request is answered."""
    now: datetime = request.now  # type: ignore[attr-defined]
    return now


def _keep(request: HttpRequest, place: Place) -> Place:
    request.place = place  # type: ignore[attr-defined]
    return place
