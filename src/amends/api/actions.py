"""What a person does with a case, for programs: each operation is one event for the same rules."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4, uuid5

from django.http import HttpRequest
from ninja import Header, Router, Status
from pydantic import Field

from amends.api import case_views, door
from amends.api.case_shapes import Case, Send
from amends.api.door import Token
from amends.api.words import Body, Id, Instant, Shape, Text, Why
from amends.core import events
from amends.core.scopes import Scope
from amends.core.values import Resolution, Role, Severity, Standing, Visibility
from amends.pipeline import actions, answers, corrections, decide
from amends.store import access

router = Router()
_KEYS = UUID("6f1c9f0e-4a52-4f5e-9a55-5f2d3c1b7a10")
_SAY_WHY = "The reason, in a few words; it goes on record."
IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=200,
        description="Any word of yours for this answer; the same one twice is one answer.",
    ),
]


class ReplyBody(Body):
    """An answer."""

    to_post: Annotated[Id, Field(description="The post of the person that it answers.", examples=[1])]
    text: Annotated[Text, Field(description="The words.", examples=["We are sorry. We look into it now."])]
    hands_over: Annotated[bool, Field(description="Whether the next word is the customer's then.")] = False
    all_the_same: Annotated[
        bool, Field(description="Whether to send while others answer the person; it goes on record.")
    ] = False


class AssignBody(Body):
    """Who is to have the case."""

    to: Annotated[Id | None, Field(description="A person of the brand; null puts it back.", examples=[None])]


class NoteBody(Body):
    """A note for colleagues."""

    text: Annotated[Text, Field(description="The words.", examples=["Called the warehouse; they search."])]


class SnoozeBody(Body):
    """Until when."""

    until: Annotated[Instant, Field(description="A time to come.", examples=["2030-01-01T09:00:00Z"])]


class PromiseBody(Body):
    """By when they are to hear from us."""

    until: Annotated[Instant, Field(description="A time to come.", examples=["2030-01-01T09:00:00Z"])]


class StandingBody(Body):
    """How the firm stands to a person."""

    standing: Annotated[Standing, Field(description="`priority` for whom the policy may have other targets.")]
    why: Annotated[Why, Field(description=_SAY_WHY, examples=["Third failure for them this year."])]


class SeverityBody(Body):
    """A severity."""

    severity: Annotated[Severity, Field(description="How bad it is.")]
    why: Annotated[Why, Field(description=_SAY_WHY, examples=["She is stranded with a child."])]


class ResolveBody(Body):
    """How it ended."""

    resolution: Annotated[Resolution, Field(description="The outcome.")]
    why: Annotated[Why, Field(description=_SAY_WHY, examples=["Refund arrived; she thanked us."])]


class WhyBody(Body):
    """A reason."""

    why: Annotated[Why, Field(description=_SAY_WHY, examples=["She wrote again by mail."])]


class HoldBody(WhyBody):
    """A legal hold."""

    placed: Annotated[bool, Field(description="True places it, false lifts it.")]


class DeletedWordsBody(WhyBody):
    """Whose deleted words, and what for."""

    post: Annotated[Id, Field(description="A deleted post of the case.", examples=[1])]


class DeletedWords(Shape):
    """The words of a deleted post, as evidence."""

    texts: Annotated[list[str], Field(description="All versions, oldest first.")]


class LengthBody(Body):
    """A draft."""

    text: Annotated[Text, Field(description="The words.", examples=["We are sorry."])]
    visibility: Annotated[Visibility, Field(description="In public or in private.")] = Visibility.PUBLIC
    to_post: Annotated[
        Id | None, Field(description="The post it answers; null takes the person's last one.")
    ] = None


class Length(Shape):
    """How long the network counts a text."""

    counted: Annotated[int | None, Field(description="Null where the desk does not know the network.")]
    limit: Annotated[int | None, Field(description="What the network allows.")]
    fits: Annotated[bool, Field(description="Whether it may be sent at this length.")]


@router.post("/cases/{case_id}/reply", auth=Token(Scope.WRITE), response={201: Send})
def reply(
    request: HttpRequest, case_id: Id, body: ReplyBody, idempotency_key: IdempotencyKey = None
) -> Status[Send]:
    """Answer the person; the answer is planned and leaves within seconds.

    With an `Idempotency-Key` the call may be repeated: the same key of the same token gives the same answer,
    as it stands now, and never sends two. The same key with another answer is refused (422). While somebody
    else answers the same person it is refused (409 `answered-by-another`), unless `all_the_same`.
    """
    case = door.case(request, case_id, access.AGENT)
    post = door.mine(request, access.post(door.key(request).user, body.to_post, access.AGENT))
    send_key = uuid5(_KEYS, f"{door.key(request).token_id}:{idempotency_key}") if idempotency_key else uuid4()
    planned = answers.reply_once(
        case,
        post,
        body.text,
        door.actor(request),
        door.now(request),
        send_key,
        hands_over=body.hands_over,
        insist=answers.Insist(body.all_the_same),
    )
    return Status(201, case_views.send(planned))


@router.post("/cases/{case_id}/length", auth=Token(Scope.READ), response=Length)
def count_length(request: HttpRequest, case_id: Id, body: LengthBody) -> Length:
    """Count a draft exactly as the case's network counts it, with all it must say to reach the person."""
    case = door.case(request, case_id, access.AGENT)
    known = answers.length_in(case, body.text, body.visibility, body.to_post)
    if known is None:
        return Length(counted=None, limit=None, fits=False)
    counted, limit = known
    return Length(counted=counted, limit=limit, fits=counted <= limit)


