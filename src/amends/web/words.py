"""The words of the screens for the closed sets of values, and for each line of the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from amends.core.escalation import Does
from amends.core.joining import Because
from amends.core.values import Doing, Kind, Resolution, SendState, Severity, Standing
from amends.store.lists import UNREAD, View
from amends.store.talk import Line

VIEWS: Mapping[View, str] = {
    View.WAITING: "Waiting",
    View.MINE: "Mine",
    View.UNASSIGNED: "Unassigned",
    View.OPEN: "Open",
    View.SNOOZED: "Snoozed",
    View.RESOLVED: "Resolved",
    View.ALL: "All",
}
KINDS: Mapping[str, str] = {kind.value: kind.value.capitalize() for kind in Kind}
POST_KINDS: Mapping[str, str] = {**KINDS, UNREAD: "Not yet read"}
SEVERITIES: Mapping[Severity, str] = {
    severity: severity.value.capitalize() for severity in reversed(Severity)
}
RESOLUTIONS: Mapping[Resolution, str] = {
    Resolution.ANSWERED: "Answered",
    Resolution.CUSTOMER_CONFIRMED: "Resolved, the customer says so",
    Resolution.NO_FURTHER_WORD: "No further word from the customer",
    Resolution.MOVED_PRIVATE: "Moved to private",
    Resolution.NOT_OURS: "Not ours to answer",
    Resolution.NO_COMPLAINT: "Not a complaint after all",
    Resolution.SPAM: "Spam",
    Resolution.LOST: "Customer lost",
    Resolution.MERGED: "Merged into another case",
}
ENDINGS = {ending: said for ending, said in RESOLUTIONS.items() if ending is not Resolution.MERGED}
"""How people may say that a case ended."""
SEND_STATES: Mapping[SendState, str] = {
    SendState.PLANNED: "waiting to be sent",
    SendState.SENDING: "being sent now",
    SendState.SENT: "sent",
    SendState.REFUSED: "not sent",
    SendState.UNKNOWN: "not known whether it was sent",
}

STANDINGS: Mapping[Standing, str] = {
    Standing.ORDINARY: "As everybody",
    Standing.PRIORITY: "Priority: the firm has promised them more",
}
DOING: Mapping[Doing, str] = {
    Doing.READING: "reads",
    Doing.NOTING: "writes a note in",
    Doing.ANSWERING: "answers",
}
STEPS: Mapping[Does, str] = {
    Does.NUDGE: "Your case waits",
    Does.OFFER: "Who can answer?",
    Does.REASSIGN: "Untouched so far",
    Does.ALERT: "Waits too long",
}


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the record in words: who, did what, and the words that were written, if any.

    `other` is the case that it speaks of beside its own.
    """

    who: str
    what: str
    quote: str
    until: datetime | None
    at: datetime
    position: int
    policy_version: int
    is_note: bool
    other: int | None = None


Body = dict[str, Any]
People = Mapping[int, str]


def told(line: Line, people: People) -> Told:
    """A line of the record as people read it."""
    body = line.body if isinstance(line.body, dict) else {}
    say = _SAID.get(line.action)
    what = say(body, people) if say else line.action
    if line.action == "assigned" and line.actor == f"person:{body.get('to')}":
        what = "took the case"
    quote = str(body.get("text") or body.get("why") or "")
    if line.body is None:
        quote = "(the content was erased)"
    return Told(
        who=_who(line),
        what=what,
        quote=quote,
        until=_instant(body.get("until")),
        at=line.at,
        position=line.position,
        policy_version=line.policy_version,
        is_note=line.action == "noted",
        other=_other(line.action, body),
    )


def _other(action: str, body: Body) -> int | None:
    number = body.get(_OTHER.get(action, ""))
    return number if isinstance(number, int) else None


_OTHER = {"merged": "into", "absorbed": "case", "split": "into", "split off": "from"}
"""Where the lines about two cases name the other one."""


def _who(line: Line) -> str:
    if line.person:
        return line.person
    match line.actor:
        case "system":
            return "The desk"
        case "network":
            return "The network"
    return "Somebody who has left"


