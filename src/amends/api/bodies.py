"""Bodies in, JSON out: strict UTF-8 JSON of sane depth is read, and times are written whole."""

from __future__ import annotations

import json
from typing import Any, NoReturn

import pydantic_core
from django.http import HttpRequest
from ninja.parser import Parser
from ninja.renderers import BaseRenderer

_MEDIA_TYPE = "application/json"


class NotJson(ValueError):
    """The body is no JSON that this desk reads; `status` is the HTTP status that says so."""

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class StrictParser(Parser):
    """Reads JSON in UTF-8 and nothing else, whatever else the standard library would let pass."""

    def parse_body(self, request: HttpRequest) -> Any:
        """The body as Python values; raises NotJson."""
        if request.content_type != _MEDIA_TYPE:
            raise NotJson(f"The content type is not {_MEDIA_TYPE}.", 415)
        return parsed(request.body)


def parsed(body: bytes) -> Any:
    """A body as Python values; raises NotJson."""
    try:
        return json.loads(body.decode(), parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise NotJson("The body is not UTF-8.") from None
    except RecursionError:
        raise NotJson("The body is nested too deeply.") from None
    except ValueError:
        raise NotJson("The body is not JSON.") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class WholeTimes(BaseRenderer):
    """Writes JSON with times as RFC 3339 in UTC, to the microsecond."""

    media_type = _MEDIA_TYPE

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:  # noqa: ARG002
        """The answer's bytes."""
        return pydantic_core.to_json(data)
