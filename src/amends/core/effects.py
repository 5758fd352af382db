"""What is to be done after the commit, as data."""

from __future__ import annotations

from dataclasses import dataclass

from amends.core.escalation import Does
from amends.core.values import Visibility


@dataclass(frozen=True, slots=True)
class Send:
    """One answer to send, once, under its own key, from one of our accounts.

    No person wrote an `automatic` one.
    """

    key: str
    text: str
    to_post: int
    account: int
    visibility: Visibility
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Escalate:
    """One step of the ladder to be taken, once for its cause."""

    does: Does
    cause: str


Effect = Send | Escalate