def _instant(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _posts(body: Body) -> str:
    number = len(body.get("posts") or ())
    return "1 post" if number == 1 else f"{number} posts"


def _assigned(body: Body, people: People) -> str:
    to = body.get("to")
    if to is None:
        return "put the case back for anyone"
    return f"gave the case to {people.get(to, 'somebody who has left')}"


def _opened(body: Body, _: People) -> str:
    severity = body.get("severity", Severity.NONE)
    grade = "" if severity == Severity.NONE else f", severity {severity}"
    kind = body.get("kind", "case")
    return f"brought {_posts(body)}: the case was opened as a {kind}{grade}{_because(body)}"


def _because(body: Body) -> str:
    told = body.get("because")
    known = [_BECAUSE[code] for code in told if code in _BECAUSE] if isinstance(told, list) else []
    return f" ({'; '.join(known)})" if known else ""


_BECAUSE: Mapping[str, str] = {
    Because.ANSWERS: "it answers a post of this case",
    Because.CONVERSATION: "it stands in the same conversation",
    Because.REPEATS: "the same words again",
    Because.NEAR: "the person wrote here not long ago",
    Because.DIFFERENT: "it is about something else than their other case",
}


def _resolved(body: Body, _: People) -> str:
    try:
        return f"resolved the case: {RESOLUTIONS[Resolution(str(body.get('resolution')))]}"
    except ValueError:
        return "resolved the case"


def _escalated(body: Body, _: People) -> str:
    return f"took the step {body.get('step', 'of the ladder')} of the escalation"


def _kept(body: Body, _: People) -> str:
    return f"kept the promised update{'' if body.get('in_time') else ', but too late'}"


def _plain(text: str) -> Callable[[Body, People], str]:
    return lambda _body, _people: text


_SAID: Mapping[str, Callable[[Body, People], str]] = {
    "opened": _opened,
    "posts joined": lambda body, _: f"brought {_posts(body)} more{_because(body)}",
    "merged": lambda body, _: f"merged this case into case {body.get('into')}",
    "absorbed": lambda body, _: f"merged case {body.get('case')} into this one, with {_posts(body)}",
    "split": lambda body, _: f"split {_posts(body)} off; they are case {body.get('into')} now",
    "split off": lambda body, _: f"split {_posts(body)} off case {body.get('from')}: this case was opened",
    "person linked": lambda body, _: f"said that the person is also {body.get('account')}",
    "person unlinked": lambda body, _: f"said that the person is not {body.get('account')}",
    "severity read": lambda body, _: (
        f"changed what is known: severity {body.get('from')} became {body.get('to')}"
    ),
    "post edited": _plain("showed that a post was edited"),
    "post deleted": _plain("showed that a post was deleted"),
    "assigned": _assigned,
    "nobody free": _plain("found nobody free to take it over"),
    "noted": _plain("noted"),
    "snoozed": _plain("put the case aside"),
    "woken": lambda body, _: f"brought the case back: {body.get('by', 'its time')}",
    "needs no answer": _plain("found that nobody waits for an answer"),
    "needs an answer": _plain("found that somebody waits for an answer"),
    "update promised": _plain("promised an update"),
    "promise answered": _kept,
    "waits for the customer": _plain("left the next word to the customer"),
    "customer wrote": _plain("brought the customer's word that was waited for"),
    "goes on without the customer": _plain("went on without the customer"),
    "escalated": _escalated,
    "step passed over": lambda body, _: f"passed over the step {body.get('step')}",
    "holding reply written": _plain("wrote a holding reply"),
    "holding reply sent": _plain("took the holding reply: it stands there"),
    "graded": lambda body, _: f"set the severity from {body.get('from')} to {body.get('to')}",
    "reply written": lambda body, _: (
        "wrote an answer" + (" though a colleague was answering, too" if body.get("despite") else "")
    ),
    "reply sent": _plain("took the answer: it stands there"),
    "reply refused": _plain("did not take the answer"),
    "reply unknown": _plain("does not know yet whether the answer went out"),
    "send repeated": _plain("had the answer sent again"),
    "send given up": _plain("gave the answer up"),
    "resolved": _resolved,
    "reopened": _plain("opened the case again"),
    "hold placed": _plain("placed a legal hold"),
    "hold lifted": _plain("lifted the legal hold"),
    "evidence read": _plain("read the words of a deleted post"),
}
