"""What is to be done after the commit, as data."""

from __future__ import annotations

from dataclasses import dataclass

from amends.core.values import Visibility


@dataclass(frozen=True, slots=True)
class Send:
    """One answer to send, once, under its own key, from one of our accounts."""

    key: str
    text: str
    to_post: int
    account: int
    visibility: Visibility


Effect = Send
