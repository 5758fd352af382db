"""What the status of an answer means, once for all networks that speak plain HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TypeAlias

from amends.channels.errors import (
    AuthExpired,
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
from amends.channels.protocol import Json, Request, Response
from amends.channels.record import Record

WAIT_WITHOUT_WORD = timedelta(seconds=60)
SHOWN_OF_A_REASON = 200


Words: TypeAlias = "Mapping[str, type[Refused] | type[Duplicate]]"
"""A network's own error codes and what each stands for."""

NO_WORDS: Words = MappingProxyType({})


def answer(request: Request, response: Response, words: Words = NO_WORDS) -> Json:
    """The JSON of a good answer; any other raises the error that says what may be done next."""
    if not 200 <= response.status < 300:
        raise trouble(request, response, words)
    try:
        return response.json()
    except Unreadable as error:
        if request.writes:
            raise Maybe("The network took it but gave an answer that cannot be read.") from error
        raise


def trouble(request: Request, response: Response, words: Words = NO_WORDS) -> ChannelError:
    """The error that an answer outside 200-299 stands for."""
    status = response.status
    if status == 429:
        at = response.retry_at() or response.received_at + WAIT_WITHOUT_WORD
        return RateLimited("The network asks us to slow down.", retry_at=at)
    if status == 401:
        return AuthExpired("The network no longer accepts our token.")
    if status >= 500 or status == 408:
        return _hiccup(request, response)
    try:
        body: Json = response.json()
    except Unreadable:
        return _unexplained(request, status)
    return _refusal(status, *_reason(body), words) if status >= 400 else _unexplained(request, status)


def _hiccup(request: Request, response: Response) -> ChannelError:
    if request.writes:
        return Maybe(f"The network answered {response.status}; the post may have gone out.")
    return Transient(f"The network answered {response.status}.", retry_at=response.retry_at())


def _unexplained(request: Request, status: int) -> ChannelError:
    if request.writes:
        return Maybe(f"The network answered {status} without a reason; the post may have gone out.")
    return Refused(f"The network answered {status} without a reason.", permanent=False)


def _refusal(status: int, code: str, reason: str, words: Words) -> ChannelError:
    said = f" It says: {reason}" if reason else ""
    if code in words:
        return words[code](f"The network refused.{said}", code=code)
    if status == 403:
        return PermissionMissing(f"The network does not allow this.{said}", code=code)
    if status in (404, 410):
        return ParentGone(f"The network no longer has what this refers to.{said}", code=code)
    return Refused(f"The network refused with {status}.{said}", code=code)


def _reason(body: Json) -> tuple[str, str]:
    """The network's own code and words: `{"error": {"code", "message"}}`, or a text with a description."""
    try:
        whole = Record(body)
        if isinstance(body, dict) and isinstance(body.get("error"), str):
            said = whole.text("error")
            return said.casefold()[:80], whole.text("error_description", said)[:SHOWN_OF_A_REASON]
        error = whole.record("error")
        return error.text("code", "")[:80], error.text("message", "")[:SHOWN_OF_A_REASON]
    except Unreadable:
        return "", ""
