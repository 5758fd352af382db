"""What the desk believes of a request behind proxies, and what strangers write into its headers in vain."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client, override_settings
from django.urls import reverse

from amends.api.door import MOST_REFUSED
from amends.core import proxies
from amends.store import models
from amends.web.reach import HEADER, token

SPOOFED = {
    "X-Forwarded-For": "198.51.100.7",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "localhost",
    "Forwarded": "for=198.51.100.7;proto=https",
}


@pytest.fixture
def trusting(desk: None) -> Iterator[None]:
    cache.clear()
    with override_settings(TRUSTED_PROXIES=proxies.networks("127.0.0.1,10.0.0.0/8")):
        yield


def seen(client: Client, **headers: str) -> dict[str, object]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = client.get(reverse("reach"), headers={HEADER: token(), **named})
    assert answer.status_code == 200, answer.content
    found: dict[str, object] = answer.json()
    return found


def test_a_trusted_proxy_tells_scheme_and_host(trusting: None) -> None:
    found = seen(Client(SERVER_NAME="127.0.0.1"), **SPOOFED)
    assert found == {
        "scheme": "https",
        "host": "localhost",
        "told": True,
        "trusted": True,
        "peer": "127.0.0.1",
    }


def test_from_anybody_else_it_is_taken_away(trusting: None) -> None:
    client = Client(SERVER_NAME="127.0.0.1", REMOTE_ADDR="203.0.113.5")
    found = seen(client, **SPOOFED)
    assert (found["scheme"], found["host"]) == ("http", "127.0.0.1")
    assert (found["told"], found["trusted"], found["peer"]) == (True, False, "203.0.113.5")


def test_nobody_is_trusted_unless_named(desk: None) -> None:
    assert seen(Client(SERVER_NAME="127.0.0.1"), **SPOOFED)["scheme"] == "http"


def test_a_host_that_is_not_ours_is_refused_whoever_tells_it(trusting: None) -> None:
    client = Client(SERVER_NAME="127.0.0.1")
    answer = client.get(reverse("reach"), headers={HEADER: token(), "X-Forwarded-Host": "evil.example"})
    assert answer.status_code == 400


def knock(client: Client, hops: str) -> int:
    return client.get("/api/v1/me", headers={"X-Forwarded-For": hops}).status_code


def test_a_throttle_counts_people_behind_a_trusted_proxy_apart(trusting: None) -> None:
    client = Client(SERVER_NAME="127.0.0.1")
    codes = [knock(client, "198.51.100.7") for _ in range(MOST_REFUSED + 1)]
    assert codes[-1] == 429
    assert knock(client, "198.51.100.8") == 401


@pytest.mark.parametrize(
    "hops", ["{n}.0.0.1, 198.51.100.7", "{n}.9.9.9, 198.51.100.7, 10.2.3.4", "x{n}, 198.51.100.7"]
)
def test_a_stranger_gets_around_no_throttle_by_what_they_write(trusting: None, hops: str) -> None:
    client = Client(SERVER_NAME="127.0.0.1")
    codes = [knock(client, hops.format(n=number)) for number in range(11, 11 + MOST_REFUSED + 1)]
    assert codes[-1] == 429


def test_past_the_proxy_the_header_is_worth_nothing(trusting: None) -> None:
    client = Client(SERVER_NAME="127.0.0.1", REMOTE_ADDR="203.0.113.5")
    codes = [knock(client, f"198.51.100.{number}") for number in range(MOST_REFUSED + 1)]
    assert codes[-1] == 429


def test_sign_in_is_throttled_by_the_address_behind_the_proxy(trusting: None) -> None:
    models.User.objects.create_user("ada@example.org", "a long password", name="Ada")

    def attempt(hops: str) -> int:
        client = Client(SERVER_NAME="127.0.0.1")
        body = {"login": f"{hops}@example.org", "password": "wrong"}
        return client.post("/account/login/", body, headers={"X-Forwarded-For": hops}).status_code

    codes = [attempt("198.51.100.7") for _ in range(31)]
    assert codes[-1] == 429
    assert attempt("1.2.3.4, 198.51.100.7") == 429
    assert attempt("198.51.100.8") == 200


def test_only_the_doctor_can_ask_how_a_request_came(desk: None) -> None:
    client = Client(SERVER_NAME="127.0.0.1")
    for header in ("", "reach", token()[:-1], "reach:1:2"):
        assert client.get(reverse("reach"), headers={HEADER: header}).status_code == 404
    assert client.post(reverse("reach"), headers={HEADER: token()}).status_code in (403, 405)
