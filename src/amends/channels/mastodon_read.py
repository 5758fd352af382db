"""Mastodon's JSON in the desk's words: statuses, notifications, what a server says of itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote, urlsplit

from amends.channels.answers import Words, answer
from amends.channels.errors import PolicyStop, Refused, Unreadable
from amends.channels.mastodon_text import PER_URL, plain_text
from amends.channels.protocol import Connected, Flow, Json, Limits, Request, Seen, Settings
from amends.channels.record import Items, Record
from amends.core.values import Direction, Visibility

TEXT_LIMIT = 500
MOST_TEXT = 1_000_000
KEYS_KEPT = timedelta(minutes=50)
"""Mastodon keeps them for an hour; the rest is for clocks and slow networks."""
REFUSALS: Words = dict.fromkeys(
    (
        "your login is currently disabled",
        "your login is missing a confirmed e-mail address",
        "your login is currently pending approval",
    ),
    PolicyStop,
)
MENTIONING = frozenset({"mention", "quote"})
PUBLIC = frozenset({"public", "unlisted"})
_SHORT = 300
DATED = 10
"""Digits before a status's number where the server writes a time there."""


def asking(
    connected: Connected, path: str, query: Mapping[str, str | tuple[str, ...]] | None = None
) -> Request:
    """A question to the account's server, under its token."""
    return Request("GET", address(connected, path), headers=headers(connected), query=query or {})


def address(connected: Connected, path: str) -> str:
    """A path on the account's server."""
    return connected.base_url.rstrip("/") + path


def headers(connected: Connected) -> dict[str, str]:
    """What shows the server whose request it is."""
    return {"authorization": f"Bearer {connected.token}"}


def asked(request: Request) -> Flow[Json]:
    """The JSON of a good answer; any other raises what may be done next."""
    return answer(request, (yield request), REFUSALS)


def listed(body: Json) -> Items:
    """An answer that is a list."""
    return Record({"list": body}).items("list")


def order(remote_id: str) -> tuple[int, str]:
    """What sorts ids: they are texts, and a longer one is a later one."""
    return len(remote_id), remote_id


def status_of(value: Json) -> Record:
    """The status itself, also where it came as somebody's boost of it."""
    status = Record(value)
    return status.maybe_record("reblog") or status


def lasting(connected: Connected, remote_id: str) -> str:
    """The part of a status's id that never changes, in a form that its server takes for the whole."""
    if connected.settings.get("ids") == "dated" and len(remote_id) > DATED:
        return "0" * DATED + remote_id[DATED:]
    return remote_id


def parent_of(connected: Connected, status: Record) -> str | None:
    """The id of the status that this one answers, if it answers one."""
    parent = status.text("in_reply_to_id", "")
    return lasting(connected, parent) if parent else None


def person(connected: Connected, account_id: str) -> str:
    """Who somebody is to the desk: every server numbers accounts anew, and a brand may be on several."""
    return f"{account_id}@{urlsplit(connected.base_url).netloc.lower()}"


def number(who: str) -> str:
    """The number of an account on its server."""
    return who.partition("@")[0]


def is_ours(connected: Connected, status: Record) -> bool:
    """Whether our account said it."""
    return status.record("account").key("id") == connected.remote_id


def names_us(connected: Connected, status: Record) -> bool:
    """Whether it is said to our account."""
    return any(Record(one).text("id", "") == connected.remote_id for one in status.items("mentions"))


def is_remote(connected: Connected, status: Record) -> bool:
    """Whether another server set its time; such a server's people are named with it."""
    at = status.record("account").text("acct", "").partition("@")[2].lower()
    return at not in ("", home(connected))


def told_at(notification: Record) -> datetime | None:
    """When our server told of a status, by its own clock; None where that cannot be read."""
    try:
        return notification.maybe_time("created_at")
    except Unreadable:
        return None