@router.post("/cases/{case_id}/take", auth=Token(Scope.WRITE), response=Case)
def take(request: HttpRequest, case_id: Id) -> Case:
    """Take the case in hand as the token's person, unless a colleague has it (409; then assign it)."""
    case = door.case(request, case_id, access.AGENT)
    actions.take(case, door.key(request).user.pk, None, door.actor(request), door.now(request))
    return _now_stands(request, case_id)


@router.post("/cases/{case_id}/assign", auth=Token(Scope.WRITE), response=Case)
def assign(request: HttpRequest, case_id: Id, body: AssignBody) -> Case:
    """Give the case to somebody of the brand, or put it back."""
    case = door.case(request, case_id, access.AGENT)
    actions.assign(case, body.to, door.actor(request), door.now(request))
    return _now_stands(request, case_id)


@router.post("/cases/{case_id}/note", auth=Token(Scope.WRITE), response=Case)
def note(request: HttpRequest, case_id: Id, body: NoteBody) -> Case:
    """Write something for colleagues only."""
    return _happened(request, case_id, events.Noted(body.text))


@router.post("/cases/{case_id}/snooze", auth=Token(Scope.WRITE), response=Case)
def snooze(request: HttpRequest, case_id: Id, body: SnoozeBody) -> Case:
    """Put the case aside until a time, or until the person writes again."""
    return _happened(request, case_id, events.Snoozed(body.until))


@router.post("/cases/{case_id}/needs-no-answer", auth=Token(Scope.WRITE), response=Case)
def needs_no_answer(request: HttpRequest, case_id: Id) -> Case:
    """Say that what was written so far needs no answer."""
    return _happened(request, case_id, events.NeedsNoAnswer())


@router.post("/posts/{post_id}/needs-answer", auth=Token(Scope.WRITE), response=Case)
def needs_answer(request: HttpRequest, post_id: Id) -> Case:
    """Say that somebody waits for an answer to this post of a case, whatever was read in it."""
    post = door.mine(request, access.post(door.key(request).user, post_id, access.AGENT))
    case = corrections.needs_answer(post, door.actor(request), door.now(request))
    return _now_stands(request, case.id)


@router.post("/cases/{case_id}/promise", auth=Token(Scope.WRITE), response=Case)
def promise(request: HttpRequest, case_id: Id, body: PromiseBody) -> Case:
    """Say by when the person was told that they hear from us; that is their target from now on."""
    return _happened(request, case_id, events.Promised(body.until))


@router.post("/cases/{case_id}/wait", auth=Token(Scope.WRITE), response=Case)
def wait_for_customer(request: HttpRequest, case_id: Id, body: WhyBody) -> Case:
    """Say that the next word is the customer's: until they write, the resolution clock stands."""
    return _happened(request, case_id, events.CustomersTurn(body.why))


@router.post("/cases/{case_id}/go-on", auth=Token(Scope.WRITE), response=Case)
def go_on(request: HttpRequest, case_id: Id, body: WhyBody) -> Case:
    """Go on without the customer's word; the resolution clock runs again."""
    return _happened(request, case_id, events.OurTurn(body.why))


@router.post("/cases/{case_id}/standing", auth=Token(Scope.WRITE), response=Case)
def set_standing(request: HttpRequest, case_id: Id, body: StandingBody) -> Case:
    """Say how the firm stands to the person of a case; all their open cases go by it at once."""
    case = door.case(request, case_id, access.SUPERVISOR)
    corrections.set_standing(case.author, body.standing, body.why, door.actor(request), door.now(request))
    return _now_stands(request, case_id)


@router.post("/cases/{case_id}/severity", auth=Token(Scope.WRITE), response=Case)
def set_severity(request: HttpRequest, case_id: Id, body: SeverityBody) -> Case:
    """Set how bad it is; no model changes it afterwards."""
    return _happened(request, case_id, events.Graded(body.severity, body.why))


@router.post("/cases/{case_id}/resolve", auth=Token(Scope.WRITE), response=Case)
def resolve(request: HttpRequest, case_id: Id, body: ResolveBody) -> Case:
    """Close the case with an outcome and a reason."""
    return _happened(request, case_id, events.Resolved(body.resolution, body.why))


@router.post("/cases/{case_id}/reopen", auth=Token(Scope.WRITE), response=Case)
def reopen(request: HttpRequest, case_id: Id, body: WhyBody) -> Case:
    """Open a closed case again."""
    return _happened(request, case_id, events.Reopened(body.why))


@router.post("/cases/{case_id}/hold", auth=Token(Scope.WRITE), response=Case)
def hold(request: HttpRequest, case_id: Id, body: HoldBody) -> Case:
    """Place or lift a legal hold; while one stands, the words of deleted posts are kept as evidence."""
    return _happened(request, case_id, events.HoldChanged(body.placed, body.why), access.SUPERVISOR)


@router.post("/cases/{case_id}/deleted-words", auth=Token(Scope.WRITE), response=DeletedWords)
def read_deleted_words(request: HttpRequest, case_id: Id, body: DeletedWordsBody) -> DeletedWords:
    """Read the words of a deleted post while a legal hold stands; that they were read goes on record."""
    case = door.case(request, case_id, access.SUPERVISOR)
    texts = actions.deleted_words(case, body.post, body.why, door.actor(request), door.now(request))
    return DeletedWords(texts=texts)


def _happened(request: HttpRequest, case_id: int, event: events.Event, need: Role = access.AGENT) -> Case:
    case = door.case(request, case_id, need)
    decide.happen(case.pk, event, door.actor(request), door.now(request))
    return _now_stands(request, case_id)


def _now_stands(request: HttpRequest, case_id: int) -> Case:
    return case_views.case(door.case(request, case_id, access.AGENT), door.now(request))
