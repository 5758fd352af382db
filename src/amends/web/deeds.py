"""What people do with a case: each a plain form, done through the pipeline, told back in words."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from amends.core import events
from amends.core.case import NotPossible
from amends.core.values import Kind, Resolution, Role, SendState, Severity, Standing
from amends.pipeline import actions, answers, corrections, decide
from amends.pipeline.answers import Insist
from amends.store import access, models, talk
from amends.web import asked, case_page, place, views, words
from amends.web.case_page import Evidence, Trouble

Deed = Callable[[HttpRequest, models.Case], str]
View = Callable[[HttpRequest, int], HttpResponse]


def deed(need: Role = access.AGENT) -> Callable[[Deed], View]:
    """A view of what a person does with a case they may touch; what it returns is told to them.

    Where the rules say no, the page comes back with the reason next to the form and everything typed kept.
    Whoever comes by a link instead of the form is shown the case.
    """

    def made(act: Deed) -> View:
        @require_http_methods(["GET", "HEAD", "POST"])
        @wraps(act)
        def view(request: HttpRequest, case_id: int) -> HttpResponse:
            if request.method != "POST":
                return redirect("case", case_id)
            case = access.case(place.reader(request), case_id, need)
            try:
                told = act(request, case)
            except NotPossible as no:
                fresh = access.case(place.reader(request), case_id, need)
                chosen = frozenset(int(post) for post in request.POST.getlist("post") if _is_id(post))
                trouble = Trouble(act.__name__, str(no), request.POST.dict(), chosen)
                return case_page.show(request, fresh, trouble)
            messages.success(request, told)
            return redirect(
                views.back(request) if "back" in request.POST else reverse("case", args=[case_id])
            )

        return view

    return made


def _is_id(given: str) -> bool:
    return given.isascii() and given.isdigit() and len(given) < 19


def _happen(request: HttpRequest, case: models.Case, event: events.Event) -> None:
    decide.happen(case.pk, event, actor(request), place.instant(request))


def actor(request: HttpRequest) -> decide.Actor:
    """The reader as the one who acts."""
    return decide.person(place.reader(request).pk)


@deed()
def take(request: HttpRequest, case: models.Case) -> str:
    """The case is the reader's."""
    was = asked.number(request.POST, "was")
    actions.take(case, place.reader(request).pk, was, actor(request), place.instant(request))
    return "The case is yours."


@deed()
def assign(request: HttpRequest, case: models.Case) -> str:
    """The case is somebody's, or anyone's again."""
    to = asked.number(request.POST, "to")
    actions.assign(case, to, actor(request), place.instant(request))
    return "The case was handed on." if to else "The case was put back for anyone."


@deed()
def note(request: HttpRequest, case: models.Case) -> str:
    """A note for colleagues is kept."""
    _happen(request, case, events.Noted(asked.text(request.POST, "text")))
    return "The note was kept. Only colleagues see it."


@deed()
def snooze(request: HttpRequest, case: models.Case) -> str:
    """The case is put aside until a time."""
    until = asked.until(request.POST, place.instant(request))
    _happen(request, case, events.Snoozed(until))
    return "The case was put aside. It comes back at its time, or when the person writes again."


@deed()
def settle(request: HttpRequest, case: models.Case) -> str:
    """Nobody waits for an answer any more."""
    _happen(request, case, events.NeedsNoAnswer())
    return "Nobody waits in this case any more. It stays open until you resolve it."


@deed()
def promise(request: HttpRequest, case: models.Case) -> str:
    """The person was told by when they hear from us."""
    _happen(request, case, events.Promised(asked.until(request.POST, place.instant(request))))
    return "The promise is kept with the case; it is the target from now on."


@deed()
def wait(request: HttpRequest, case: models.Case) -> str:
    """The next word is the customer's."""
    _happen(request, case, events.CustomersTurn(asked.text(request.POST, "why")))
    return "The resolution clock stands until the person writes."


@deed()
def go_on(request: HttpRequest, case: models.Case) -> str:
    """It is our turn again, though the customer has not written."""
    _happen(request, case, events.OurTurn(asked.text(request.POST, "why")))
    return "It is your turn again; the resolution clock runs."


@deed(access.SUPERVISOR)
def standing(request: HttpRequest, case: models.Case) -> str:
    """How the firm stands to the person."""
    chosen = asked.word(request.POST, "standing", Standing)
    if chosen is None:
        raise NotPossible("Choose how the firm stands to the person.")
    why = asked.text(request.POST, "why")
    corrections.set_standing(case.author, chosen, why, actor(request), place.instant(request))
    return "It is on record, and all open cases of the person go by it."


@deed()
def grade(request: HttpRequest, case: models.Case) -> str:
    """The severity is what the reader says."""
    severity = asked.word(request.POST, "severity", Severity)
    if severity is None:
        raise NotPossible("Choose a severity.")
    why = asked.text(request.POST, "why")
    if not why.strip():
        raise NotPossible("Say in a few words why; it goes on record. The severity was left as it is.")
    _happen(request, case, events.Graded(severity, why))
    return f"The severity is {severity} now, whatever is read in later posts."


@deed()
def resolve(request: HttpRequest, case: models.Case) -> str:
    """The case is closed with an outcome and a reason."""
    resolution = asked.word(request.POST, "resolution", Resolution)
    if resolution is None:
        raise NotPossible("Choose how the case ended.")
    _happen(request, case, events.Resolved(resolution, asked.text(request.POST, "why")))
    return f"The case is resolved: {words.RESOLUTIONS[resolution].lower()}."


