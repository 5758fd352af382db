"""The channel `mastodon`: Mastodon, and whatever else speaks its client API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from amends.channels import mastodon_poll, mastodon_read, mastodon_send
from amends.channels.answers import answer
from amends.channels.errors import AuthExpired, Refused, Unreadable
from amends.channels.mastodon_read import (
    REFUSALS,
    asked,
    asking,
    fetched,
    is_ours,
    listed,
    names_us,
    seen,
    shut_out_by,
    status_of,
)
from amends.channels.mastodon_text import addressed, counted
from amends.channels.protocol import (
    NOTHING,
    Ability,
    Capabilities,
    Connected,
    Event,
    Flow,
    Heard,
    Intent,
    Json,
    Limits,
    Own,
    Page,
    Receipt,
    Request,
    Seen,
    Sent,
    Settings,
    Standing,
    Unit,
    Unread,
    read_json,
)
from amends.channels.record import Record
from amends.core.holding import Automation

CAPABILITIES = Capabilities(
    text_limit=mastodon_read.TEXT_LIMIT,
    private_text_limit=mastodon_read.TEXT_LIMIT,
    counted_in=Unit.GRAPHEMES,
    receipts=frozenset({Receipt.POLL, Receipt.STREAM}),
    erase_within=timedelta(hours=24),
    poll_every=timedelta(seconds=10),
    tells_changes=False,
    idempotent_send=True,
    automation=Automation.LABELLED,
    can_edit=True,
    can_delete_own=True,
    private_messages=True,
    mute=Ability(undoable=True, seen_by="nobody"),
    block=Ability(undoable=True, seen_by="the person blocked, when they look for us"),
    report=Ability(undoable=False, seen_by="the moderators of the server"),
)
AT_ONCE = 20
"""How many statuses Mastodon gives in one answer when they are asked for by id."""
LONGEST_UNREAD = 100_000
DROPPED: Mapping[str, str] = {
    "for_not_following": "people whom the account does not follow",
    "for_not_followers": "people who do not follow the account",
    "for_new_accounts": "people who are new on the network",
    "for_private_mentions": "people who write in private",
    "for_limited_accounts": "people whom the moderators have limited",
}


class Mastodon:
    """Mastodon as a channel like any other."""

    name = "mastodon"
    capabilities = CAPABILITIES

    def own(self, connected: Connected) -> Flow[Own]:
        """The account behind the token, with its handle in full, since names are free on every server."""
        account = yield from _account(connected)
        handle = account.text("acct")
        if "@" not in handle:
            said = yield from self._instance(connected)
            handle = f"{handle}@{said.get('domain') or mastodon_read.home(connected)}"
        return Own(account.key("id"), handle)

    def about(self, connected: Connected) -> Flow[Settings]:
        """Limits, the address of the stream, and what the account's own settings keep from us."""
        said = dict((yield from self._instance(connected)))
        dropped = yield from _dropped(connected)
        if dropped:
            said["notice"] = (
                f"The account is set on its server to drop what comes from {dropped}: the desk cannot see "
                "that. Change it there, under Notifications."
            )
        return said

    def poll(self, connected: Connected, cursor: str) -> Flow[Page]:
        """Mentions, direct messages and our own posts after `cursor`; at first those of a week."""
        return mastodon_poll.poll(connected, cursor)

    def look_again(self, connected: Connected, posts: Sequence[Standing]) -> Flow[tuple[Seen, ...]]:
        """Edits and deletions; a post that is only hidden from us since we were blocked is neither."""
        if not connected.settings.get("api"):
            posts = posts[:AT_ONCE]  # each is a request; the others come of age again
        now = yield from _as_they_stand(connected, [post.id for post in posts])
        edited = [item for post in posts if (item := _edited(connected, now.get(post.id), post))]
        missing = [post for post in posts if post.id not in now]
        if missing:
            yield from _account(connected)  # a server that shows nothing at all has deleted nothing
            out = yield from shut_out_by(connected, frozenset(post.author_id for post in missing))
            missing = [post for post in missing if post.author_id not in out]
        return (*edited, *map(_deleted, missing))

    def stream(self, connected: Connected) -> Request | None:
        """The account's own stream, on the host that its server names."""
        place = connected.settings.get("streaming") or connected.base_url
        at = connected_by(place).rstrip("/") + "/api/v1/streaming/user"
        wants = {**mastodon_read.headers(connected), "accept": "text/event-stream"}
        return Request("GET", at, headers=wants)

    def hear(self, connected: Connected, event: Event) -> Heard:
        """Mentions, our own posts and edits as they are; of a deletion, what to look at again."""
        try:
            match event.name:
                case "notification":
                    news = Record(_json(event))
                    return _heard(connected, mastodon_poll.mentioned(news), mastodon_read.told_at(news))
                case "update":
                    status = status_of(_json(event))
                    return _heard(connected, status if is_ours(connected, status) else None)
                case "status.update" | "status_update":
                    status = status_of(_json(event))
                    ours = is_ours(connected, status) or names_us(connected, status)
                    return _heard(connected, status if ours else None)
                case "delete":
                    gone = mastodon_read.lasting(connected, event.data.strip())
                    return Heard(again=(gone,)) if gone else Heard()
                case "conversation" | "notifications_merged":
                    return Heard(poll=True)
                case _:
                    return Heard()
        except Unreadable as error:
            raw = event.data[:LONGEST_UNREAD].encode(errors="replace")
            return Heard(unread=(Unread(raw, error.text),), poll=True)

    def send(self, connected: Connected, intent: Intent) -> Flow[Sent]:
        """Post `intent`, once: under its key a repeated call gives the same status."""
        return mastodon_send.send(connected, intent)

    def read_back(self, connected: Connected, intent: Intent) -> Flow[Sent | None]:
        """Look for `intent` among our own statuses and under the post that it answers."""
        return mastodon_send.read_back(connected, intent)

    def limits(self, settings: Settings) -> Limits:
        """Those that the server has stated."""
        return mastodon_read.limits(settings)

    def length(self, text: str, to: str, settings: Settings) -> int:
        """As the server counts it, with the name of the person before it where it must say that."""
        said = addressed(text.strip(), to, settings.get("domain", ""))
        return counted(said, mastodon_read.per_url(settings))

    def _instance(self, connected: Connected) -> Flow[Settings]:
        """What the server says of itself, in the newest version of that document that it has."""
        for path in ("/api/v2/instance", "/api/v1/instance"):
            try:
                return mastodon_read.told((yield from asked(asking(connected, path))))
            except Refused:
                continue
        return NOTHING


