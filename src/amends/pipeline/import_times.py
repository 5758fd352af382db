"""Times as exports spell them, as instants."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

_LONGEST = 100
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"-?\d{9,18}(\.\d{1,12})?\Z|-?\d(\.\d{1,17})?[eE]\+?\d{1,2}\Z", re.ASCII)
_MILLISECONDS_FROM = 10**11
"""Seconds since 1970 reach this in the year 5138, milliseconds did in 1973."""
_TWITTER = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d\d) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d) (\d{4})\Z", re.ASCII
)
_MONTHS = {
    name: n
    for n, name in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"], 1
    )
}


class NotATime(ValueError):
    """The words are no time in any form we know."""


def instant(spelled: str) -> datetime:
    """The instant of an ISO 8601, Unix (seconds or milliseconds), Twitter or RFC 2822 time.

    Where no zone is named it is UTC.
    """
    text = spelled.strip()
    try:
        if len(text) > _LONGEST:
            raise ValueError("too long")
        if _NUMBER.match(text):
            return _unix(text)
        if text[:1].isalpha():
            return _aware(_with_names(text))
        return _aware(_iso(text))
    except (ValueError, OverflowError, TypeError, IndexError) as error:
        shown = text if len(text) <= 40 else f"{text[:40]}…"
        raise NotATime(
            f"“{shown}” is no time; write it as 2026-03-04T12:00:00Z or as Unix seconds"
        ) from error


def _iso(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text.removesuffix(" UTC").removesuffix(" GMT"))
    except ValueError:
        return parsedate_to_datetime(text)


def _with_names(text: str) -> datetime:
    found = _TWITTER.match(text)
    if found is None:
        return parsedate_to_datetime(text)
    month, day, hour, minute, second, sign, hours, minutes, year = found.groups()
    ahead = timedelta(hours=int(hours), minutes=int(minutes))
    zone = timezone(ahead if sign == "+" else -ahead)
    return datetime(
        int(year), _MONTHS.get(month, 0), int(day), int(hour), int(minute), int(second), tzinfo=zone
    )


def _unix(text: str) -> datetime:
    value = float(text)
    if abs(value) >= _MILLISECONDS_FROM:
        return _EPOCH + timedelta(milliseconds=value)
    return _EPOCH + timedelta(seconds=value)


def _aware(found: datetime) -> datetime:
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
