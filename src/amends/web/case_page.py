"""The page of one case: everything a person needs to answer it, and what they may do with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.views.decorators.http import require_safe

from amends.channels.registry import driver
from amends.core import priority
from amends.core.answering import Other
from amends.core.harm import Harm
from amends.core.values import CaseState, Direction, Role, SendState, Severity, Visibility
from amends.pipeline import answers, corrections
from amends.store import access, answering, case_rows, models, persons, talk
from amends.store.talk import Around, Talk, TalkPost
from amends.web import asked, place, shown, words

_OWN_CLOCK = timedelta(hours=1)
_PERSON_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something asked of the page was not done, at which of its forms, and what had been typed
    and chosen."""

    form: str = ""
    why: str = ""
    kept: Mapping[str, str] = field(default_factory=QueryDict)
    chosen: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Evidence:
    """The words of a deleted post, shown once because somebody gave a reason that went on record."""

    post_id: int
    words: tuple[str, ...]


@require_safe
def case(request: HttpRequest, case_id: int) -> HttpResponse:
    """The page of a case that the reader may see."""
    return show(request, access.case(place.reader(request), case_id, access.AGENT))


def show(
    request: HttpRequest,
    case: models.Case,
    trouble: Trouble | None = None,
    evidence: Evidence | None = None,
) -> HttpResponse:
    """The page of a case; with a trouble it says so next to the form, and the answer is 409."""
    now = place.instant(request)
    place.enter(request, case.brand.slug)
    before = asked.number(request.GET, "before")
    spoken = talk.posts(case.conversation_id, case.pk, before)
    around = talk.around(case.pk, case.author_id, case.brand_id, person_from=now + _PERSON_AFTER)
    context = {
        "section": "case",
        "case": case,
        "talk": spoken,
        "around": around,
        "trouble": trouble or Trouble(),
        "evidence": evidence,
        **_state(request, case, now),
        **_record(around),
        "loose": _loose(case, trouble),
        **_regroup(request, case, spoken, around, trouble),
        **_reply(request, case, spoken, around, trouble),
    }
    return render(request, "case.html", context, status=409 if trouble else 200)


def _state(request: HttpRequest, case: models.Case, now: datetime) -> dict[str, object]:
    role = Role(case.role)  # type: ignore[attr-defined]
    own = now - case.clock_offset
    return {
        "is_open": case.state != CaseState.RESOLVED,
        "is_mine": case.assignee_id == request.user.pk,
        "supervises": role.covers(Role.SUPERVISOR),
        "as_of": own if case.clock_offset >= _OWN_CLOCK else None,
        "first_answer_after": _first_answer(case),
        "reasons": _reasons(case, own),
        "severities": words.SEVERITIES,
        "resolutions": words.ENDINGS,
        "standings": words.STANDINGS,
    }


def _reasons(case: models.Case, own: datetime) -> tuple[str, ...]:
    """Why the case stands where it stands, in words, on its own clock."""
    harm = Harm(case.harm, case_rows.reasons(case.reasons))
    promised = case.due_at is not None and case.due_at == case.promised_until
    return priority.explain(harm, case.band, case.due_at, own, promised=promised)


_WHILE_OPEN = frozenset({"resolve", "snooze", "promise", "wait", "go_on", "assign", "reopen", "merge"})


def _loose(case: models.Case, trouble: Trouble | None) -> str:
    """Why something was not done, where the page as it now is has no form to say it at."""
    if trouble is None:
        return ""
    resolved = case.state == CaseState.RESOLVED
    gone = trouble.form in _WHILE_OPEN and resolved == (trouble.form != "reopen")
    theirs = case.customer_since is not None
    gone |= trouble.form == "go_on" and not theirs
    gone |= trouble.form == "wait" and (theirs or case.waiting_since is not None)
    evidence = trouble.form.startswith("evidence") and not case.on_hold
    return (
        trouble.why
        if gone or evidence or trouble.form in ("take", "settle", "send", "waits", "unlink")
        else ""
    )


def _first_answer(case: models.Case) -> str:
    return shown.span(case.first_answer_at - case.opened_at) if case.first_answer_at else ""


def _record(around: Around) -> dict[str, object]:
    told = [words.told(line, dict(around.people)) for line in around.lines]
    return {
        "trail": told,
        "notes": sorted(
            [line for line in told if line.is_note] + [words.told(line, {}) for line in around.notes],
            key=lambda line: line.at,
        ),
        "pending": [send for send in reversed(around.sends) if send.state is not SendState.SENT],
        "senders": {send.remote_id: send.written_by for send in around.sends if send.remote_id},
        "send_states": words.SEND_STATES,
        "seen": around.lines[0].position if around.lines else 0,
    }


