"""Public holidays by country and subdivision, as the `holidays` package knows them; only their dates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache

_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])")


@cache
def countries() -> Mapping[str, tuple[str, ...]]:
    """The countries (two letters) whose holidays are known, with the codes of their subdivisions."""
    from holidays import list_supported_countries  # imported when first asked: it takes 0.15 s

    return {code: tuple(parts) for code, parts in list_supported_countries(include_aliases=False).items()}


@cache
def names() -> Mapping[str, str]:
    """What each of those countries is called in English, in the order of their names."""
    from holidays.registry import COUNTRIES

    called = {code: _HUMP.sub(" ", name) for name, code, *_ in COUNTRIES.values() if code in countries()}
    return dict(sorted(called.items(), key=lambda item: item[1]))


@lru_cache(maxsize=1024)
def in_year(country: str, subdivision: str | None, year: int) -> frozenset[date]:
    """The public holidays of a year, with the days on which one is kept that falls on a weekend."""
    from holidays import country_holidays

    return frozenset(country_holidays(country, subdiv=subdivision, years=year))
