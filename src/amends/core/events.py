"""What can happen to a case: facts from the networks, what people do, and time passing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from amends.core.holding import Automation
from amends.core.joining import Because
from amends.core.values import Kind, Resolution, Severity, Standing, Visibility

if TYPE_CHECKING:
    from amends.core.answering import Other
    from amends.core.case import Case


@dataclass(frozen=True, slots=True)
class Facts:
    """What the posts of a case say, whatever order they arrived in; times are the network's own.

    `lead` is the post that says it best: the earliest of the worst. `oldest_waiting` is the oldest post of
    the person that wants an answer and has none: later than the firm's last answer and `settled_until`;
    answers that no person sent do not count. `urgent` to `public` are what waiting puts at stake, see
    core.harm.Stakes.
    """

    kind: Kind
    severity: Severity
    first_post_at: datetime
    last_post_at: datetime
    oldest_waiting: datetime | None
    first_answer_at: datetime | None
    posts_in: int
    lead: int
    lang: str = ""
    standing: Standing = Standing.ORDINARY
    urgent: frozenset[str] = frozenset()
    abusive: bool = False
    heat: int = 0
    trend: int = 0
    waiting_posts: int = 1
    cases_before: int = 0
    reach: int | None = None
    public: bool = False


@dataclass(frozen=True, slots=True)
class PostsChanged:
    """Posts arrived, changed or went; `joined` are the new posts' ids, `because` why they are in
    this case, `wants` whether one wants an answer.

    `offset` is how far behind ours the clock of what arrived lies: zero for live posts, more for imported
    history, None when nothing arrived. `answered_at` is the last answer among what joined: given by a person
    of the firm, elsewhere than on the desk.
    """

    facts: Facts
    offset: timedelta | None = None
    joined: tuple[int, ...] = ()
    because: tuple[Because, ...] = ()
    wants: bool = False
    edited: tuple[int, ...] = ()
    deleted: tuple[int, ...] = ()
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Assigned:
    """Somebody was given the case, took it (`to` themselves), or it was put back (`to` is None).

    The desk says `why` where no person did it.
    """

    to: int | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class NobodyFree:
    """The case was to go to somebody else, and nobody was there who could take it."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A person took the case that they saw with `was` (None: with nobody)."""

    by: int
    was: int | None


@dataclass(frozen=True, slots=True)
class ReplyWritten:
    """A person wrote an answer that is to leave the desk under the key `key`.

    Where it `hands_over`, we wait for the customer once it stands. `others` answer the same person at this
    moment; `despite` are those of them in spite of whom it is to be sent.
    """

    key: str
    text: str
    to_post: int
    account: int
    visibility: Visibility
    hands_over: bool = False
    others: tuple[Other, ...] = ()
    despite: tuple[Other, ...] = ()


@dataclass(frozen=True, slots=True)
class ReplyStood:
    """An answer planned at `written_at` (our clock) stands on the network since `answered_at`.

    `facts` already counts it. An `automatic` one is a holding reply: it answers nobody.
    """

    key: str
    facts: Facts
    answered_at: datetime
    written_at: datetime
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class ReplyFailed:
    """A planned answer did not go out, or nobody knows yet whether it did (`certain` is False)."""

    key: str
    why: str
    certain: bool
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class SendSettled:
    """A person looked at a send whose fate was unknown: `again` sends it once more, else it is given up."""

    key: str
    again: bool
    why: str
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class Noted:
    """A person wrote something for colleagues only."""

    text: str


@dataclass(frozen=True, slots=True)
class Snoozed:
    """A person put the case aside until a time."""

    until: datetime


@dataclass(frozen=True, slots=True)
class NeedsNoAnswer:
    """A person says that what was written so far needs no answer."""


@dataclass(frozen=True, slots=True)
class NeedsAnswer:
    """A person says that a post needs an answer, whatever kind it is; `facts` already says so.

    What was written before `posted_at` goes on needing none, where somebody said that.
    """

    post: int
    posted_at: datetime
    facts: Facts


@dataclass(frozen=True, slots=True)
class Promised:
    """A person promised the customer an update by a time on our clock."""

    until: datetime


@dataclass(frozen=True, slots=True)
class CustomersTurn:
    """A person says that the next word is the customer's: the resolution clock stands."""

    why: str


@dataclass(frozen=True, slots=True)
class OurTurn:
    """A person goes on without the customer's word."""

    why: str


@dataclass(frozen=True, slots=True)
class Graded:
    """A person set the severity."""

    severity: Severity
    why: str


@dataclass(frozen=True, slots=True)
class Resolved:
    """A person closed the case with an outcome and a reason (P15)."""

    resolution: Resolution
    why: str


@dataclass(frozen=True, slots=True)
class Reopened:
    """A person opened the case again."""

    why: str


@dataclass(frozen=True, slots=True)
class HoldChanged:
    """A legal hold was placed (`placed`) or lifted; deleted words stay readable while one stands."""

    placed: bool
    why: str


@dataclass(frozen=True, slots=True)
class MergedInto:
    """A person merged the case into another; cases of different people need a reason."""

    into: int
    why: str = ""
    same_person: bool = True


@dataclass(frozen=True, slots=True)
class Absorbed:
    """Another case, as it was, was merged into this one with these posts; `facts` already count them."""

    other: Case
    facts: Facts
    posts: tuple[int, ...]
    why: str = ""
    same_person: bool = True


@dataclass(frozen=True, slots=True)
class Parted:
    """A person split these posts off into another case; `facts` and `sends_open` are of what stays."""

    into: int
    facts: Facts
    posts: tuple[int, ...]
    why: str
    sends_open: int = 0


@dataclass(frozen=True, slots=True)
class SplitOff:
    """The case is born of posts split off `source`, on whose ladder it goes on if it `takes_alerts`."""

    source: Case
    facts: Facts
    posts: tuple[int, ...]
    why: str
    sends_open: int = 0
    takes_alerts: bool = False


@dataclass(frozen=True, slots=True)
class PersonLinked:
    """A person said that the one of this case has another `account`, too, or (not `linked`) has it not."""

    account: str
    facts: Facts
    why: str
    linked: bool = True


@dataclass(frozen=True, slots=True)
class HoldingReply:
    """How a holding reply would go, and what else is known of the person; see core.holding.Silence.

    `answered_at` and `held_at` are of all cases of the person, `key` is the send's, should it go.
    """

    key: str
    to_post: int
    account: int
    visibility: Visibility
    automation: Automation
    answering: bool = False
    wrote_to_us: bool = True
    answered_at: datetime | None = None
    held_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Around:
    """What goes on around a case: whether its assignee has `touched` this wait, and how it may be held."""

    touched: bool = False
    reply: HoldingReply | None = None


NOTHING_AROUND = Around()


@dataclass(frozen=True, slots=True)
class TimePassed:
    """The sweep looked at the case because one of its times has come."""

    around: Around = NOTHING_AROUND


Event = (
    PostsChanged
    | Assigned
    | NobodyFree
    | Taken
    | ReplyWritten
    | ReplyStood
    | ReplyFailed
    | SendSettled
    | Noted
    | Snoozed
    | NeedsNoAnswer
    | NeedsAnswer
    | Promised
    | CustomersTurn
    | OurTurn
    | Graded
    | Resolved
    | Reopened
    | HoldChanged
    | MergedInto
    | Absorbed
    | Parted
    | SplitOff
    | PersonLinked
    | TimePassed
)