@deed()
def reopen(request: HttpRequest, case: models.Case) -> str:
    """The case is open again."""
    _happen(request, case, events.Reopened(asked.text(request.POST, "why")))
    return "The case is open again."


@deed(access.SUPERVISOR)
def hold(request: HttpRequest, case: models.Case) -> str:
    """A legal hold stands, or stands no more."""
    placed = request.POST.get("placed") == "1"
    _happen(request, case, events.HoldChanged(placed, asked.text(request.POST, "why")))
    return "A legal hold stands now: deleted words are kept." if placed else "The legal hold was lifted."


@deed()
def reply(request: HttpRequest, case: models.Case) -> str:
    """The answer is planned, once, however often it is asked for."""
    user = place.reader(request)
    to_post = asked.number(request.POST, "to_post")
    if to_post is None:
        raise NotPossible("Choose a post to answer to.")
    key = _key(request.POST.get("key", ""))
    if not models.Send.objects.filter(key=key).exists():
        _tell_first(_meanwhile(request, case))
    post = access.post(user, to_post, access.AGENT)
    text = asked.text(request.POST, "text")
    hands_over = request.POST.get("then") == "wait"
    now, insist = place.instant(request), _insist(request)
    answers.reply_once(case, post, text, actor(request), now, key, hands_over=hands_over, insist=insist)
    return "Your answer is on its way. It stands below as soon as the network has it."


def _key(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise NotPossible("This form was broken. Press Send again; your text was kept.") from None


_INTERRUPTING = frozenset({"reply written", "posts joined", "post edited", "post deleted", "resolved"})


def _tell_first(news: list[str]) -> None:
    """A courtesy to whoever answers; asked again, the page that comes back sends it."""
    if news:
        raise NotPossible(f"{' '.join(news)} Look at it first; your text was kept, and Send sends it.")


def _meanwhile(request: HttpRequest, case: models.Case) -> list[str]:
    """What colleagues or the person did since the page was made."""
    seen = request.POST.get("seen", "")
    if not seen.isdigit():
        return []
    news = talk.since(case.pk, int(seen[:9]), besides=place.reader(request).pk, actions=_INTERRUPTING)
    if news is None:
        return []
    told = words.told(news, {})
    return [f"Meanwhile: {told.who} {told.what}."]


def _insist(request: HttpRequest) -> Insist:
    """Despite whom the answer is to go: those whom the page named beside its “send all the same”."""
    told = frozenset(int(who) for who in request.POST.get("despite", "")[:500].split(",") if who.isdecimal())
    return Insist(bool(told), told)


@deed()
def send(request: HttpRequest, case: models.Case) -> str:
    """An answer of unknown fate is sent again or given up, by somebody who looked at the network."""
    send_id = asked.number(request.POST, "send")
    if send_id is None:
        raise NotPossible("That answer is not there any more.")
    found = access.send(place.reader(request), send_id, access.AGENT)
    if found.case_id != case.pk or found.state != SendState.UNKNOWN:
        raise NotPossible("The fate of that answer is known by now; nothing was changed.")
    again = request.POST.get("again") == "1"
    answers.settle_unknown(
        found, again, asked.text(request.POST, "why"), actor(request), place.instant(request)
    )
    return "The answer is sent again." if again else "The answer was given up."


@require_http_methods(["GET", "HEAD", "POST"])
def evidence(request: HttpRequest, case_id: int) -> HttpResponse:
    """The words of a deleted post, shown on this one answer to a supervisor who says why."""
    if request.method != "POST":
        return redirect("case", case_id)
    case = access.case(place.reader(request), case_id, access.SUPERVISOR)
    post_id = asked.number(request.POST, "post") or 0
    why = asked.text(request.POST, "why")
    try:
        said = actions.deleted_words(case, post_id, why, actor(request), place.instant(request))
    except NotPossible as no:
        return case_page.show(request, case, Trouble(f"evidence-{post_id}", str(no), request.POST.dict()))
    response = case_page.show(request, case, evidence=Evidence(post_id, tuple(said)))
    response.headers["Cache-Control"] = "no-store"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def waits(request: HttpRequest, post_id: int) -> HttpResponse:
    """Somebody waits for an answer to a post, whatever was read in it."""
    post = access.post(place.reader(request), post_id, access.AGENT)
    if request.method != "POST" or post.case_id is None:
        return redirect("post", post_id)
    try:
        corrections.needs_answer(post, actor(request), place.instant(request))
    except NotPossible as no:
        case = access.case(place.reader(request), post.case_id, access.AGENT)
        return case_page.show(request, case, Trouble("waits", str(no)))
    messages.success(request, "The person waits for an answer to that post.")
    return redirect("case", post.case_id)


@require_http_methods(["GET", "HEAD", "POST"])
def make_case(request: HttpRequest, post_id: int) -> HttpResponse:
    """A post that the model passed over becomes a case of the kind and severity that the reader says."""
    if request.method != "POST":
        return redirect("post", post_id)
    post = access.post(place.reader(request), post_id, access.AGENT)
    kind = asked.word(request.POST, "kind", Kind) or Kind.COMPLAINT
    severity = asked.word(request.POST, "severity", Severity) or Severity.NONE
    try:
        case_id = corrections.make_case(post, kind, severity, actor(request), place.instant(request))
    except NotPossible as no:
        return case_page.show_post(request, post, str(no))
    messages.success(request, "The post has a case now.")
    return redirect("case", case_id)
