"""What is read in Mastodon's own shapes: statuses, what a server says of itself, and events of its stream."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.channels.mastodon_shapes import (
    NETWORK,
    NOW,
    STATUS,
    US,
    answering,
    notification,
    only,
    polled,
    status,
)
from tests.channels.test_hostile import ANYTHING

from amends.channels.drive import Wire, run
from amends.channels.errors import (
    ChannelError,
    Unreadable,
)
from amends.channels.protocol import (
    Event,
    Heard,
    Intent,
    Json,
    Request,
    Response,
    Seen,
    Standing,
)
from amends.core.values import Direction, Visibility


def test_a_mention_as_mastodon_tells_it() -> None:
    seen = only(polled(status()))
    assert seen == Seen(
        id="103186126728896492",
        author_id="971724@here.example",
        author_handle="ann@far.example",
        author_name="Ann :blob:",
        text="rant\n\n@brand still broken",
        created_at=datetime(2026, 3, 2, 8, 59, 58, tzinfo=UTC),
        direction=Direction.IN,
        visibility=Visibility.PUBLIC,
        in_reply_to="103186126728896000",
        url="https://far.example/@ann/1",
        lang="en",
        noticed_at=datetime(2026, 3, 2, 9, 0, tzinfo=UTC),
        raw=seen.raw,
    )
    assert json.loads(seen.raw)["sensitive"] is True


@pytest.mark.parametrize("acct", ["ann", "ann@here.example", "ann@HERE.example"])
def test_where_our_own_server_set_the_time_no_notification_bounds_it(acct: str) -> None:
    own = {**STATUS["account"], "acct": acct}
    assert only(polled(status(account=own))).noticed_at is None


def test_what_we_said_is_by_our_own_servers_clock() -> None:
    ours = {"id": "1", "acct": "brand@far.example"}
    assert only(polled(status(account=ours))).noticed_at is None


def test_a_stream_tells_the_same_time_as_a_poll_and_the_first_of_two_counts() -> None:
    [heard] = NETWORK.hear(US, Event("notification", json.dumps(notification(status())))).items
    assert heard == only(polled(status()))
    later = notification(status(), "quote") | {"id": "34975999", "created_at": "2026-03-02T11:00:00.000Z"}
    both = run(NETWORK.poll(US, ""), answering(v1_notifications=[later, notification(status())]))
    assert only(both).noticed_at == NOW


@pytest.mark.parametrize("at", [None, "", "yesterday", 7, {}])
def test_a_notification_that_does_not_say_when_costs_no_post(at: Json) -> None:
    told = notification(status()) | {"created_at": at}
    assert only(run(NETWORK.poll(US, ""), answering(v1_notifications=[told]))).noticed_at is None


def test_people_of_two_servers_are_two_though_their_numbers_are_one() -> None:
    there = replace(US, base_url="https://THERE.example:8443")
    seen = only(run(NETWORK.poll(there, ""), at("https://THERE.example:8443", [notification(status())])))
    assert seen.author_id == "971724@there.example:8443"


def at(server: str, told: object) -> Wire:
    """A server at this address that tells the same of everything."""

    def carry(request: Request) -> Response:
        assert request.url.startswith(server)
        body = told if request.url.endswith("/notifications") else []
        return Response(200, {}, json.dumps(body).encode(), NOW)

    return carry


@pytest.mark.parametrize(
    ("visibility", "kept"),
    [
        ("public", "public"),
        ("unlisted", "public"),
        ("private", "private"),
        ("direct", "private"),
        ("circle", "private"),
    ],
)
def test_only_what_everybody_may_read_is_public(visibility: str, kept: str) -> None:
    seen = only(polled(status(visibility=visibility)))
    assert (seen.visibility, bool(seen.url)) == (kept, kept == "public")


def test_quotes_are_mentions_and_other_news_are_not() -> None:
    assert only(polled(status(), kind="quote")).id == STATUS["id"]
    for kind in ("favourite", "follow", "poll", "admin.report", "anything"):
        assert polled(status(), kind=kind).items == ()
    assert polled(None).items == (), "the status is gone already"


def test_a_boost_is_read_as_what_was_boosted() -> None:
    wrapped = status(id="9", reblog=status(), content="", account={"id": "5", "acct": "eve"})
    assert only(polled(wrapped)).id == STATUS["id"]


def test_what_we_boosted_is_not_what_we_said() -> None:
    ours = {"id": "1", "acct": "brand"}
    said = [status(id="2", account=ours), status(id="3", account=ours, reblog=status(id="4"))]
    page = run(NETWORK.poll(US, ""), answering(v1_accounts_1_statuses=said))
    assert [(item.id, item.direction) for item in page.items] == [("2", Direction.OUT)]


def test_one_bad_item_costs_no_other() -> None:
    both = [notification(status(id="7")), notification(status(id="8", account=None)), {"type": "mention"}, 7]
    page = run(NETWORK.poll(US, ""), answering(v1_notifications=both))
    assert ([item.id for item in page.items], len(page.unread)) == (["7"], 2)
    assert all(item.raw and item.reason for item in page.unread)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(STATUS)), ANYTHING)
def test_any_json_in_any_field(field: str, value: Json) -> None:
    page = polled(status(**{field: value}))
    assert len(page.items) + len(page.unread) <= 1
    for item in page.items:
        item.text.encode()
        assert "\x00" not in item.text + item.id
    NETWORK.hear(US, Event("notification", json.dumps(notification(status(**{field: value})))))


@settings(max_examples=60, deadline=None)
@given(ANYTHING, st.sampled_from(["notification", "update", "status.update", "delete", "conversation", "x"]))
def test_nothing_in_a_stream_is_too_strange(value: Json, name: str) -> None:
    heard = NETWORK.hear(US, Event(name, json.dumps(value)))
    assert heard.items == ()
    assert NETWORK.hear(US, Event(name, "[" * 50_000)).items == ()
    assert NETWORK.hear(US, Event(name, "")).items == ()


@settings(deadline=None)
@given(st.binary(max_size=100), st.integers(100, 599))
def test_any_bytes_with_any_status(body: bytes, code: int) -> None:
    def wire(request: Request) -> Response:
        return Response(code, {}, body, NOW)

    def tried(flow: Any) -> None:
        try:
            run(flow, wire)
        except ChannelError:
            return

    intent = Intent("k", "hi", "2", None, Visibility.PUBLIC, "971724", NOW, frozenset(), "ann@far.example")
    standing = Standing("2", "971724", NOW, Direction.IN, Visibility.PUBLIC)
    for flow in (NETWORK.own(US), NETWORK.about(US), NETWORK.poll(US, ""), NETWORK.send(US, intent),
                 NETWORK.read_back(US, intent), NETWORK.look_again(US, [standing])):  # fmt: skip
        tried(flow)


@settings(deadline=None)
@given(ANYTHING | st.text())
def test_a_cursor_that_cannot_be_read_begins_anew(value: Any) -> None:
    assert (
        only(polled(status(), json.dumps(value) if not isinstance(value, str) else value)).id == STATUS["id"]
    )


def test_limits_are_the_servers_own() -> None:
    said: dict[str, Any] = {
        "domain": "here.example", "version": "4.4.3", "api_versions": {"mastodon": 6},
        "configuration": {"urls": {"streaming": "wss://stream.here.example"},
                          "statuses": {"max_characters": 5000, "characters_reserved_per_url": 30}},
    }  # fmt: skip
    told = run(NETWORK.about(US), answering(v2_instance=said))
    limits = NETWORK.limits(told)
    assert (limits.text, limits.private_text) == (5000, 5000)
    assert limits.keeps_keys > timedelta(minutes=30)
    assert NETWORK.length("https://shop.example/x", "", told) == 30
    asked = NETWORK.stream(replace(US, settings=told))
    assert asked is not None
    assert asked.url == "https://stream.here.example/api/v1/streaming/user"
    assert asked.headers["authorization"] == "Bearer token"


def test_an_older_server_is_asked_in_the_older_way() -> None:
    missing = Response(404, {}, b"<h1>404</h1>", NOW)
    said = {"uri": "https://old.example", "version": "2.7.2 (compatible; Other 1.0)",
            "urls": {"streaming_api": "ws://old.example:4000"}}  # fmt: skip
    told = run(NETWORK.about(US), answering(v2_instance=missing, v1_instance=said))
    assert told["domain"] == "old.example"
    assert NETWORK.limits(told).text == 500
    assert NETWORK.limits(told).keeps_keys == timedelta(0), "only Mastodon itself is known to keep keys"
    asked = NETWORK.stream(replace(US, settings=told))
    assert asked is not None
    assert asked.url == "http://old.example:4000/api/v1/streaming/user"


def test_a_server_that_says_nothing_has_the_common_limits() -> None:
    missing = Response(404, {}, b"", NOW)
    told = run(NETWORK.about(US), answering(v2_instance=missing, v1_instance=missing))
    assert (dict(told), NETWORK.limits(told).text) == ({}, 500)
    assert NETWORK.stream(replace(US, settings=told)) is not None


@settings(max_examples=60, deadline=None)
@given(ANYTHING, st.sampled_from(["max_characters", "characters_reserved_per_url", "streaming", "version"]))
def test_nothing_a_server_says_of_itself_does_harm(value: Json, name: str) -> None:
    said: dict[str, Any] = {"domain": "x", "version": "4", "configuration": {"statuses": {}, "urls": {}}}
    place = said["configuration"]["urls"] if name == "streaming" else said["configuration"]["statuses"]
    (said if name == "version" else place)[name] = value
    try:
        told = run(NETWORK.about(US), answering(v2_instance=said))
    except Unreadable:
        return
    assert NETWORK.limits(told).text > 0
    assert NETWORK.length("https://a.example", "ann", told) > 0
    asked = NETWORK.stream(replace(US, settings=told))
    assert asked is not None
    assert all(len(kept) <= 400 for kept in told.values())


def test_the_handle_is_whole() -> None:
    account = {"id": "1", "acct": "brand", "display_name": "The Brand"}
    wire = answering(v1_accounts_verify_credentials=account, v2_instance={"domain": "here.example"})
    own = run(NETWORK.own(US), wire)
    assert (own.remote_id, own.handle) == ("1", "brand@here.example")


def told(name: str, data: object) -> Heard:
    return NETWORK.hear(US, Event(name, data if isinstance(data, str) else json.dumps(data)))


def test_what_events_mean() -> None:
    ours = status(id="5", account={"id": "1", "acct": "brand"}, mentions=[])
    other = status(id="6", mentions=[])
    edited = status(edited_at="2026-03-02T09:01:00.000Z")
    assert [item.id for item in told("notification", notification(status())).items] == [STATUS["id"]]
    assert told("notification", notification(status(), "favourite")) == Heard()
    assert [item.direction for item in told("update", ours).items] == [Direction.OUT]
    assert told("update", other) == Heard(), "what people say whom we follow is none of ours"
    assert told("update", status()) == Heard(), "a mention comes as a notification"
    assert [item.edited_at for item in told("status.update", edited).items] == [NOW + timedelta(minutes=1)]
    assert told("status.update", other) == Heard()
    assert told("delete", "103186126728896492").again == ("103186126728896492",)
    assert told("conversation", {"id": "1"}) == told("notifications_merged", "") == Heard(poll=True)
    assert told("filters_changed", "undefined") == told("announcement", {}) == Heard()


def test_what_a_stream_garbles_is_kept_and_polled_for() -> None:
    heard = told("notification", '{"id": "7", "type": "mention", "status"')
    assert ([item.raw for item in heard.unread], heard.poll) == (
        [b'{"id": "7", "type": "mention", "status"'],
        True,
    )