def seen(connected: Connected, status: Record, told: datetime | None = None) -> Seen:
    """A status as the desk knows posts; followers-only and direct ones are private.

    `told` is when our server told of it, which bounds the time only where another server has set that.
    """
    author, public = status.record("account"), status.text("visibility") in PUBLIC
    ours = is_ours(connected, status)
    return Seen(
        id=lasting(connected, status.key("id")),
        author_id=connected.remote_id if ours else person(connected, author.key("id")),
        author_handle=connected.handle if ours else author.text("acct", ""),
        author_name=author.text("display_name", ""),
        author_followers=author.maybe_count("followers_count"),
        text=_words(status),
        created_at=status.time("created_at"),
        direction=Direction.OUT if ours else Direction.IN,
        visibility=Visibility.PUBLIC if public else Visibility.PRIVATE,
        in_reply_to=parent_of(connected, status),
        url=status.text("url", "") if public else "",
        lang="" if connected.settings.get("languages") == "untold" else status.text("language", ""),
        edited_at=status.maybe_time("edited_at"),
        noticed_at=told if told and not ours and is_remote(connected, status) else None,
        raw=status.raw,
    )


def _words(status: Record) -> str:
    """The text with its content warning, if it has one, before it."""
    warning = status.text("spoiler_text", "").strip()
    body = plain_text(status.text("content", ""), handles(status))
    return f"{warning}\n\n{body}".strip() if warning else body


def handles(status: Record) -> dict[str, str]:
    """The handle of everybody mentioned, by the address that the mention links to."""
    found = {}
    for one in map(Record, status.items("mentions")):
        if (url := one.text("url", "")) and (handle := one.text("acct", "")):
            found[url] = handle
    return found


def told(body: Json) -> Settings:
    """What is worth remembering of what a server says of itself, in either version of that document."""
    whole = Record(body)
    rules = whole.maybe_record("configuration") or Record({})
    statuses = rules.maybe_record("statuses") or Record({})
    urls = rules.maybe_record("urls") or whole.maybe_record("urls") or Record({})
    versions = whole.maybe_record("api_versions") or Record({})
    version = whole.text("version", "")[:_SHORT]
    said = {
        "domain": _host(whole.text("domain", "") or whole.text("uri", "")),
        "version": version,
        "max_characters": _number(statuses, "max_characters"),
        "per_url": _number(statuses, "characters_reserved_per_url"),
        "streaming": (urls.text("streaming", "") or urls.text("streaming_api", ""))[:_SHORT],
        "api": _number(versions, "mastodon"),
    }
    if "snac" in version:  # it calls every post English, and begins ids with the time of the last edit
        said |= {"languages": "untold", "ids": "dated"}
    return {name: value for name, value in said.items() if value}


def _number(record: Record, name: str) -> str:
    try:
        value = record.number(name, 0)
    except Unreadable:
        return ""
    return str(value) if 0 < value <= MOST_TEXT else ""


def _host(said: str) -> str:
    """A domain, from that or from an address."""
    return (said.split("://")[-1].split("/")[0])[:_SHORT].lower()


def home(connected: Connected) -> str:
    """The domain behind the handles of people on our own server."""
    return connected.settings.get("domain") or urlsplit(connected.base_url).netloc.lower()


def limits(settings: Settings) -> Limits:
    """What holds on a server; only Mastodon itself is known to know a send's key again."""
    most = int(settings.get("max_characters", TEXT_LIMIT))
    return Limits(most, most, KEYS_KEPT if settings.get("api") else timedelta(0))


def per_url(settings: Settings) -> int:
    """What a link counts on a server."""
    return int(settings.get("per_url", PER_URL))


def fetched(connected: Connected, remote_id: str) -> Flow[Record | None]:
    """One status as it stands now; None where the server no longer shows it to us."""
    request = asking(connected, f"/api/v1/statuses/{quoted(remote_id)}")
    response = yield request
    if response.status in (404, 410):
        return None
    return status_of(answer(request, response, REFUSALS))


def quoted(remote_id: str) -> str:
    """An id as part of a path."""
    return quote(remote_id, safe="")


def shut_out_by(connected: Connected, people: frozenset[str]) -> Flow[frozenset[str]]:
    """Those of these people who have blocked us; nobody where the server does not say."""
    numbers = tuple(sorted(map(number, people)))
    request = asking(connected, "/api/v1/accounts/relationships", {"id[]": numbers})
    try:
        answers = listed((yield from asked(request)))
    except Refused:
        return frozenset()
    blocking = {one.key("id") for one in map(Record, answers) if one.flag("blocked_by")}
    return frozenset(who for who in people if number(who) in blocking)
