"""The lists: the inbox in its order, all posts, and the search through both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from amends.core import priority
from amends.store import desks, lists
from amends.store.desks import Desk
from amends.store.lists import BadCursor, CaseRow, Filter, Listing, Row, View
from amends.web import asked, place, redrawn, words
from amends.web.place import in_brand

_OWN_CLOCK = timedelta(hours=1)
_FOUND = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """A case as one row of a list."""

    row: CaseRow
    why: str
    as_of: datetime | None


@require_safe
@in_brand
def inbox(request: HttpRequest, desk: Desk) -> HttpResponse:
    """The cases of a brand, what is worst and nearest to its limit on top."""
    wanted = asked.cases(request, desk)
    context = {"section": "inbox", "wanted": wanted, "tabs": _tabs(request, wanted)}
    if redrawn.asked(request):
        return redrawn.answer(request, desk, "inbox_now.html", context, lambda: _cases(request, wanted))
    context |= {
        **_cases(request, wanted),
        "choices": desks.choices(desk.brand_id),
        "severities": words.SEVERITIES,
        "kinds": words.KINDS,
    }
    return render(request, "inbox.html", context)


def _cases(request: HttpRequest, wanted: Filter) -> dict[str, object]:
    listing = _page(lists.cases, wanted, request)
    return {
        "rows": _shown(listing.rows, request),
        "next": _next(request, listing.next),
        "narrowed": _narrowed(wanted),
    }


@require_safe
@in_brand
def posts(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Every post of a brand, whatever was made of it: praise and chatter are kept, too (P1, P2)."""
    wanted = asked.posts(request, desk)
    context: dict[str, object] = {"section": "posts", "wanted": wanted}
    if redrawn.asked(request):
        return redrawn.answer(request, desk, "posts_now.html", context, lambda: _posts(request, wanted))
    context |= {
        **_posts(request, wanted),
        "choices": desks.choices(desk.brand_id),
        "kinds": words.POST_KINDS,
    }
    return render(request, "posts.html", context)


def _posts(request: HttpRequest, wanted: Filter) -> dict[str, object]:
    listing = _page(lists.posts, wanted, request)
    return {
        "rows": listing.rows,
        "next": _next(request, listing.next),
        "narrowed": bool(wanted.kind or wanted.channel or wanted.query),
    }


@require_safe
@in_brand
def search(request: HttpRequest, desk: Desk) -> HttpResponse:
    """Cases and posts with certain words, or of a certain author, wherever they stand."""
    wanted = Filter((desk.brand_id,), View.ALL, request.user.pk, query=asked.text(request.GET, "q")[:200])
    context: dict[str, Any] = {"section": "search", "wanted": wanted}
    if wanted.query.strip():
        found = lists.cases(wanted, limit=_FOUND)
        context["cases"] = _shown(found.rows, request)
        context["more_cases"] = asked.again(request.GET, view=View.ALL) if found.next else ""
        listing = _page(lists.posts, wanted, request)
        context["rows"] = listing.rows
        context["next"] = _next(request, listing.next)
    return render(request, "search.html", context)


Read = Callable[[Filter, str | None], Listing[Row]]


def _page(read: Read[Row], wanted: Filter, request: HttpRequest) -> Listing[Row]:
    try:
        return read(wanted, request.GET.get("after") or None)
    except BadCursor as error:
        raise BadRequest(str(error)) from None


def _next(request: HttpRequest, cursor: str | None) -> str:
    return asked.again(request.GET, after=cursor) if cursor else ""


def _shown(rows: tuple[CaseRow, ...], request: HttpRequest) -> list[Shown]:
    now = place.instant(request)
    return [_one(row, now) for row in rows]


def _one(row: CaseRow, now: datetime) -> Shown:
    own = now - row.clock_offset
    as_of = own if row.clock_offset >= _OWN_CLOCK else None
    promised = row.due_at is not None and row.due_at == row.promised_until
    reasons = priority.explain(row.harm, row.band, row.due_at, own, promised=promised)
    return Shown(row, reasons[0], as_of)


@dataclass(frozen=True, slots=True)
class Tab:
    """One view of the inbox: its words, how full it is, and its address."""

    name: str
    query: str
    current: bool
    count: int | None


def _tabs(request: HttpRequest, wanted: Filter) -> list[Tab]:
    counts = lists.counts(wanted)
    return [
        Tab(
            name,
            asked.again(request.GET, view="" if view is View.WAITING else view),
            view is wanted.view,
            getattr(counts, view, None),
        )
        for view, name in words.VIEWS.items()
    ]


def _narrowed(wanted: Filter) -> bool:
    return replace(wanted, view=View.WAITING) != Filter(wanted.brand_ids, View.WAITING, wanted.user_id)
