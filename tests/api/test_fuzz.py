"""What the API says of itself is true, whatever is sent: schemathesis against its own description."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.api.conftest import Desk
from tests.api.test_door import ids_of

from amends.pipeline import tokens
from amends.store import history, models

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 12


def test_the_description_is_kept(api: Desk) -> None:
    ids = ids_of(api, api.brand)
    models.User.objects.filter(pk=api.ada.pk).update(is_staff=True)
    ids["member_id"] = models.Membership.objects.get(user=api.ben).pk
    headers = {"Authorization": f"Bearer {secret_out_of_reach(api)}"}
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
    tried = 0
    for operation in leaving_last(schema):
        tried += try_operation(operation, ids, headers)
    assert tried > 400
    assert list(history.faults()) == []


def leaving_last(schema: Any) -> list[Any]:
    """All operations, and at the end the one after which the token may let nobody in."""
    operations: list[Any] = []
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operations.append(found.ok())
    return sorted(operations, key=lambda one: (one.path, one.method.upper()) == ("/api/v1/me", "DELETE"))


def secret_out_of_reach(api: Desk) -> str:
    """A token whose id nothing generated hits, so that no operation ends it."""
    made, secret = tokens.make_token(
        api.ada, api.brand.pk, "fuzz", ["read", "write", "import", "admin"], None, api.now
    )
    models.ApiToken.objects.filter(pk=made.pk).update(id=10**15 + 7)
    return secret


def try_operation(operation: Any, ids: dict[str, int], headers: dict[str, str]) -> int:
    """Call one operation with what fits its description and with what does not; returns how often."""
    calls = 0

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy(operation), at_home=st.integers(0, 3))
    def tried(case: Any, at_home: int) -> None:
        nonlocal calls
        if at_home:
            case.path_parameters = {name: ids[name] for name in case.path_parameters}
            if isinstance(case.body, dict) and "to_post" in case.body:
                case.body["to_post"] = ids["post_id"]
        case.call_and_validate(headers=headers, checks=CHECKS)
        calls += 1

    tried()
    return calls


def strategy(operation: Any) -> Any:
    return st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )


@pytest.mark.parametrize("address", ["/api/v1/openapi.json", "/api/v1/docs"])
def test_the_description_is_open(api: Desk, address: str) -> None:
    from django.test import Client

    answer = Client(SERVER_NAME="127.0.0.1").get(address)
    assert answer.status_code == 200
    assert b"https://" not in answer.content.replace(b"https://example.social", b"").replace(
        b"https://social.example", b""
    )
