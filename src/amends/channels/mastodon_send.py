"""Answers on Mastodon: said once, to the person, to no more people than the question was; and found again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from amends.channels.answers import answer
from amends.channels.errors import Maybe, NotAllowedByPerson, ParentGone, Refused, Unreadable
from amends.channels.mastodon_read import (
    PUBLIC,
    REFUSALS,
    address,
    asked,
    asking,
    fetched,
    handles,
    headers,
    home,
    is_ours,
    lasting,
    listed,
    number,
    parent_of,
    quoted,
    shut_out_by,
    status_of,
)
from amends.channels.mastodon_text import addressed, plain_text, skeleton
from amends.channels.protocol import Connected, Flow, Intent, Json, Request, Sent
from amends.channels.record import Items, Record, same_text
from amends.core.values import Visibility

CLOCK_SKEW = timedelta(seconds=2)
"""How far the server's clock may be behind ours when we look for what we said."""
MOST_PAGES = 20
PAGE = 40
DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Addressee:
    """Whom an answer is for, and who else may read it."""

    handle: str
    visibility: str


def send(connected: Connected, intent: Intent) -> Flow[Sent]:
    """Post `intent` under its key; the person is named, since they hear of it only then."""
    to = yield from _addressee(connected, intent)
    body: dict[str, Json] = {
        "status": addressed(intent.text, to.handle, home(connected)),
        "visibility": to.visibility,
    }
    if intent.in_reply_to:
        body["in_reply_to_id"] = intent.in_reply_to
    keyed = {**headers(connected), "idempotency-key": intent.key}
    request = Request("POST", address(connected, "/api/v1/statuses"), headers=keyed, json=body)
    said = answer(request, (yield request), REFUSALS)
    try:
        return _sent(connected, Record(said))
    except Unreadable as error:
        raise Maybe("The server took it but did not say under which number.") from error


def _addressee(connected: Connected, intent: Intent) -> Flow[Addressee]:
    """The person as the server names them now; raises when the answer cannot reach them."""
    if intent.in_reply_to is None:
        return (yield from _stranger(connected, intent))
    parent = yield from fetched(connected, intent.in_reply_to)
    if parent is None:
        yield from _unless_shut_out(connected, intent)
        raise ParentGone("The post is no longer there, or not for our eyes any more.")
    handle = parent.record("account").text("acct", "") or intent.recipient_handle
    asked_in = parent.text("visibility", "")
    private = intent.visibility is Visibility.PRIVATE or asked_in not in PUBLIC
    return Addressee(handle, DIRECT if private else asked_in)


def _stranger(connected: Connected, intent: Intent) -> Flow[Addressee]:
    """Whom a message is for that answers no post."""
    if intent.recipient is None:
        return Addressee("", "public" if intent.visibility is Visibility.PUBLIC else DIRECT)
    yield from _unless_shut_out(connected, intent)
    account = Record(
        (yield from asked(asking(connected, f"/api/v1/accounts/{quoted(number(intent.recipient))}")))
    )
    return Addressee(account.text("acct"), DIRECT)


def _unless_shut_out(connected: Connected, intent: Intent) -> Flow[None]:
    if intent.recipient and (yield from shut_out_by(connected, frozenset({intent.recipient}))):
        raise NotAllowedByPerson("This person has blocked us on the network.")


def _sent(connected: Connected, status: Record) -> Sent:
    public = status.text("visibility", "") in PUBLIC
    url = status.text("url", "") if public else ""
    return Sent(lasting(connected, status.key("id")), url, status.time("created_at"))


def read_back(connected: Connected, intent: Intent) -> Flow[Sent | None]:
    """Look for `intent` among all that we have said since, then under the post that it answers."""
    mine = f"/api/v1/accounts/{quoted(connected.remote_id)}/statuses"
    before = ""
    for _ in range(MOST_PAGES):
        bounds = {"max_id": before} if before else {}
        page = listed((yield from asked(asking(connected, mine, {"limit": str(PAGE), **bounds}))))
        found = yield from _among(connected, intent, page)
        if found:
            return found
        last = _last(page)
        if last is None or last[1] < intent.created_at - CLOCK_SKEW or last[0] == before:
            break
        before = last[0]
    return (yield from _under_the_post(connected, intent))


def _under_the_post(connected: Connected, intent: Intent) -> Flow[Sent | None]:
    """Some servers list in public only what is public; what we said in private stands here."""
    if not intent.in_reply_to:
        return None
    path = f"/api/v1/statuses/{quoted(intent.in_reply_to)}/context"
    try:
        context = Record((yield from asked(asking(connected, path))))
    except Refused:
        return None
    return (yield from _among(connected, intent, context.items("descendants")))


def _last(page: Items) -> tuple[str, datetime] | None:
    """The last item of a page: its id and its time."""
    if not page:
        return None
    item = Record(page[-1])
    return item.key("id"), item.time("created_at")


def _among(connected: Connected, intent: Intent, page: Items) -> Flow[Sent | None]:
    """The one of these statuses that is what `intent` wanted to say."""
    for status in _candidates(connected, intent, page):
        if (yield from _says(connected, intent, status)):
            return _sent(connected, status)
    return None


def _candidates(connected: Connected, intent: Intent, page: Items) -> Iterator[Record]:
    for value in page:
        status = status_of(value)
        if not is_ours(connected, status) or lasting(connected, status.key("id")) in intent.others:
            continue
        if (
            _stands_there(connected, status, intent)
            and status.time("created_at") >= intent.created_at - CLOCK_SKEW
        ):
            yield status


def _stands_there(connected: Connected, status: Record, intent: Intent) -> bool:
    """Under the post that it answers; or, as that was deleted since, under none but said to the person."""
    parent = parent_of(connected, status)
    if parent is None and intent.recipient:
        named = {Record(one).text("id", "") for one in status.items("mentions")}
        return intent.in_reply_to is None or number(intent.recipient) in named
    return parent == intent.in_reply_to


def _says(connected: Connected, intent: Intent, status: Record) -> Flow[bool]:
    """Whether a status has the intent's words, as they were typed where what is shown leaves a doubt."""
    shown = plain_text(status.text("content", ""), handles(status))
    wanted = _spoken_to(intent.text, intent.recipient_handle)
    if any(same_text(shown, words) for words in wanted):
        return True
    if skeleton(shown) not in {skeleton(words) for words in wanted}:
        return False
    source = asking(connected, f"/api/v1/statuses/{quoted(status.key('id'))}/source")
    try:
        typed = Record((yield from asked(source))).text("text", "")
    except (Refused, Unreadable):
        return True
    return any(same_text(typed, words) for words in wanted)


def _spoken_to(text: str, handle: str) -> tuple[str, ...]:
    """The text, and as it was said where it did not name the person itself."""
    return text, f"@{handle} {text}"
