"""What every page may show: its instant, its look, and where in the desk its reader is."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from amends.web import place


def desk(request: HttpRequest) -> dict[str, object]:
    """`now`, `look` and `desk` (see `web.place.Place`); the last costs a query only where it is used."""
    return {
        "now": getattr(request, "now", None),
        "look": look(request),
        "desk": SimpleLazyObject(lambda: place.of(request)),
    }


def look(request: HttpRequest) -> str:
    """The look the reader chose: `light`, `dark`, or nothing for whatever their device prefers."""
    chosen = request.COOKIES.get("look", "")
    return chosen if chosen in ("light", "dark") else ""
