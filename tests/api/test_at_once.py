"""The same answer asked for by several callers at the same moment is planned once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from django.db import connection
from tests.api.conftest import Desk

from amends.core.scopes import Scope
from amends.store import history, models

CALLERS = 6


def test_one_key_is_one_answer_however_many_ask(api: Desk) -> None:
    case, post = api.case(), api.question()
    caller = api.caller(Scope.WRITE)
    ready = Barrier(CALLERS)

    def ask(number: int) -> Any:
        try:
            ready.wait()
            body = {"to_post": post.pk, "text": "We are sorry."}
            return caller.post(f"/cases/{case.pk}/reply", body, **{"Idempotency-Key": "at once"})
        finally:
            connection.close()

    with ThreadPoolExecutor(CALLERS) as pool:
        answers = list(pool.map(ask, range(CALLERS)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["key"] for answer in answers}) == 1
    assert models.Send.objects.count() == 1
    case.refresh_from_db()
    assert case.sends_open == 1
    assert list(history.faults()) == []
