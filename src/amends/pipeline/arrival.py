"""A post on its way in, as the stages hand it on: what came, what it is to us, what was read in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from amends.core.joining import Because
from amends.core.values import Direction
from amends.language.reading import Reading
from amends.pipeline.receive import Item
from amends.store.posts import Key


class Change(StrEnum):
    """What an arrival does to the store."""

    NEW = "new"
    EDITED = "edited"
    DELETED = "deleted"
    READ = "read"


@dataclass(slots=True)
class Arrival:
    """One post in flight; the stages fill in what they find out. `post_id` is None until it is stored,
    `joins` says that it was given its case just now and `because` why, `automatic` that no person wrote it:
    the network tells of our own holding reply before its sending has come to an end."""

    item: Item
    change: Change
    account_id: int | None
    received_at: datetime
    offset: timedelta
    post_id: int | None = None
    author_id: int = 0
    conversation_id: int = 0
    case_id: int | None = None
    parent_text: str | None = None
    parent_case_id: int | None = None
    reading: Reading | None = None
    wants: bool = False
    joins: bool = False
    because: Because | None = None
    automatic: bool = False

    @property
    def key(self) -> Key:
        """Channel and id on it."""
        return (self.item.channel, self.item.remote_id)

    @property
    def incoming(self) -> bool:
        """Whether a person wrote it, not the firm."""
        return self.item.direction is Direction.IN
