"""Answers on Mastodon: to whom, how widely, what an error means, and how a lost one is found again."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.channels.mastodon_shapes import NETWORK, NOW, STATUS, US, status

from amends.channels.drive import run
from amends.channels.errors import (
    AuthExpired,
    ChannelError,
    Maybe,
    NotAllowedByPerson,
    ParentGone,
    PermissionMissing,
    PolicyStop,
    RateLimited,
    Refused,
    Transient,
    Unreadable,
)
from amends.channels.protocol import (
    Intent,
    Request,
    Response,
    Sent,
)
from amends.core.values import Visibility

if TYPE_CHECKING:
    from tests.channels.conftest import MastodonStage


def intent(text: str = "We are on it.", **more: Any) -> Intent:
    made = Intent(
        "key-1", text, STATUS["id"], None, Visibility.PUBLIC, "971724", NOW, frozenset(), "ann@far.example"
    )
    return replace(made, **more)


def sending(parent: dict[str, Any], asked: Intent) -> tuple[Request, Sent]:
    """The request by which an answer goes out under this post."""
    flow, requests = NETWORK.send(US, asked), []

    def carry(request: Request) -> Response:
        requests.append(request)
        body = parent if request.method == "GET" else status(id="104")
        return Response(200, {}, json.dumps(body).encode(), NOW)

    sent = run(flow, carry)
    return requests[-1], sent


def posted(request: Request) -> dict[str, Any]:
    assert isinstance(request.json, dict)
    return dict(request.json)


@pytest.mark.parametrize(
    ("asked_in", "answered_in"),
    [
        ("public", "public"),
        ("unlisted", "unlisted"),
        ("private", "direct"),
        ("direct", "direct"),
        ("odd", "direct"),
    ],
)
def test_an_answer_is_for_no_more_people_than_the_question(asked_in: str, answered_in: str) -> None:
    request, _ = sending(status(visibility=asked_in), intent())
    assert posted(request)["visibility"] == answered_in
    request, _ = sending(status(visibility=asked_in), intent(visibility=Visibility.PRIVATE))
    assert posted(request)["visibility"] == "direct"


def test_an_answer_names_the_person_and_carries_its_key() -> None:
    request, sent = sending(status(), intent())
    assert posted(request)["status"] == "@ann@far.example We are on it."
    assert posted(request)["in_reply_to_id"] == STATUS["id"]
    assert request.headers["idempotency-key"] == "key-1"
    assert request.writes, "a lost answer to it is a matter to look up"
    assert (sent.remote_id, sent.url) == ("104", STATUS["url"])
    request, _ = sending(status(), intent("Dear @ann@far.example, we are on it."))
    assert posted(request)["status"] == "Dear @ann@far.example, we are on it."


def failing(*answers: Response) -> Callable[[Request], Response]:
    left = list(answers)
    return lambda request: left.pop(0)


def said(code: int, error: str = "", **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(code, named, json.dumps({"error": error}).encode() if error else b"<html>", NOW)


GOOD = Response(200, {}, json.dumps(STATUS).encode(), NOW)


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ([said(404, "Record not found"), Response(200, {}, b"[]", NOW)], ParentGone),
        ([said(404), Response(200, {}, b'[{"id":"971724","blocked_by":true}]', NOW)], NotAllowedByPerson),
        ([said(401, "The access token was revoked")], AuthExpired),
        ([GOOD, said(401, "The access token expired")], AuthExpired),
        ([GOOD, said(403, "This action is outside the authorized scopes")], PermissionMissing),
        ([GOOD, said(403, "Your login is currently disabled")], PolicyStop),
        ([GOOD, said(404, "Record not found")], ParentGone),
        ([GOOD, said(422, "Validation failed: Text character limit of 500 exceeded")], Refused),
        ([GOOD, said(429, "Too many requests")], RateLimited),
        ([GOOD, said(500)], Maybe),
        ([GOOD, said(503, "There was a temporary problem serving your request")], Maybe),
        ([GOOD, Response(200, {}, b"<html>", NOW)], Maybe),
        ([GOOD, Response(200, {}, b"{}", NOW)], Maybe),
        ([said(503)], Transient),
        ([Response(200, {}, b"{}", NOW)], Unreadable),
    ],
)
def test_what_an_error_means(answers: list[Response], error: type[ChannelError]) -> None:
    with pytest.raises(ChannelError) as caught:
        run(NETWORK.send(US, intent()), failing(*answers))
    assert type(caught.value) is error


def test_the_servers_own_words_reach_a_person() -> None:
    with pytest.raises(Refused, match="Text character limit of 500 exceeded"):
        run(
            NETWORK.send(US, intent()),
            failing(GOOD, said(422, "Validation failed: Text character limit of 500 exceeded")),
        )


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry_after": "30", "x_ratelimit_reset": "2026-03-02T09:05:00.000Z"}, 30),
        ({"x_ratelimit_reset": "2026-03-02T09:05:00.123456Z"}, 300),
        ({"x_ratelimit_reset": "1772442300"}, 300),
        ({"x_ratelimit_reset": "2020-01-01T00:00:00Z"}, 0),
        ({"x_ratelimit_reset": "2099-01-01T00:00:00Z"}, 86_400),
        ({"x_ratelimit_reset": "soon"}, 60),
        ({"x_ratelimit_reset": "9" * 40}, 60),
        ({}, 60),
    ],
)
def test_when_a_busy_server_may_be_asked_again(headers: dict[str, str], seconds: int) -> None:
    with pytest.raises(RateLimited) as caught:
        run(NETWORK.poll(US, ""), failing(said(429, "Too many requests", **headers)))
    assert abs(caught.value.retry_at - NOW - timedelta(seconds=seconds)) < timedelta(seconds=1)


def test_few_requests_left_end_a_poll() -> None:
    last = {"x-ratelimit-remaining": "12", "x-ratelimit-reset": "2026-03-02T09:04:00Z"}
    page = run(NETWORK.poll(US, ""), lambda request: Response(200, last, b"[]", NOW))
    assert page.rest_until == NOW + timedelta(minutes=4)


def under(stage: MastodonStage, text: str, parent: str | None, **more: Any) -> Intent:
    who = (stage.customer(), stage.now(), frozenset[str](), "anna")
    return replace(Intent("key-9", text, parent, None, Visibility.PUBLIC, *who), **more)


def test_one_of_two_answers_in_the_same_words_is_not_taken_for_the_other(
    mastodon_stage: MastodonStage,
) -> None:
    stage = mastodon_stage
    root = stage.customer_says("@brand hi")
    first = run(NETWORK.send(stage.connected, under(stage, "On it.", root)), stage.wire)
    lost = under(stage, "On it.", root, key="key-10", others=frozenset({first.remote_id}))
    assert run(NETWORK.read_back(stage.connected, lost), stage.wire) is None
    assert run(NETWORK.read_back(stage.connected, under(stage, "On it.", root)), stage.wire) == first


@pytest.mark.parametrize(
    "text", ["On **it**, today!", "Look: https://shop.example/x?y=1", "ÄÖ — «so» 😡", "…"]
)
def test_a_text_is_found_again_however_it_is_shown(mastodon_stage: MastodonStage, text: str) -> None:
    stage = mastodon_stage
    root = stage.customer_says("@brand hi")
    asked = under(stage, text, root)
    sent = run(NETWORK.send(stage.connected, asked), stage.wire)
    assert run(NETWORK.read_back(stage.connected, asked), stage.wire) == sent
    other = under(stage, text + " And more.", root)
    assert run(NETWORK.read_back(stage.connected, other), stage.wire) is None


def test_words_that_only_look_alike_are_told_apart_by_what_was_typed(mastodon_stage: MastodonStage) -> None:
    stage = mastodon_stage
    root = stage.customer_says("@brand hi")
    run(NETWORK.send(stage.connected, under(stage, "On it!", root)), stage.wire)
    assert run(NETWORK.read_back(stage.connected, under(stage, "On it?", root)), stage.wire) is None
    assert "GET /api/v1/statuses/100002/source" in stage.double.asked


def test_an_answer_is_found_though_its_question_was_deleted_since(mastodon_stage: MastodonStage) -> None:
    stage = mastodon_stage
    root = stage.customer_says("@brand hi")
    asked = under(stage, "On it.", root)
    sent = run(NETWORK.send(stage.connected, asked), stage.wire)
    stage.customer_deletes(root)
    stage.double.orphaned = True
    assert run(NETWORK.read_back(stage.connected, asked), stage.wire) == sent


def test_a_direct_answer_is_found_where_servers_list_only_what_is_public(
    mastodon_stage: MastodonStage,
) -> None:
    stage = mastodon_stage
    root = stage.customer_says("my booking is 77", private=True)
    asked = under(stage, "Thank you.", root, visibility=Visibility.PRIVATE)
    sent = run(NETWORK.send(stage.connected, asked), stage.wire)
    stage.double.lists_private = False
    assert run(NETWORK.read_back(stage.connected, asked), stage.wire) == sent
