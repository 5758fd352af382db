"""The API itself: its description in OpenAPI 3.1, its addresses, and what all of them have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, re_path
from ninja import NinjaAPI
from ninja.openapi.schema import REF_TEMPLATE, OpenAPISchema
from ninja.operation import Operation
from pydantic.json_schema import models_json_schema

from amends.api import problems
from amends.api.bodies import StrictParser, WholeTimes
from amends.api.door import Token
from amends.api.problems import MEDIA_TYPE, Problem

View = Callable[..., HttpResponseBase]
DESCRIPTION = """\
Whatever a screen of the desk can do, a program can do here, through the same rules.

Send a token as `Authorization: Bearer am_…`. It belongs to one brand and acts as the person who made it,
within its scopes (`read`, `write`, `import`, `admin`) and that person's role. Times are RFC 3339 in UTC.
Lists come in pages: hand `next` back as `cursor` until it is null. Everything that goes wrong is a problem
document (RFC 9457).
"""
REFUSALS = {
    "400": "The request cannot be read.",
    "401": "No token, or one that does not hold.",
    "403": "The token's scope or its person's role is not enough.",
    "404": "There is no such thing in the token's brand.",
    "409": "That cannot be done now; the detail says why.",
    "413": "The body is too large.",
    "415": "The body is not JSON.",
    "422": "Something in the request is not as it must be.",
    "429": "Too many requests without a token that holds.",
    "503": "The database does not answer just now; ask again.",
}


class Desk(NinjaAPI):
    """An API whose description tells the scope of each operation and everything that it may refuse."""

    def __init__(self, version: str) -> None:
        super().__init__(
            title="Amends",
            version=version,
            description=DESCRIPTION,
            urls_namespace="api-v1",
            parser=StrictParser(),
            renderer=WholeTimes(),
        )
        self.scopes: dict[str, str] = {}
        self.described: dict[str, OpenAPISchema] = {}
        problems.say_all(self)

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """The name of the view; told once for each operation, so its scope is noted here."""
        name = operation.view_func.__name__
        (guard,) = operation.auth_callbacks
        if not isinstance(guard, Token):
            raise TypeError(f"the operation {name} names no scope")
        self.scopes[name] = guard.scope
        return name

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """The description, with scopes and refusals; made once for each place where the API stands."""
        place = self.get_root_path(path_params or {}) if path_prefix is None else path_prefix
        if place not in self.described:
            self.described[place] = self._schema(place)
        return self.described[place]

    def _schema(self, place: str) -> OpenAPISchema:
        schema = super().get_openapi_schema(path_prefix=place)
        _, shapes = models_json_schema([(Problem, "serialization")], ref_template=REF_TEMPLATE)
        schema["components"]["schemas"].update(shapes["$defs"])
        for path, operations in schema["paths"].items():
            for method, details in operations.items():
                self._describe(details, _statuses(path, method, details))
        return schema

    def _describe(self, details: dict[str, Any], statuses: list[str]) -> None:
        scope = self.scopes[details["operationId"]]
        details["security"] = [{"Token": [scope]}]
        details["x-scope"] = scope
        details["summary"] = details["summary"].capitalize()
        details["description"] = f"{details.get('description', '')}\n\nNeeds the scope `{scope}`.".strip()
        details["responses"] = {str(status): answer for status, answer in details["responses"].items()}
        for parameter in details["parameters"]:
            what = parameter["name"].removesuffix("_id")
            parameter.setdefault("description", f"The desk's number of the {what}.")
        for status in statuses:
            content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
            details["responses"][status] = {"description": REFUSALS[status], "content": content}


def _statuses(path: str, method: str, details: dict[str, Any]) -> list[str]:
    """Everything an operation may refuse with."""
    found = ["400", "401", "403", "422", "429", "503"]
    if "{" in path:
        found.append("404")
    if method != "get":
        found.append("409")
    if "requestBody" in details:
        found += ["413", "415"]
    return sorted(found)


def addresses(api: Desk) -> tuple[list[URLPattern], str, str]:
    """The API's addresses: open to strangers as far as Django goes, since each operation has its own door."""
    patterns, app, namespace = api.urls
    found: list[URLPattern] = []
    for pattern in patterns:
        if not isinstance(pattern, URLPattern):
            raise TypeError("an address of the API is no plain pattern")
        pattern.callback = _guarded(pattern.callback)
        found.append(pattern)
    found.append(re_path("", _guarded(_nowhere)))
    return found, app, namespace


def _guarded(view: View) -> View:
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if "HTTP_TRANSFER_ENCODING" in request.META and not request.META.get("CONTENT_LENGTH"):
            return problems.without_length()
        try:
            response = view(request, *args, **kwargs)
        except Http404:
            return problems.not_found(request, Http404())
        if response.status_code == 405 and isinstance(response, HttpResponse):
            return problems.not_allowed(response)
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    answered.login_required = False  # type: ignore[attr-defined]
    answered.csrf_exempt = True  # type: ignore[attr-defined]
    return answered


def _nowhere(_: HttpRequest) -> HttpResponse:
    raise Http404
