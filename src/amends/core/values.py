"""The words of the desk as closed sets of values."""

from __future__ import annotations

from enum import StrEnum


class Direction(StrEnum):
    """Who a post comes from: a person (`in`) or the firm (`out`)."""

    IN = "in"
    OUT = "out"


class Visibility(StrEnum):
    """Who can read a post on its network."""

    PUBLIC = "public"
    PRIVATE = "private"


class Kind(StrEnum):
    """What a post is, whole and exclusive."""

    COMPLAINT = "complaint"
    QUESTION = "question"
    REQUEST = "request"
    PRAISE = "praise"
    THANKS = "thanks"
    CHATTER = "chatter"
    SPAM = "spam"
    OTHER = "other"


class Severity(StrEnum):
    """How bad a grievance is; `none` for what is no complaint."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def level(self) -> int:
        """0 for none up to 4 for critical, so that severities can be compared."""
        return _LEVELS[self]

    @classmethod
    def of_level(cls, level: int) -> Severity:
        """The severity of a level; levels beyond either end are taken as the end."""
        return _BY_LEVEL[max(0, min(level, len(_BY_LEVEL) - 1))]


_BY_LEVEL = tuple(Severity)
_LEVELS = {severity: level for level, severity in enumerate(_BY_LEVEL)}


class Standing(StrEnum):
    """Whether the firm has promised a person more than everybody."""

    ORDINARY = "ordinary"
    PRIORITY = "priority"


class Role(StrEnum):
    """What a person may do in one brand; each role includes the ones before it."""

    AGENT = "agent"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"

    def covers(self, need: Role) -> bool:
        """Whether this role is enough where `need` is asked for."""
        return _ROLES.index(self) >= _ROLES.index(need)


_ROLES = tuple(Role)


class CaseState(StrEnum):
    """Where a case stands; only `open` and `snoozed` cases count as open."""

    OPEN = "open"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


class Resolution(StrEnum):
    """How a case ended. "Resolved" is only ever the customer's word or a stated time without one (P14).

    A `merged` one has not ended: it goes on in another case, and no figure counts it.
    """

    CUSTOMER_CONFIRMED = "customer_confirmed"
    NO_FURTHER_WORD = "no_further_word"
    ANSWERED = "answered"
    MOVED_PRIVATE = "moved_private"
    NOT_OURS = "not_ours"
    NO_COMPLAINT = "no_complaint"
    SPAM = "spam"
    LOST = "lost"
    MERGED = "merged"


class SendState(StrEnum):
    """The five states of one thing to send."""

    PLANNED = "planned"
    SENDING = "sending"
    SENT = "sent"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Doing(StrEnum):
    """What somebody does at a case that they have before them."""

    READING = "reading"
    NOTING = "noting"
    ANSWERING = "answering"