def _reply(
    request: HttpRequest, case: models.Case, spoken: Talk, around: Around, trouble: Trouble | None
) -> dict[str, object]:
    """What the reply box needs: the post it answers, our account there, and how the network counts."""
    kept = trouble.kept if trouble and trouble.form == "reply" else {}
    target = _target(case, spoken, _chosen(request, kept))
    visibility = Visibility(target.visibility) if target else Visibility.PUBLIC
    draft = kept.get("text", "") or _refused_words(request, around)
    channel = target.channel if target else case.channel
    accounts = [account for account in around.accounts if account.channel == channel]
    can_reply = bool(accounts) and driver(channel) is not None
    ours, settings = (accounts[0].handle, accounts[0].settings) if accounts else ("", {})
    to = target.handle if target else ""
    nothing = answers.length(channel, "", visibility, to=to, settings=settings)
    return {
        "answers_to": target,
        "replies_as": ours,
        "replies_on": channel,
        "can_reply": can_reply,
        "answers_here": bool(can_reply and target and case.state != CaseState.RESOLVED),
        "draft": draft,
        "length": answers.length(channel, draft, visibility, to=to, settings=settings),
        "names": bool(nothing and nothing[0]),
        "key": kept.get("key") or str(uuid4()),
        "others": _others(request, case) if kept else (),
    }


def _others(request: HttpRequest, case: models.Case) -> tuple[Other, ...]:
    """Who answers the same person now: the page names them to whoever wants to send all the same."""
    theirs = persons.accounts(case.author_id)
    return answering.others(case.pk, theirs, place.reader(request).pk, place.instant(request))


def _regroup(
    request: HttpRequest, case: models.Case, spoken: Talk, around: Around, trouble: Trouble | None
) -> dict[str, object]:
    """What splitting and merging need: whether posts are to be chosen, and which are chosen already."""
    form = trouble.form if trouble else ""
    asked_for = request.GET.get("split", "")
    absorbed = _absorbed(around, asked_for)
    own = [p for p in spoken.posts if p.case_id == case.pk and p.direction is Direction.IN]
    kept = trouble.chosen if trouble and form == "split" else absorbed
    return {
        "splits": bool(asked_for or form == "split") and case.posts_in > 1 and bool(own),
        "chosen": kept,
        "others_open": [c for c in around.others if c.state != CaseState.RESOLVED],
        "channels": sorted({account.channel for account in around.accounts} | {case.channel}),
    }


def _absorbed(around: Around, case_id: str) -> frozenset[int]:
    """The posts that came with a case that was merged into this one."""
    bodies = (line.body for line in around.lines if line.action == "absorbed" and line.body)
    return frozenset(
        post for body in bodies if str(body.get("case")) == case_id for post in body.get("posts", ())
    )


def _refused_words(request: HttpRequest, around: Around) -> str:
    """The words of a refused answer that somebody wants to mend and send once more."""
    again = asked.number(request.GET, "again")
    refused = (send for send in around.sends if send.state is SendState.REFUSED)
    return next((send.text for send in refused if send.id == again), "")


def _chosen(request: HttpRequest, kept: Mapping[str, str]) -> int | None:
    if kept.get("to_post", "").isdigit():
        return int(kept["to_post"][:18])
    return asked.number(request.GET, "to")


def _target(case: models.Case, spoken: Talk, chosen: int | None) -> TalkPost | None:
    """The post an answer goes under: the chosen one, else the person's last of this case."""
    own = [
        post
        for post in spoken.posts
        if post.case_id == case.pk and post.direction is Direction.IN and not post.deleted_at
    ]
    return next((post for post in own if post.id == chosen), own[-1] if own else None)


@require_safe
def post(request: HttpRequest, post_id: int) -> HttpResponse:
    """One post with all its words, and the conversation it stands in."""
    return show_post(request, access.post(place.reader(request), post_id, access.AGENT))


def show_post(request: HttpRequest, found: models.Post, trouble: str = "") -> HttpResponse:
    """The page of a post, with what stood in the way of an action if something did."""
    place.enter(request, found.brand.slug)
    spoken = talk.posts(found.conversation_id, None, asked.number(request.GET, "before"))
    context = {
        "section": "posts",
        "post": found,
        "talk": spoken,
        "trouble": trouble,
        "kinds": {kind: words.KINDS[kind] for kind in corrections.WANTING},
        "severities": {s: words.SEVERITIES[s] for s in Severity if s is not Severity.NONE},
    }
    return render(request, "post.html", context, status=409 if trouble else 200)


def length(request: HttpRequest, case_id: int) -> HttpResponse:
    """How long the network counts what was typed so far."""
    case = access.case(place.reader(request), case_id, access.AGENT)
    visibility = asked.word(request.POST, "visibility", Visibility) or Visibility.PUBLIC
    typed, under = asked.text(request.POST, "text").strip(), asked.number(request.POST, "to_post")
    counted = answers.length_in(case, typed, visibility, under)
    if counted is None:
        raise BadRequest("The desk cannot speak with this network, so it cannot count for it.")
    return render(request, "parts/length.html", {"length": counted})
