"""Whatever a network or a stranger sends, flows and the fake network answer in their own words."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.channels.drive import run
from amends.channels.errors import ChannelError, Maybe, Refused
from amends.channels.fake import Fake
from amends.channels.fake_network import FakeNetwork
from amends.channels.protocol import Connected, Intent, Json, Page, Request, Response
from amends.core.values import Visibility

if TYPE_CHECKING:
    from tests.channels.conftest import FakeStage

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CONNECTED = Connected("https://fake.example", "brand", "u1", "token")
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
POST: dict[str, Json] = {
    "id": "1", "author": {"id": "u2", "handle": "a", "name": "A"}, "text": "hi", "lang": "en",
    "created_at": "2026-03-02T09:00:00+00:00", "edited_at": None, "in_reply_to": None,
    "conversation_id": "1", "visibility": "public", "deleted": False,
}  # fmt: skip


def polled(body: bytes, status: int = 200) -> Page:
    return run(Fake().poll(CONNECTED, ""), lambda request: Response(status, {}, body, NOW))


def intent(text: str = "hello") -> Intent:
    return Intent("k", text, "1", None, Visibility.PUBLIC, None, NOW)


@given(st.binary(max_size=200), st.integers(100, 599))
def test_any_bytes_with_any_status(body: bytes, status: int) -> None:
    with pytest.raises(ChannelError):
        polled(body, status)
    with pytest.raises((Maybe, Refused, ChannelError)):
        run(Fake().send(CONNECTED, intent()), lambda request: Response(status, {}, body, NOW))


@given(ANYTHING)
def test_any_json_instead_of_a_page(value: Json) -> None:
    with pytest.raises(ChannelError):
        polled(json.dumps(value).encode())


@given(st.sampled_from(sorted(POST)), ANYTHING)
def test_one_bad_item_costs_no_other(field: str, value: Json) -> None:
    events: list[Json] = [{"post": POST}, {"post": {**POST, field: value}}, {"post": {**POST, "id": "3"}}]
    page = polled(json.dumps({"events": events, "cursor": "3", "more": False}).encode())
    assert len(page.items) + len(page.unread) == 3
    assert {page.items[0].id, page.items[-1].id} == {"1", "3"}
    assert all(item.raw for item in page.unread)


@given(st.text(max_size=300))
def test_every_text_that_comes_in_can_be_kept(text: str) -> None:
    body = json.dumps({"events": [{"post": {**POST, "text": text}}], "cursor": "3", "more": False}).encode()
    [seen] = polled(body).items
    assert "\x00" not in seen.text
    seen.text.encode("utf-8")
    assert len(seen.text) == len(text)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"events":' + b"[" * 3000,
        b"9" * 5000,
        b"NaN",
        b'{"a":1e999}',
        b"\xff\xfe",
        b'"\\ud800"',
    ],
)
def test_bodies_made_to_break_a_parser(body: bytes) -> None:
    with pytest.raises(ChannelError):
        polled(body)


def test_lone_surrogates_and_nul_are_made_safe_but_kept_raw() -> None:
    text = r'"caf\ud800\u0000"'
    post = json.dumps(POST).replace('"hi"', text)
    [seen] = polled(f'{{"events":[{{"post":{post}}}],"cursor":"1","more":false}}'.encode()).items
    assert seen.text == "caf\ufffd\ufffd"
    assert rb"\ud800\u0000" in seen.raw


@pytest.mark.parametrize("flow", ["poll", "read_back"])
def test_a_network_that_stands_still_is_left(flow: str) -> None:
    body = json.dumps({"events": [], "posts": [], "cursor": "7", "more": True}).encode()
    running = Fake().poll(CONNECTED, "7") if flow == "poll" else Fake().read_back(CONNECTED, intent())
    with pytest.raises(ChannelError):
        run(running, lambda request: Response(200, {}, body, NOW))


@given(
    st.sampled_from(["GET", "POST", "PATCH", "DELETE", "PUT"]),
    st.sampled_from(
        ["", "/", "/api/", "/api/posts", "/api/posts/", "/api/timeline", "/posts/", "/@", "/control/posts"]
    ),
    st.text(max_size=30),
    st.binary(max_size=60) | ANYTHING.map(lambda value: json.dumps(value).encode()),
    st.booleans(),
)
def test_any_request_to_the_fake_network(method: str, path: str, tail: str, body: bytes, known: bool) -> None:
    network = FakeNetwork(lambda: NOW)
    network.admit(network.join("brand", "B").id, "token")
    headers = {"authorization": "Bearer token"} if known else {}
    request = Request(method, f"http://x{path}{tail}", headers=headers, body=body)
    response = network.handle(request)
    assert 200 <= response.status < 500


@given(
    st.dictionaries(
        st.sampled_from(["text", "in_reply_to", "recipient", "handle", "to", "name", "seconds"]), ANYTHING
    )
)
def test_any_body_to_the_posting_doors(body: dict[str, Json]) -> None:
    network = FakeNetwork(lambda: NOW)
    network.admit(network.join("brand", "B").id, "token")
    control = ("/control/posts", "/control/faults", "/control/clocks")
    for path in ("/api/posts", "/api/messages", "/api/blocks", *control):
        request = Request("POST", f"http://x{path}", headers={"authorization": "Bearer token"}, json=body)
        assert 200 <= network.handle(request).status < 500


@given(st.text(min_size=1, max_size=80))
def test_no_text_becomes_markup_on_a_page(text: str) -> None:
    network = FakeNetwork(lambda: NOW)
    account = network.join("eve", f"<i>{text}")
    token = network.join("brand", "B").id
    network.admit(token, "token")
    say: dict[str, Json] = {"handle": "eve", "text": f"<script>{text}"}
    headers = {"authorization": "Bearer token"}
    network.handle(Request("POST", "http://x/control/posts", headers=headers, json=say))
    page = network.handle(Request("GET", "http://x/")).body.decode()
    assert account.handle in page
    assert "<script" not in page
    assert "<i>" not in page


def test_strangers_see_no_private_word(fake_stage: FakeStage) -> None:
    message = fake_stage.customer_says("my secret is 42", private=True)
    fake_stage.network.admit(fake_stage.network.join("eve", "Eve").id, "eve-token")
    for path in ("/", f"/posts/{message}", "/@anna", f"/api/posts/{message}", f"/api/posts/{message}/replies",
                 "/api/timeline", "/api/messages/u1", "/api/messages/u2"):  # fmt: skip
        request = Request("GET", f"http://x{path}", headers={"authorization": "Bearer eve-token"})
        assert b"42" not in fake_stage.network.handle(request).body
