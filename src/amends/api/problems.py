"""What goes wrong, in one shape (RFC 9457): what happened, what was kept, what to do next."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

import pydantic_core
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from pydantic import Field

from amends.api.bodies import NotJson
from amends.api.words import Shape
from amends.core.answering import AnsweredByAnother
from amends.core.case import NotPossible
from amends.pipeline.answers import KeyUsed
from amends.pipeline.people_checks import BadField, NotForYou
from amends.pipeline.rules import BadPolicy
from amends.store.keyset import BadCursor

MEDIA_TYPE = "application/problem+json"
NOTHING = "Nothing was changed."
_MOST_FAULTS = 20
_WHOLE = ("policy", "policy.toml")
"""Where a fault of a policy's text lies that lies in none of its parts."""


class Fault(Shape):
    """One thing wrong in what was sent."""

    where: Annotated[str, Field(description="Path of the field, with dots.", examples=["body.text"])]
    what: Annotated[str, Field(description="What is wrong with it.", examples=["Field required"])]


class Problem(Shape):
    """A problem document (RFC 9457)."""

    type: Annotated[str, Field(description="Always `about:blank`; tell problems apart by `code`.")]
    title: Annotated[str, Field(description="The HTTP status in words.", examples=["Conflict"])]
    status: Annotated[int, Field(description="The HTTP status.", examples=[409])]
    code: Annotated[str, Field(description="What kind of problem, for programs.", examples=["not-possible"])]
    detail: Annotated[str, Field(description="What happened, for people.")]
    kept: Annotated[str, Field(description="What was kept of the request.", examples=[NOTHING])]
    next: Annotated[str, Field(description="What to do next.")]
    errors: Annotated[list[Fault], Field(description="Field by field, where fields are at fault.")] = []


class Refusal(Exception):
    """The door keeps a request out: status, code, what happened and what to do next."""

    def __init__(self, status: int, code: str, detail: str, following: str, retry_after: int = 0) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.following = following
        self.retry_after = retry_after


def answer(
    status: int,
    code: str,
    detail: str,
    following: str,
    errors: list[Fault] | None = None,
    kept: str = NOTHING,
) -> HttpResponse:
    """The problem as an HTTP answer."""
    problem = Problem(
        type="about:blank",
        title=HTTPStatus(status).phrase,
        status=status,
        code=code,
        detail=detail,
        kept=kept,
        next=following,
        errors=errors or [],
    )
    response = HttpResponse(pydantic_core.to_json(problem), status=status, content_type=MEDIA_TYPE)
    if status == HTTPStatus.UNAUTHORIZED:
        response["WWW-Authenticate"] = 'Bearer realm="Amends"'
    return response


_READ_DETAIL = "Read what happened, look at it again with GET, and decide what fits now."
_READ_ERRORS = "Put right what `errors` names and send the whole request again."
_READ_DOCS = "See /api/v1/docs for the addresses there are and what each takes."


def not_found(_: HttpRequest, error: Exception) -> HttpResponse:
    """404: there is no such thing for this token."""
    said = str(error) if isinstance(error, Http404) and error.args else "There is nothing at this address."
    return answer(404, "not-found", said, _READ_DOCS)


def not_allowed(response: HttpResponse) -> HttpResponse:
    """405 in our shape, with the methods there are."""
    allowed = response.get("Allow", "")
    refused = answer(405, "method", f"This address answers only to {allowed}.", _READ_DOCS)
    refused["Allow"] = allowed
    return refused


def without_length() -> HttpResponse:
    """411: Django reads no body whose length was not told beforehand."""
    said = "The body came in chunks without a Content-Length, so it was not read."
    return answer(411, "length", said, "Send it whole, with a Content-Length.")


def _forbidden(_: HttpRequest, error: Exception) -> HttpResponse:
    return answer(403, "role", str(error), "Ask an admin of the brand, or use a token of somebody who may.")


def _not_possible(_: HttpRequest, error: Exception) -> HttpResponse:
    return answer(409, "not-possible", str(error), _READ_DETAIL)


def _answered_by_another(_: HttpRequest, error: Exception) -> HttpResponse:
    following = "Wait until they are done; an answer that must go beside theirs goes with `all_the_same`."
    return answer(409, "answered-by-another", str(error), following)


