"""Which case a post belongs to, and which conversation: by what the network says, then by person and time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from amends.core.policy import CaseRules

GENERAL = frozenset({"refund", "staff", "waiting"})
"""Topics that go with any grievance: wanting money back, being treated badly, being kept waiting."""
_FEWEST_WORDS = 4
"""Fewer words than these may well be said twice without being a repetition."""
_FORWARDED = re.compile(r"^\s*rt\s+@\S+:?\s*", re.IGNORECASE)
_NO_WORDS = re.compile(r"https?://\S+|@[\w.@-]+|[^\w\s]")
_ANOTHER = re.compile(
    r"\b(?:(?:another|different|separate|second|new|other)"
    r" (?:matter|thing|issue|problem|complaint|order|question)"
    r"|on top of that|by the way|unrelated"
    r"|(?:anderes|weiteres|neues) (?:thema|anliegen|problem)"
    r"|(?:andere|weitere|neue) (?:frage|sache|bestellung)"
    r"|(?:autre|nouveau|nouvelle) (?:problème|sujet|chose|commande|question|réclamation)|rien à voir"
    r"|(?:otro|nuevo) (?:problema|asunto|tema|pedido)|otra (?:cosa|queja|pregunta))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A case of the same person that a post may belong to.

    `conversations` are those that its posts stand in, `about` the topics of all posts of theirs, `said` their
    last posts as `words_of` gives them.
    """

    case: int
    conversations: frozenset[int]
    is_open: bool
    last_post_at: datetime
    about: frozenset[str] = frozenset()
    said: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Arriving:
    """A post of a person, as far as it says where it belongs; `answers` names the case of what it answers."""

    conversation: int
    posted_at: datetime
    text: str = ""
    about: frozenset[str] = frozenset()
    answers: int | None = None


class Because(StrEnum):
    """Why a post joined a case, or stands for itself."""

    ANSWERS = "answers"
    """It answers a post of the case."""
    CONVERSATION = "conversation"
    """It stands in the conversation of the case."""
    REPEATS = "repeats"
    """It says the same words once more."""
    NEAR = "near"
    """The person wrote in this open case not long ago, and nothing says that it is about something else."""
    FIRST = "first"
    """No case of the person is open, or has ended not long ago."""
    ELSEWHERE = "elsewhere"
    """Their cases were last spoken of too long ago, or ended in another conversation."""
    DIFFERENT = "different"
    """It is about something else than their open cases."""


@dataclass(frozen=True, slots=True)
class Joining:
    """The case that a post joins (None: it stands for itself), and why."""

    case: int | None
    because: Because


def case_for(candidates: Iterable[Candidate], post: Arriving, rules: CaseRules) -> Joining:
    """Which case of the same person a post belongs to, by the first of these that holds (P5).

    1. It answers a post of the case, or stands in its conversation, and the case is open or ended within
       `reopen_within_days`; of several the one it answers, then the open one with its topic. Only words that
       announce another matter, with a topic that the case has not, open another case here.
    2. It repeats words that the person said in such a case, wherever it stands: a repetition never opens one.
    3. A case of theirs is open and was last spoken of within `join_within_hours`, unless the post is a
       different grievance: its topics and those of the case are both known and have none in common. Without
       topics, or with such as go with any grievance (`GENERAL`), it joins: a person can split.
    """
    known = list(candidates)
    living = [c for c in known if _lives(c, post, rules)]
    words = words_of(post.text)
    for because, fitting in (
        (Because.ANSWERS, [c for c in living if c.case == post.answers and not _announced(c, post)]),
        (Because.CONVERSATION, [c for c in living if _same_talk(c, post)]),
        (Because.REPEATS, [c for c in living if words and words in c.said]),
        (Because.NEAR, [c for c in living if _near(c, post, rules) and not _different(c, post)]),
    ):
        if fitting:
            return Joining(max(fitting, key=lambda c: _closeness(c, post)).case, because)
    if any(_near(c, post, rules) or _announced(c, post) for c in living):
        return Joining(None, Because.DIFFERENT)
    return Joining(None, Because.ELSEWHERE if known else Because.FIRST)


def words_of(text: str) -> str:
    """A text as it is when it is repeated: without names, links, marks, capitals; empty for too few words."""
    words = _NO_WORDS.sub(" ", _FORWARDED.sub("", text)).casefold().split()
    return " ".join(words) if len(words) >= _FEWEST_WORDS else ""


def _lives(candidate: Candidate, post: Arriving, rules: CaseRules) -> bool:
    apart = abs(post.posted_at - candidate.last_post_at)
    return candidate.is_open or apart <= timedelta(days=rules.reopen_within_days)


def _same_talk(candidate: Candidate, post: Arriving) -> bool:
    return post.conversation in candidate.conversations and not _announced(candidate, post)


def _near(candidate: Candidate, post: Arriving, rules: CaseRules) -> bool:
    apart = abs(post.posted_at - candidate.last_post_at)
    return candidate.is_open and apart <= timedelta(hours=rules.join_within_hours)


def _different(candidate: Candidate, post: Arriving) -> bool:
    ours, theirs = post.about - GENERAL, candidate.about - GENERAL
    return bool(ours) and bool(theirs) and not ours & theirs


def _announced(candidate: Candidate, post: Arriving) -> bool:
    return _different(candidate, post) and _ANOTHER.search(post.text) is not None


def _closeness(candidate: Candidate, post: Arriving) -> tuple[bool, int, datetime, int]:
    shared = len(candidate.about & post.about)
    return candidate.is_open, shared, candidate.last_post_at, candidate.case


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
