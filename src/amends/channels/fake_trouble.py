"""The troubles that can be ordered on the fake network, and how a carrier is told to break off."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from amends.channels.protocol import Response


class Trouble(StrEnum):
    """What can go wrong with one request."""

    DROP = "drop"
    """Done, but the answer is lost."""
    ERROR = "error"
    """500, nothing done."""
    ERROR_AFTER = "error_after"
    """500, though it was done."""
    RATE = "rate"
    """429 with Retry-After, nothing done."""
    RESET = "reset"
    """Connection reset, nothing done."""
    SLOW = "slow"
    """Done, but the answer comes late."""
    EXPIRE = "expire"
    """401, nothing done."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One ordered trouble, for the next request of this method whose path begins like this."""

    trouble: Trouble
    method: str = ""
    path: str = "/api/"
    seconds: int = 2


class Broken(Exception):
    """The carrier must break the exchange as ordered; `response` is what a late answer would say."""

    def __init__(self, fault: Fault, response: Response | None = None) -> None:
        super().__init__(fault.trouble)
        self.fault = fault
        self.response = response