def _bad_field(_: HttpRequest, error: Exception) -> HttpResponse:
    faults = [Fault(where=f"body.{error.field}", what=error.text)] if isinstance(error, BadField) else []
    return answer(422, "fields", str(error), _READ_ERRORS, faults)


def _bad_policy(_: HttpRequest, error: Exception) -> HttpResponse:
    told = error.faults if isinstance(error, BadPolicy) else {}
    faults = [
        _fault(("body.toml", *([] if place in _WHOLE else [place])), what) for place, what in told.items()
    ]
    return answer(422, "fields", "The text is no policy.", _READ_ERRORS, faults[:_MOST_FAULTS])


def _key_used(_: HttpRequest, error: Exception) -> HttpResponse:
    return answer(422, "key-used", str(error), "Use a new Idempotency-Key for a new answer.")


def _bad_cursor(_: HttpRequest, __: Exception) -> HttpResponse:
    faults = [Fault(where="query.cursor", what="Not a cursor of this desk.")]
    return answer(422, "fields", "The cursor cannot be read.", "Start again without a cursor.", faults)


def _refused(_: HttpRequest, error: Exception) -> HttpResponse:
    if not isinstance(error, Refusal):
        raise error
    response = answer(error.status, error.code, error.detail, error.following)
    if error.retry_after:
        response["Retry-After"] = str(error.retry_after)
    return response


def _invalid(_: HttpRequest, error: Exception) -> HttpResponse:
    raised = error.errors if isinstance(error, ValidationError) else []
    faults = [_fault(fault["loc"], _said(fault)) for fault in raised[:_MOST_FAULTS]]
    return answer(422, "fields", "Something in the request is not as it must be.", _READ_ERRORS, faults)


def _said(fault: dict[str, Any]) -> str:
    """What is wrong with a field. Of a text that it read through a validator, pydantic counts "items"."""
    counted = fault.get("ctx", {})
    if counted.get("field_type") != "Value":
        return str(fault["msg"])
    if "max_length" in counted:
        return f"String should have at most {counted['max_length']} characters"
    return f"String should have at least {counted['min_length']} character"


def _fault(place: tuple[object, ...], what: str) -> Fault:
    names = [str(part) for part in place]
    if names[0] == "body" and len(names) > 1:
        del names[1]  # ninja names the view's parameter there
    return Fault(where=".".join(names)[:200], what=what[:300])


def _http(_: HttpRequest, error: Exception) -> HttpResponse:
    if isinstance(error, AuthenticationError):
        return answer(401, "token", "This needs a token that holds.", "Send `Authorization: Bearer am_…`.")
    if isinstance(error.__cause__, NotJson):
        return answer(error.__cause__.status, "body", str(error.__cause__), "Send the body as JSON in UTF-8.")
    status = error.status_code if isinstance(error, HttpError) else 400
    return answer(status, "request", "The request cannot be read.", _READ_DOCS)


def _too_big(_: HttpRequest, __: Exception) -> HttpResponse:
    return answer(413, "too-big", "The body is larger than 4 MB.", "Send it in smaller parts.")


def _unreadable(_: HttpRequest, __: Exception) -> HttpResponse:
    return answer(400, "request", "The request cannot be read.", _READ_DOCS)


def say_all(api: NinjaAPI) -> None:
    """Give every refusal its words; what is left is a fault of ours and goes to Django as such."""
    handlers: dict[type[Exception], Any] = {
        Refusal: _refused,
        Http404: not_found,
        PermissionDenied: _forbidden,
        NotForYou: _forbidden,
        BadField: _bad_field,
        BadPolicy: _bad_policy,
        NotPossible: _not_possible,
        KeyUsed: _key_used,
        AnsweredByAnother: _answered_by_another,
        BadCursor: _bad_cursor,
        ValidationError: _invalid,
        HttpError: _http,
        RequestDataTooBig: _too_big,
        SuspiciousOperation: _unreadable,
        UnreadablePostError: _unreadable,
    }
    for kind, handler in handlers.items():
        api.add_exception_handler(kind, handler)
