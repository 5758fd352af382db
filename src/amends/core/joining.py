"""Which case a post belongs to, and which conversation: by what the network says, then by person and time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from amends.core.policy import CaseRules


@dataclass(frozen=True, slots=True)
class Candidate:
    """A case of the same person that a post may belong to."""

    case: int
    conversation: int
    is_open: bool
    last_post_at: datetime


def case_for(
    candidates: Iterable[Candidate],
    conversation: int,
    posted_at: datetime,
    rules: CaseRules,
) -> int | None:
    """The case that a post of the same person joins, or None when it stands for itself.

    First the case of the same conversation, open or ended not long ago; else the person's open case that was
    last spoken of within the policy's time (P5).
    """
    reopen = timedelta(days=rules.reopen_within_days)
    join = timedelta(hours=rules.join_within_hours)
    same, near = [], []
    for candidate in candidates:
        apart = abs(posted_at - candidate.last_post_at)
        if candidate.conversation == conversation and (candidate.is_open or apart <= reopen):
            same.append(candidate)
        elif candidate.is_open and apart <= join:
            near.append(candidate)
    best = max(same or near, key=lambda c: (c.is_open, c.last_post_at, c.case), default=None)
    return best.case if best else None


@dataclass(frozen=True, slots=True)
class Link:
    """What a post says about where it hangs."""

    id: str
    conversation_id: str
    in_reply_to: str


def conversation_key(link: Link, batch: dict[str, Link], known: Callable[[str], str | None]) -> str:
    """The key of the conversation that a post hangs in.

    `c:` and the network's own id where it gives one; else that of the topmost post that can be reached by
    replies, in the batch and then among the `known` posts; a parent that is not there yet lends its id
    (`p:`), so that it finds its answers when it comes. Circles end at their smallest id.
    """
    path: dict[str, int] = {}
    at = link
    while True:
        if at.conversation_id:
            return f"c:{at.conversation_id}"
        path[at.id] = len(path)
        parent = at.in_reply_to
        if not parent or parent == at.id:
            return f"p:{at.id}"
        if parent in path:
            return f"p:{min(list(path)[path[parent] :])}"
        if (key := known(parent)) is not None:
            return key
        if parent not in batch:
            return f"p:{parent}"
        at = batch[parent]
