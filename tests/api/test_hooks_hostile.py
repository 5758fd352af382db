"""Whatever bytes and headers are sent to a source's address, signed or not, the answer is one of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.api.conftest import COMPLAINTS, Desk
from tests.api.hooked import Sender, post, sender

from amends.pipeline.take import take_in
from amends.store import models

MANY = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
EXPECTED = {200, 400, 401, 404, 405, 411, 413, 415, 422, 429}


@pytest.fixture
def forum(api: Desk) -> Sender:
    return sender(api)


def sound(answer: Any) -> None:
    assert answer.status_code in EXPECTED, (answer.status_code, answer.content[:300])
    assert answer["Cache-Control"] == "no-store"
    assert answer.cookies == {}
    told = answer.json()
    assert "items" in told or told["status"] == answer.status_code
    assert "Traceback" not in answer.content.decode()


@MANY
@given(body=st.binary(max_size=300))
@example(b"\x00")
@example(b'"\\ud800"')
@example(b"[[[[")
@example(b'{"posts": ' + b"[" * 500 + b"]" * 500 + b"}")
@example(b'{"posts": [' + b'{"id":' * 980 + b"1" + b"}" * 980 + b"]}")
def test_any_signed_bytes(forum: Sender, body: bytes) -> None:
    sound(forum.deliver(body))


LATIN = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\x00"), max_size=60)
NAMES = st.sampled_from(
    [
        "webhook-id",
        "webhook-timestamp",
        "webhook-signature",
        "content-type",
        "content-length",
        "host",
        "cookie",
        "transfer-encoding",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "authorization",
        "expect",
        "content-encoding",
    ]
)


@MANY
@given(headers=st.dictionaries(NAMES, LATIN, max_size=6), method=st.sampled_from(["POST", "GET", "BREW"]))
@example({"content-length": "-1"}, "POST")
@example({"content-length": "9" * 5000}, "POST")
@example({"content-length": "²"}, "POST")
@example({"content-type": 'application/json; charset="utf-7'}, "POST")
@example({"webhook-timestamp": "9" * 5000}, "POST")
def test_any_headers(forum: Sender, headers: dict[str, str], method: str) -> None:
    body = json.dumps(post()).encode()
    meta = {
        (n if n in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{n}"): value
        for n, value in ((name.upper().replace("-", "_"), value) for name, value in headers.items())
    }
    good = {f"HTTP_{k.upper().replace('-', '_')}": v for k, v in forum.headers(body).items()}
    sound(forum.client.generic(method, forum.path, body, **{**good, **meta}))  # type: ignore[arg-type]


@MANY
@given(key=st.text(max_size=40))
@example("a/b")
@example("..")
@example("%00")
@example("x" * 9000)
def test_any_key(forum: Sender, key: str) -> None:
    path = "/hooks/" + key.encode("utf-8", "surrogatepass").decode("latin-1").replace("?", "")
    sound(forum.deliver(post(), path=path))


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    [
        *("id", "channel", "author_id", "author_handle", "text", "created_at", "in_reply_to", "url"),
        *("lang", "deleted", "edited_at", "direction", "brand", "visibility", "conversation_id"),
    ]
)


@MANY
@given(offers=st.lists(st.one_of(JSON, st.dictionaries(FIELDS, JSON, max_size=8)), min_size=1, max_size=5))
def test_posts_of_anything_have_outcomes(forum: Sender, offers: list[object]) -> None:
    try:
        body = json.dumps(offers, allow_nan=False).encode()
    except ValueError:
        body = json.dumps(offers).encode()
    answer = forum.deliver(body)
    sound(answer)
    if answer.status_code != 400:
        assert len(answer.json()["items"]) == len(offers)


VALUE = st.one_of(st.text(st.characters(exclude_categories=[]), max_size=30), st.integers(), st.none())


@MANY
@given(more=st.dictionaries(FIELDS.filter(lambda name: name not in ("id", "channel")), VALUE, max_size=5))
def test_what_is_kept_can_be_taken_in(api: Desk, forum: Sender, more: dict[str, object]) -> None:
    body = json.dumps(post(abs(hash(str(more))), **more)).encode()
    sound(forum.deliver(body))
    while take_in(COMPLAINTS, api.now):
        pass
    assert not models.Raw.objects.filter(state="failed").exclude(remote_id="").exists()
