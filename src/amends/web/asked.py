"""What a request asks for, read strictly: anything that is not understood is refused with words (400)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar
from urllib.parse import urlencode

from django.core.exceptions import BadRequest
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from amends.core.case import NotPossible
from amends.core.values import Kind, Severity
from amends.store.desks import Desk
from amends.store.lists import QUERY_MAX, UNREAD, Filter, View
from amends.store.plain import plain

Word = TypeVar("Word", bound=StrEnum)
_BIGGEST = 2**63 - 1
_NARROWING = ("view", "severity", "channel", "kind", "assignee", "q")


def word(data: QueryDict, name: str, words: type[Word]) -> Word | None:
    """One of a closed set of words; None when nothing was given."""
    given = data.get(name, "")
    if not given:
        return None
    try:
        return words(given)
    except ValueError:
        raise BadRequest(f"“{name}” cannot be that; choose from the page.") from None


def number(data: QueryDict, name: str) -> int | None:
    """A whole number that a row may have as its id; None when nothing was given."""
    given = data.get(name, "")
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 20 and 0 < int(given) <= _BIGGEST):
        raise BadRequest(f"“{name}” is not a number that names anything here.")
    return int(given)


def text(data: QueryDict, name: str) -> str:
    """What was typed, as the desk can keep it."""
    return plain(data.get(name, ""))


def cases(request: HttpRequest, desk: Desk) -> Filter:
    """The list of cases that an address asks for."""
    data = request.GET
    return Filter(
        brand_ids=(desk.brand_id,),
        view=word(data, "view", View) or View.WAITING,
        user_id=request.user.pk,
        severity=word(data, "severity", Severity),
        channel=_channel(data),
        kind=word(data, "kind", Kind),
        assignee=number(data, "assignee"),
        query=text(data, "q")[:QUERY_MAX],
    )


def posts(request: HttpRequest, desk: Desk) -> Filter:
    """The list of posts that an address asks for."""
    data = request.GET
    unread = data.get("kind") == UNREAD
    return Filter(
        brand_ids=(desk.brand_id,),
        view=View.ALL,
        severity=word(data, "severity", Severity),
        channel=_channel(data),
        kind=UNREAD if unread else word(data, "kind", Kind),
        query=text(data, "q")[:QUERY_MAX],
    )


def _channel(data: QueryDict) -> str | None:
    return text(data, "channel")[:40] or None


def again(data: QueryDict, **changes: str) -> str:
    """The same list by other words: the query string with these changed, from its first page."""
    kept = {name: data.get(name, "") for name in _NARROWING}
    return urlencode({name: value for name, value in {**kept, **changes}.items() if value})


_PRESETS = {"1h": timedelta(hours=1), "4h": timedelta(hours=4)}
_MORNING = 9


def until(data: QueryDict, now: datetime) -> datetime:
    """The time a case is to be put aside until: a preset, or a day and time in the reader's zone."""
    preset = data.get("for", "")
    if preset in _PRESETS:
        return now + _PRESETS[preset]
    here = timezone.localtime(now)
    if preset in ("tomorrow", "monday"):
        days = 1 if preset == "tomorrow" else 7 - here.weekday()
        morning = (here + timedelta(days=days)).replace(hour=_MORNING, minute=0, second=0, microsecond=0)
        return morning.astimezone(UTC)
    return _typed_time(data.get("until", ""), now)


def _typed_time(typed: str, now: datetime) -> datetime:
    try:
        at = datetime.fromisoformat(typed)
    except ValueError:
        raise NotPossible("Choose how long, or a day and time; the case was left as it is.") from None
    if not now.year <= at.year <= now.year + 2:
        raise NotPossible("Choose a time to come, within two years; the case was left as it is.")
    return (at if at.tzinfo else at.replace(tzinfo=timezone.get_current_timezone())).astimezone(UTC)
