"""What a webhook is measured against: a view that inserts and commits one row, before all middleware."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection
from django.http import HttpRequest, HttpResponse

from amends import clock

PATH = "/bare/"
TABLE = "CREATE TABLE bare (id bigserial PRIMARY KEY, received_at timestamptz, payload bytea)"
_INSERT = "INSERT INTO bare (received_at, payload) VALUES (%s, %s)"


class Bare:
    """Keeps the body of a request in a row of the same size, and does nothing else."""

    def __init__(self, handler: Callable[[HttpRequest], HttpResponse]) -> None:
        self.handler = handler

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """204 once it is on disk; every other request goes on."""
        if request.path_info != PATH:
            return self.handler(request)
        with connection.cursor() as cursor:
            cursor.execute(_INSERT, [clock.now(), request.body])
        return HttpResponse(status=204)
