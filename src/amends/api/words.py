"""The kinds of field that bodies and answers of the API are made of."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from amends.store.plain import plain

LONGEST_TEXT = 20_000
LONGEST_WHY = 2_000
MOST_ROWS = 100
_LAST_YEAR = 9000
_DATE = re.compile(r"\d{4}-\d\d-\d\dT", re.ASCII)


class Body(BaseModel):
    """What a caller sends: nothing but the named fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Shape(BaseModel):
    """What a caller gets."""

    model_config = ConfigDict(frozen=True)


def _storable(value: object) -> object:
    return plain(value) if isinstance(value, str) else value


def _spelled_out(value: object) -> object:
    if isinstance(value, datetime) or (isinstance(value, str) and _DATE.match(value)):
        return value
    raise ValueError("write the time like 2026-03-04T12:00:00Z")


def _in_utc(at: datetime) -> datetime:
    try:
        moment = at.astimezone(UTC)
    except OverflowError:
        raise ValueError("that time is beyond what a calendar holds") from None
    if not 1 < moment.year < _LAST_YEAR:
        raise ValueError("that time is beyond what a calendar holds")
    return moment


Storable = BeforeValidator(_storable)
Line = Annotated[str, Storable, Field(max_length=500)]
Text = Annotated[str, Storable, Field(max_length=LONGEST_TEXT)]
Why = Annotated[str, Storable, Field(max_length=LONGEST_WHY)]
Id = Annotated[int, Field(gt=0, lt=2**63)]
Instant = Annotated[AwareDatetime, BeforeValidator(_spelled_out), AfterValidator(_in_utc)]
Limit = Annotated[int, Field(ge=1, le=MOST_ROWS)]
Cursor = Annotated[str | None, Field(min_length=1, max_length=200)]
