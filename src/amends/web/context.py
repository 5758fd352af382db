"""What every page may show."""

from __future__ import annotations

from django.http import HttpRequest


def desk(request: HttpRequest) -> dict[str, object]:
    """The instant the page was made at."""
    return {"now": getattr(request, "now", None)}
