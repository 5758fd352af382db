"""Whatever bytes are sent, the answer is a problem that can be read: never a fault of ours, never a trace."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.api.conftest import Caller, Desk
from tests.api.operations import all_operations

from amends.store import models

MANY = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
BODIES = {
    "nothing": b"",
    "no json": b"{",
    "invalid UTF-8": b'{"text": "\xff\xfe"}',
    "UTF-16": '{"text": "x"}'.encode("utf-16"),
    "deep": b"[" * 100_000,
    "deep objects": b'{"a":' * 50_000,
    "huge number": b'{"to_post": ' + b"9" * 10_000 + b', "text": "x"}',
    "big number": b'{"to_post": 99999999999999999999, "text": "x"}',
    "not a number": b'{"to_post": NaN, "text": "x"}',
    "a list": b"[]",
    "null": b"null",
    "a word": b'"x"',
    "surrogates": b'{"to_post": 1, "text": "\\ud800\\udfff", "\\ud800": 1}',
    "NUL": b'{"to_post": "\\u0000", "text": "x"}',
    "extra": b'{"to_post": 1, "text": "x", "brand": 2}',
}


@pytest.fixture
def caller(api: Desk) -> Caller:
    return api.caller()


def send(caller: Caller, method: str, path: str, body: bytes, kind: str = "application/json") -> Any:
    return caller.client.generic(method, path, body, content_type=kind, headers=caller.headers())


def is_a_problem(answer: Any) -> None:
    assert 400 <= answer.status_code < 500, answer.content[:500]
    assert answer["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == answer.status_code
    assert problem["detail"]
    assert problem["next"]
    assert "Traceback" not in answer.content.decode()


@pytest.mark.parametrize("name", BODIES)
def test_bodies_that_are_none(api: Desk, name: str) -> None:
    caller = api.caller()
    ids = dict.fromkeys(
        [
            "case_id",
            "post_id",
            "send_id",
            "member_id",
            "invitation_id",
            "account_id",
            "token_id",
            "sign_in_id",
            "version",
            "alert_id",
            "hook_id",
        ],
        1,
    ) | {"case_id": api.case().pk}
    for operation in all_operations():
        if operation.body is not None:
            is_a_problem(send(caller, operation.method.upper(), f"/api/v1{operation.at(ids)}", BODIES[name]))
    assert models.Send.objects.count() == 0


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "a/b;\x00"]
)
def test_other_content_types(api: Desk, kind: str) -> None:
    answer = send(api.caller(), "POST", f"/api/v1/cases/{api.case().pk}/note", b'{"text": "x"}', kind)
    is_a_problem(answer)
    assert answer.status_code == 415


def test_large_bodies(api: Desk) -> None:
    caller = api.caller()
    answer = send(caller, "POST", "/api/v1/posts", b'{"posts": ["' + b"x" * 10_000_000 + b'"]}')
    is_a_problem(answer)
    assert answer.status_code == 413
    post = {"id": "big", "author_id": "a", "text": "word " * 200_000, "created_at": "2026-03-04T11:00:00Z"}
    assert caller.post("/posts", {"posts": [post]}).json()["kept"] == 1


def test_a_body_in_chunks_is_not_taken_for_none(api: Desk) -> None:
    caller = api.caller()
    path = f"/api/v1/cases/{api.case().pk}/note"
    answer = caller.client.generic(
        "POST", path, b"", headers={**caller.headers(), "Transfer-Encoding": "chunked"}
    )
    is_a_problem(answer)
    assert answer.status_code == 411


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/",
        "/api/v1/nothing",
        "/api/v1/cases/",
        "/api/v1/cases/0",
        "/api/v1/cases/-1",
        "/api/v1/cases/x",
        "/api/v1/cases/%00",
        "/api/v1/cases/%ff%fe",
        "/api/v1/cases/" + "9" * 5000,
        "/api/v1/cases/1e3",
        "/api/v1/cases?limit=0",
        "/api/v1/cases?limit=" + "9" * 5000,
        "/api/v1/cases?cursor=x",
        "/api/v1/cases?cursor=1~2026-03-04T12:00:00~9",
        "/api/v1/cases?cursor=%00",
        "/api/v1/cases?view=nobodys",
        "/api/v1/posts?since=0",
        "/api/v1/posts?since=0001-01-01T00:00:00%2B14:00",
        "/api/v1/posts?case=99999999999999999999",
        "/api/v1/policy/versions/99999999999999999999",
    ],
)
def test_addresses_that_name_nothing(api: Desk, path: str) -> None:
    is_a_problem(send(api.caller(), "GET", path, b""))


def test_methods_that_are_none(api: Desk) -> None:
    for method in ("DELETE", "PUT", "PATCH", "TRACE", "BREW"):
        answer = send(api.caller(), method, "/api/v1/cases", b"")
        is_a_problem(answer)
        assert answer.status_code == 405
        assert "GET" in answer["Allow"]


@MANY
@given(words=st.text(max_size=60))
def test_searches_for_anything(caller: Caller, words: str) -> None:
    for path in ("/cases", "/posts"):
        assert caller.get(path, q=words.encode("utf-8", "replace").decode()).status_code == 200


FIELD = st.one_of(
    st.text(max_size=50),
    st.integers(),
    st.none(),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.text()),
)


@MANY
@given(
    posts=st.lists(
        st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "channel",
                    "author_id",
                    "text",
                    "created_at",
                    "in_reply_to",
                    "url",
                    "deleted",
                    "edited_at",
                    "direction",
                ]
            ),
            FIELD,
        ),
        min_size=1,
        max_size=5,
    )
)
def test_posts_of_anything_have_outcomes(caller: Caller, posts: list[dict[str, Any]]) -> None:
    body = json.dumps({"posts": posts}).encode()
    answer = send(caller, "POST", "/api/v1/posts", body)
    assert answer.status_code == 200, answer.content
    assert len(answer.json()["items"]) == len(posts)


@MANY
@given(text=st.text(st.characters(exclude_categories=[]), min_size=1, max_size=50))
def test_words_of_anything_are_kept_harmlessly(caller: Caller, text: str) -> None:
    post = {"id": f"h{abs(hash(text))}", "author_id": "a", "text": text, "created_at": "2026-03-04T11:00:00Z"}
    answer = send(caller, "POST", "/api/v1/posts", json.dumps({"posts": [post]}).encode())
    assert answer.json()["kept"] + answer.json()["repeated"] == 1
    found = json.loads(models.Waiting.objects.get(raw__remote_id=post["id"]).fields).get("text", "")
    assert "\x00" not in found
    found.encode()
