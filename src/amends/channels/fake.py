"""The channel `fake`: the desk's side of the fake network."""

from __future__ import annotations

from datetime import timedelta
from types import MappingProxyType
from urllib.parse import quote

from amends.channels.answers import Words, answer
from amends.channels.errors import Duplicate, Maybe, NotAllowedByPerson, ParentGone, Refused, Unreadable
from amends.channels.fake_deeds import PRIVATE_LIMIT, PUBLIC_LIMIT, length
from amends.channels.protocol import (
    Ability,
    Capabilities,
    Connected,
    Flow,
    Intent,
    Json,
    Own,
    Page,
    Plain,
    Receipt,
    Request,
    Seen,
    Sent,
    Settings,
    Unit,
    Unread,
)
from amends.channels.record import Record, raw_of, same_text
from amends.core.holding import Automation
from amends.core.values import Direction, Visibility

WORDS: Words = MappingProxyType[str, type[Refused] | type[Duplicate]](
    {
        "blocked_by_person": NotAllowedByPerson,
        "messages_off": NotAllowedByPerson,
        "parent_gone": ParentGone,
    }
)
CLOCK_SKEW = timedelta(seconds=2)
"""How far the network's clock may be behind ours when we look for what we said."""
CAPABILITIES = Capabilities(
    text_limit=PUBLIC_LIMIT,
    private_text_limit=PRIVATE_LIMIT,
    counted_in=Unit.GRAPHEMES,
    receipts=frozenset({Receipt.POLL}),
    erase_within=timedelta(hours=24),
    automation=Automation.LABELLED,
    can_edit=True,
    can_delete_own=True,
    private_messages=True,
    block=Ability(undoable=True, seen_by="the person blocked, at the next try to answer us"),
)


class Fake(Plain):
    """The fake network as a channel like any other."""

    name = "fake"
    capabilities = CAPABILITIES

    def own(self, connected: Connected) -> Flow[Own]:
        """The account behind the token."""
        request = _asking(connected, "/api/me", after="")
        body = Record(answer(request, (yield request)))
        return Own(body.key("id"), body.key("handle"))

    def poll(self, connected: Connected, cursor: str) -> Flow[Page]:
        """The events that concern our account after `cursor`."""
        request = _asking(connected, "/api/timeline", after=cursor)
        body = Record(answer(request, (yield request)))
        items, unread = [], []
        for event in body.items("events"):
            try:
                items.append(_seen(connected, Record(event).record("post")))
            except Unreadable as error:
                unread.append(Unread(raw_of(event), error.text))
        following, more = body.key("cursor"), body.flag("more")
        if more and following == cursor:
            raise Unreadable("The network promises more but stands still.")
        return Page(tuple(items), following, more, tuple(unread))

    def send(self, connected: Connected, intent: Intent) -> Flow[Sent]:
        """Post or message `intent`, once."""
        private = intent.visibility is Visibility.PRIVATE
        body: dict[str, Json] = {"text": intent.text, "in_reply_to": intent.in_reply_to}
        if private:
            body["recipient"] = intent.recipient
        url = _url(connected, "/api/messages" if private else "/api/posts")
        request = Request("POST", url, headers=_headers(connected), json=body)
        said = answer(request, (yield request), WORDS)
        try:
            return _sent(connected, Record(said))
        except Unreadable as error:
            raise Maybe("The network took it but did not say under which number.") from error

    def read_back(self, connected: Connected, intent: Intent) -> Flow[Sent | None]:
        """Look where `intent` must stand: same author, same words, not said before the intent."""
        path, cursor = _where(intent), ""
        while True:
            request = _asking(connected, path, after=cursor)
            body = Record(answer(request, (yield request)))
            for post in body.items("posts"):
                found = _match(connected, intent, Record(post))
                if found:
                    return found
            following = body.key("cursor")
            if not body.flag("more"):
                return None
            if following == cursor:
                raise Unreadable("The network promises more but stands still.")
            cursor = following

    def length(self, text: str, to: str, settings: Settings) -> int:  # noqa: ARG002
        """Graphemes, as the network counts them after trimming."""
        return length(text.strip())


def _url(connected: Connected, path: str) -> str:
    return connected.base_url.rstrip("/") + path


def _headers(connected: Connected) -> dict[str, str]:
    return {"authorization": f"Bearer {connected.token}"}


def _asking(connected: Connected, path: str, *, after: str) -> Request:
    query = {"after": after} if after else {}
    return Request("GET", _url(connected, path), headers=_headers(connected), query=query)


def _where(intent: Intent) -> str:
    if intent.visibility is Visibility.PRIVATE:
        return f"/api/messages/{quote(intent.recipient or '', safe='')}"
    if intent.in_reply_to:
        return f"/api/posts/{quote(intent.in_reply_to, safe='')}/replies"
    return "/api/posts"


def _seen(connected: Connected, post: Record) -> Seen:
    author, deleted = post.record("author"), post.flag("deleted")
    private = post.text("visibility") == Visibility.PRIVATE
    return Seen(
        id=post.key("id"),
        author_id=author.key("id"),
        author_handle=author.text("handle", ""),
        author_name=author.text("name", ""),
        author_followers=author.maybe_count("followers"),
        text="" if deleted else post.text("text"),
        created_at=post.time("created_at"),
        direction=Direction.OUT if author.key("id") == connected.remote_id else Direction.IN,
        visibility=Visibility.PRIVATE if private else Visibility.PUBLIC,
        in_reply_to=post.maybe_key("in_reply_to"),
        conversation_id=post.maybe_key("conversation_id"),
        url="" if private else _page(connected, post.key("id")),
        lang=post.text("lang", ""),
        edited_at=post.maybe_time("edited_at"),
        noticed_at=post.maybe_time("noticed_at"),
        deleted=deleted,
        raw=post.raw,
    )


def _sent(connected: Connected, post: Record) -> Sent:
    private = post.text("visibility") == Visibility.PRIVATE
    url = "" if private else _page(connected, post.key("id"))
    return Sent(post.key("id"), url, post.time("created_at"))


def _match(connected: Connected, intent: Intent, post: Record) -> Sent | None:
    """The post as sent, if it is what `intent` wanted to say."""
    ours = post.record("author").key("id") == connected.remote_id and post.key("id") not in intent.others
    late_enough = post.time("created_at") >= intent.created_at - CLOCK_SKEW
    there = post.maybe_key("in_reply_to") == intent.in_reply_to
    if ours and late_enough and there and same_text(post.text("text"), intent.text):
        return _sent(connected, post)
    return None


def _page(connected: Connected, post_id: str) -> str:
    return _url(connected, f"/posts/{quote(post_id, safe='')}")
