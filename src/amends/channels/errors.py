"""Everything that can go wrong between the desk and a network, as one tree.

Each error answers one question: try again, when, or never?

* ChannelError
  x Refused             the network said no                        never, or after a person changed something
    + PermissionMissing   our account may not do this              never, until it is given the right
    + WindowClosed        the time allowed for an answer is over   never this way; another may be open
    + NotAllowedByPerson  the person does not accept it from us    never; a public reply may be possible
    + ParentGone          what we answer to is no longer there     never
    + PolicyStop          the network has stopped our account      never, until a person has looked
    + HostRefused         the address is one we must not call      never, until an admin changes it
    + AppUnknown          the server does not know the desk        after the desk was registered there again
  x AuthExpired         our token is no longer accepted            after the account was connected again
  x RateLimited         too many requests                          at `retry_at`
  x Transient           a hiccup, and surely nothing went out      later, with back-off
    + Unreadable          the answer is not what was promised
  x Maybe               what we sent may have gone out             look first (read back), never blind
    + Duplicate           "you have said that already"

No text of these errors holds a token, a query string or a request body.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum


class Again(StrEnum):
    """The answer of an error to "shall we try again?"."""

    LATER = "later"
    AT = "at"
    RECONNECT = "reconnect"
    LOOK_FIRST = "look_first"
    NEVER = "never"


class ChannelError(Exception):
    """The root of the tree; `text` may be shown to a person, `code` is the network's own word for it."""

    again: Again = Again.LATER

    def __init__(self, text: str, *, code: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.code = code


class Refused(ChannelError):
    """The network understood and said no, so nothing went out; `permanent`: asking again is no use."""

    again = Again.NEVER

    def __init__(self, text: str, *, code: str = "", permanent: bool = True) -> None:
        super().__init__(text, code=code)
        self.permanent = permanent


class PermissionMissing(Refused):
    """Our account lacks a right on the network."""


class WindowClosed(Refused):
    """The network allows no answer this way any more."""


class NotAllowedByPerson(Refused):
    """The person has blocked us or takes no messages."""


class ParentGone(Refused):
    """The post that we answer to is no longer there."""


class PolicyStop(Refused):
    """The network has stopped our account for breaking its rules."""


class HostRefused(Refused):
    """The address leads to a place that the desk must not call."""


class AppUnknown(Refused):
    """The server does not know the desk, or no longer: it must be registered there again."""


class AuthExpired(ChannelError):
    """The token is no longer accepted: refresh it or connect the account again."""

    again = Again.RECONNECT


class RateLimited(ChannelError):
    """Too many requests; nothing went out, and `retry_at` is the earliest sensible time."""

    again = Again.AT

    def __init__(self, text: str, *, retry_at: datetime, code: str = "") -> None:
        super().__init__(text, code=code)
        self.retry_at = retry_at


class Transient(ChannelError):
    """A passing trouble, and surely nothing went out; `retry_at` where the network named a time."""

    again = Again.LATER

    def __init__(self, text: str, *, code: str = "", retry_at: datetime | None = None) -> None:
        super().__init__(text, code=code)
        self.retry_at = retry_at


class Unreadable(Transient):
    """The answer is not what the network's documents promise."""


class Maybe(ChannelError):
    """What we sent may or may not have gone out: the send is `unknown` until it was read back."""

    again = Again.LOOK_FIRST


class Duplicate(Maybe):
    """The network says that we have said that already, so an earlier try may have worked."""
