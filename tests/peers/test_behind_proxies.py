"""The desk behind real proxies, set up as docs/proxy shows: sign-in, webhooks, streams, spoofing."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator

import httpx2
import pytest
from tests.peers.proxies import STRANGER, Front, front
from tests.rig.desk import ADMIN, PASSWORD, Rig, rig
from tests.rig.processes import until
from tests.rig.sender import Sender

from amends.api.door import MOST_REFUSED
from amends.site import ports


@pytest.fixture(scope="module", params=["nginx", "caddy"])
def before(request: pytest.FixtureRequest) -> Iterator[tuple[Rig, Front]]:
    """A desk and a proxy before it that it trusts."""
    port = ports.free()
    with front(request.param, port) as made:
        settings = {"AMENDS_URL": made.site, "AMENDS_TRUSTED_PROXIES": "127.0.0.1"}
        with rig(settings) as desk:
            desk.port = port
            desk.amends("migrate")
            desk.plant()
            desk.web()
            yield desk, made


def sign_in(client: httpx2.Client, made: Front) -> httpx2.Response:
    page = client.get("/account/login/")
    assert page.status_code == 200, page.text
    found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert found
    body = {"csrfmiddlewaretoken": found[1], "login": ADMIN, "password": PASSWORD}
    headers = {"referer": f"{made.site}/account/login/", "origin": made.site}
    return client.post("/account/login/", data=body, headers=headers)


def test_people_sign_in_and_their_cookies_go_encrypted_only(before: tuple[Rig, Front]) -> None:
    _, made = before
    with made.client() as client:
        answer = sign_in(client, made)
        assert answer.status_code == 302, answer.text
        cookies = answer.headers.get_list("set-cookie")
        assert any(cookie.startswith("sessionid=") for cookie in cookies)
        assert all("Secure" in cookie for cookie in cookies), cookies
        page = client.get("/", follow_redirects=True)
        assert page.status_code == 200
        assert str(page.url).startswith(f"{made.site}/b/")
        assert page.headers["strict-transport-security"]
        assert "default-src 'none'" in page.headers["content-security-policy"]


def test_another_site_cannot_sign_people_in(before: tuple[Rig, Front]) -> None:
    _, made = before
    with made.client() as client:
        client.get("/account/login/")
        headers = {"origin": "https://evil.example", "referer": "https://evil.example/"}
        answer = client.post("/account/login/", data={"login": ADMIN}, headers=headers)
        assert answer.status_code == 403


def test_plain_http_leads_to_https(before: tuple[Rig, Front]) -> None:
    _, made = before
    if made.kind == "caddy":
        pytest.skip("Caddy does so by itself on port 80, which a test does not take")
    with httpx2.Client(trust_env=False) as client:
        answer = client.get(f"http://127.0.0.1:{made.plain_port}/b/x?y=1", headers={"host": "localhost"})
    assert (answer.status_code, answer.headers["location"]) == (301, "https://localhost/b/x?y=1")


def test_what_strangers_claim_gets_them_around_no_throttle(before: tuple[Rig, Front]) -> None:
    desk, made = before
    with made.client() as client:
        codes = []
        for number in range(MOST_REFUSED + 1):
            claimed = f"203.0.113.{number}"
            told = {"x-forwarded-for": claimed, "forwarded": f"for={claimed}", "x-real-ip": claimed}
            codes.append(client.get("/api/v1/me", headers=told).status_code)
        assert codes[0] == 401
        assert codes[-1] == 429
        assert client.get("/account/login/", headers={"x-forwarded-proto": "http"}).status_code == 200
    rows = desk.ask("SELECT cache_key FROM store_cache WHERE cache_key LIKE %s", "%api-refused%")
    assert {row[0].rpartition(":")[2] for row in rows} == {STRANGER}


def test_a_host_that_is_not_ours_is_refused(before: tuple[Rig, Front]) -> None:
    _, made = before
    with made.client() as client:
        told = client.get("/account/login/", headers={"x-forwarded-host": "evil.example"})
        assert "evil.example" not in told.text
        try:
            answer = client.get("/account/login/", headers={"host": "evil.example"})
        except httpx2.TransportError:
            return  # Caddy does not even shake hands
        assert "evil.example" not in answer.text
        assert answer.status_code in (200, 400, 421) if made.kind == "caddy" else answer.status_code == 400


def test_deliveries_come_in_and_are_counted_once(before: tuple[Rig, Front]) -> None:
    desk, made = before
    direct = Sender.of(desk, f"forum-{made.kind}")
    source = Sender(made.site, direct.path, direct.secret)
    with made.client() as client:
        kept = source.deliver([source.post(n) for n in range(100)], client)
        assert (kept.status_code, kept.json()["kept"]) == (200, 100)
        assert source.deliver(source.post(1), client).json()["repeated"] == 1
        wrong = Sender(made.site, direct.path, "whsec_" + "A" * 44)
        assert wrong.deliver(source.post(2), client).status_code == 401
        big = source.deliver([source.post(3) | {"text": "x" * (5 << 20)}], client)
        assert (big.status_code, big.json()["code"]) == (413, "too-big")
        huge = client.post(
            direct.path, content=b" " * (9 << 20), headers={"content-type": "application/json"}
        )
        assert huge.status_code == 413
    assert desk.one("SELECT count(*) FROM store_raw WHERE channel = %s", f"forum-{made.kind}") == 100


def test_a_stream_goes_out_as_it_comes(before: tuple[Rig, Front]) -> None:
    desk, made = before
    direct = Sender.of(desk, f"live-{made.kind}")
    source = Sender(made.site, direct.path, direct.secret)
    worker = desk.start("worker")
    try:
        with made.client() as client:  # a new source is known within a second, and then refused for its shape
            until(lambda: source.deliver([], client).status_code == 422, 5, "the source is known")
        with made.client() as client, made.client() as other:
            told = {"authorization": f"Bearer {desk.secret}"}
            with client.stream("GET", "/api/v1/live", headers=told, timeout=60) as stream:
                assert stream.status_code == 200
                lines = stream.iter_lines()
                assert next(line for line in lines if line.startswith("event: ")) == "event: hello"
                posted = time.monotonic()
                assert source.deliver(source.post(1), other).status_code == 200
                changed = next(line for line in lines if line.startswith("event: changed"))
                took = time.monotonic() - posted
                assert changed
                assert took < 14, "it came with the next sign of life, so something held it back"
    finally:
        worker.stop()


def test_the_doctor_finds_the_way_in_right(before: tuple[Rig, Front]) -> None:
    desk, made = before
    desk.environment["SSL_CERT_FILE"] = str(made.certificate)
    findings = {each["about"]: each for each in json.loads(desk.amends("doctor", "--json").stdout)}
    assert findings["way in"] == {
        "about": "way in",
        "level": "ok",
        "text": f"{made.site} leads to this desk",
        "advice": "",
    }
    assert findings["address"]["level"] == "ok"
    assert findings["durability"]["level"] == "ok"
    del desk.environment["SSL_CERT_FILE"]
    unknown = {each["about"]: each for each in json.loads(desk.amends("doctor", "--json").stdout)}
    assert unknown["way in"]["level"] == "warn"
    assert "certificate" in unknown["way in"]["text"].lower()


def test_a_proxy_that_is_not_trusted_is_found_and_named(before: tuple[Rig, Front]) -> None:
    desk, made = before
    with front(made.kind, (port := ports.free())) as second:
        untrusting = {**desk.environment, "AMENDS_URL": second.site, "AMENDS_TRUSTED_PROXIES": ""}
        untrusting["SSL_CERT_FILE"] = str(second.certificate)
        held, desk.environment = desk.environment, untrusting
        kept, desk.port = desk.port, port
        try:
            web = desk.web()
            findings = {each["about"]: each for each in json.loads(desk.amends("doctor", "--json").stdout)}
            assert findings["way in"]["level"] == "warn"
            assert "AMENDS_TRUSTED_PROXIES=127.0.0.1" in findings["way in"]["advice"]
            with second.client() as client:
                assert sign_in(client, second).status_code == 302, "it works all the same"
            until(lambda: web.stop() == 0, 20, "it stops")
        finally:
            desk.environment, desk.port = held, kept