def connected_by(streaming: str) -> str:
    """The address over which events are sent, from that of the web socket."""
    scheme, rest = streaming.partition("://")[::2]
    if not rest:
        return f"https://{scheme}"
    return f"{scheme.lower().replace('ws', 'http', 1)}://{rest}"


def _account(connected: Connected) -> Flow[Record]:
    request = asking(connected, "/api/v1/accounts/verify_credentials")
    response = yield request
    if response.status == 422:  # the answer to a token that stands for no person, and snac's to a wrong one
        raise AuthExpired("The network no longer accepts our token.")
    return Record(answer(request, response, REFUSALS))


def _dropped(connected: Connected) -> Flow[str]:
    """Whose mentions the account's own settings drop, in words; nothing where there are no such settings."""
    try:
        policy = Record((yield from asked(asking(connected, "/api/v2/notifications/policy"))))
        return " and ".join(words for name, words in DROPPED.items() if policy.text(name, "") == "drop")
    except (Refused, Unreadable):
        return ""


def _as_they_stand(connected: Connected, ids: Sequence[str]) -> Flow[dict[str, Record]]:
    """These statuses, those that the server still shows; what a list left out is asked for by itself."""
    now: dict[str, Record] = {}
    if connected.settings.get("api"):  # Mastodon 4.3 and later
        for start in range(0, len(ids), AT_ONCE):
            wanted = {"id[]": tuple(ids[start : start + AT_ONCE])}
            for value in listed((yield from asked(asking(connected, "/api/v1/statuses", wanted)))):
                with suppress(Unreadable):
                    status = status_of(value)
                    now[mastodon_read.lasting(connected, status.key("id"))] = status
    for remote_id in ids:
        if remote_id not in now:
            try:
                alone = yield from fetched(connected, remote_id)
            except Unreadable:
                alone = Record({})  # it is there, whatever it says
            if alone is not None:
                now[remote_id] = alone
    return now


def _edited(connected: Connected, status: Record | None, post: Standing) -> Seen | None:
    """The post with its new words, if it has any that can be read."""
    try:
        edited_at = status.maybe_time("edited_at") if status else None
        newer = edited_at is not None and (post.edited_at is None or edited_at > post.edited_at)
        return seen(connected, status) if status and newer else None
    except Unreadable:
        return None


def _deleted(post: Standing) -> Seen:
    return Seen(
        id=post.id,
        author_id=post.author_id,
        author_handle="",
        author_name="",
        text="",
        created_at=post.created_at,
        direction=post.direction,
        visibility=post.visibility,
        deleted=True,
    )


def _json(event: Event) -> Json:
    return read_json(event.data, "The stream sent something else where JSON was promised.")


def _heard(connected: Connected, status: Record | None, told: datetime | None = None) -> Heard:
    return Heard(items=(seen(connected, status, told),)) if status is not None else Heard()
