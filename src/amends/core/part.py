"""What every part of a policy document shares: its manners and its small types."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field


class Part(BaseModel):
    """A part of a policy: it never changes, and a word it does not know is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"“{name}” is not a known time zone; write it like Europe/Berlin")
    return name


Percent = Annotated[int, Field(ge=10, le=300)]
"""A share of a target: 100 is the whole, more is beyond it."""
ChannelName = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\x00-\x1f\x7f]+$")]
ZoneName = Annotated[str, AfterValidator(_known_zone)]
Minutes = Annotated[int, Field(ge=1, le=60 * 24 * 60)]
