"""What the status, body and headers of an answer mean for the sender."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from amends.channels.answers import answer
from amends.channels.errors import (
    ChannelError,
    Duplicate,
    Maybe,
    ParentGone,
    PermissionMissing,
    RateLimited,
    Refused,
    Transient,
    Unreadable,
)
from amends.channels.protocol import Request, Response

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def got(status: int, body: bytes = b"{}", **headers: str) -> Response:
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, body, NOW)


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [("30", 30), ("0", 0), ("999999999999", 86_400), ("Mon, 02 Mar 2026 09:05:00 GMT", 300),
     ("Mon, 02 Mar 2020 09:05:00 GMT", 0), ("Mon, 02 Mar 2099 09:05:00 GMT", 86_400)],
)  # fmt: skip
def test_retry_after(asked: str, seconds: int) -> None:
    assert got(429, retry_after=asked).retry_at() == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("asked", ["", "soon", "-5", "1e3", "٣٠", "Mon, 99 Mar 2026 09:05:00 GMT"])
def test_retry_after_without_sense(asked: str) -> None:
    assert got(429, retry_after=asked).retry_at() is None


GET, POST = Request("GET", "https://a.example/"), Request("POST", "https://a.example/")
REASON = b'{"error":{"code":"dup","message":"said already"}}'


@pytest.mark.parametrize(
    ("request_", "response", "error"),
    [
        (GET, got(500), Transient), (POST, got(500), Maybe), (POST, got(408), Maybe),
        (POST, got(200, b"<"), Maybe),
        (GET, got(200, b"<"), Unreadable), (POST, got(403), PermissionMissing), (POST, got(404), ParentGone),
        (POST, got(413, b"<html>"), Maybe), (GET, got(413, b"<html>"), Refused), (POST, got(422), Refused),
        (POST, got(409, REASON), Duplicate), (POST, got(429, b"<"), RateLimited), (GET, got(304), Refused),
        (Request("PUT", "https://a.example/", repeatable=True), got(500), Transient),
    ],
)  # fmt: skip
def test_what_a_status_means(request_: Request, response: Response, error: type[ChannelError]) -> None:
    with pytest.raises(ChannelError) as caught:
        answer(request_, response, {"dup": Duplicate})
    assert type(caught.value) is error
