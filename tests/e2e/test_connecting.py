"""An admin connects an account in a real browser, on a server that speaks Mastodon's client API."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.conftest import Desk, Visitor
from tests.e2e.connecting import Place, complaint, go_to_server, say_yes
from tests.peers import mastodons
from tests.rig.desk import ADMIN, BRAND, PASSWORD, rig
from tests.rig.processes import until


def newest_token(place: Place) -> str:
    """The newest token of the account that the server still knows."""
    with httpx2.Client(trust_env=False, timeout=10) as client:
        known = client.get(f"{place.server.url}/api/v1/_mock/dev_users").json()
    return next(str(one["access_token"]) for one in known if one["username"] == place.handle)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with mastodons.mastodon_mock() as server:
        allowed = server.url.removeprefix("http://")
        with rig({"AMENDS_ALLOW_HOSTS": allowed}) as made:
            made.amends("add-admin", ADMIN, "--brand", BRAND, feed=PASSWORD + "\n")
            running = made.start("serve", "--port", str(made.port))
            until(lambda: "Stop: ctrl-C" in running.said(), 90, "the desk is served", running.said)
            yield Place(Desk(made.site, {"admin": (ADMIN, PASSWORD)}), server, server.stranger())
            assert running.stop() == 0
            assert "Traceback" not in running.said()
            assert "code=" not in running.said()


def enter(browser: Browser, place: Place, **options: object) -> Visitor:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, **options)  # type: ignore[arg-type]
    visitor = Visitor(context.new_page(), place.desk, [])
    visitor.page.on("console", lambda said: visitor.complaints.extend(complaint(said, place)))
    visitor.sign_in("admin")
    return visitor


@pytest.fixture
def admin(browser: Browser, place: Place) -> Iterator[Visitor]:
    visitor = enter(browser, place)
    yield visitor
    visitor.page.context.close()
    assert visitor.complaints == []


def test_an_account_is_connected_watched_renewed_and_disconnected(admin: Visitor, place: Place) -> None:
    page = admin.page
    go_to_server(page, place)
    say_yes(page, place)
    page.wait_for_url(place.accounts)
    expect(page.locator("#messages")).to_contain_text("is connected. Its posts arrive within a minute.")
    row = page.get_by_role("listitem").filter(has_text=place.handle)
    expect(row).to_be_visible()
    admin.shoot("connected-1440-light")
    page.go_back()
    assert "code=" not in page.url, "the code is in no address that one can come back to"
    for _ in range(60):
        page.goto(place.accounts)
        if row.get_by_text("Watched").count():
            break
        page.wait_for_timeout(500)
    expect(row.get_by_text("Watched")).to_be_visible()
    row.get_by_role("link", name="Reconnect").click()
    page.get_by_role("button", name="Sign in on its server").click()
    say_yes(page, place)
    page.wait_for_url(place.accounts)
    expect(page.locator("#messages")).to_contain_text("is connected with its new token.")
    row.get_by_role("link", name="Disconnect").click()
    expect(page.get_by_text("the server is told to end it")).to_be_visible()
    page.get_by_role("button", name="Disconnect").click()
    expect(row.get_by_text("Disconnected")).to_be_visible()
    until(lambda: newest_token(place) == place.person.token, 60, "the worker has both tokens ended there")


def test_a_code_is_pasted_where_nobody_can_be_sent_back(admin: Visitor, place: Place) -> None:
    page = admin.page
    go_to_server(page, place, pasted=True)
    page.wait_for_url("**/settings/accounts/sign-in/*/")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name=re.compile("Open")).click()
    say_yes(opened.value, place)
    shown = opened.value.get_by_text("Authorization code:").inner_text()
    page.get_by_label("Code").fill("wrong")
    page.get_by_role("button", name="Check and connect").click()
    expect(page.get_by_text("did not accept the code")).to_be_visible()
    page.get_by_label("Code").fill(shown.rpartition(" ")[2])
    page.get_by_role("button", name="Check and connect").click()
    page.wait_for_url(place.accounts)
    expect(page.locator("#messages")).to_contain_text("is connected.")


def test_it_works_without_scripts(browser: Browser, place: Place) -> None:
    page = enter(browser, place, java_script_enabled=False).page
    connect_without_scripts(page, place)
    expect(page.get_by_role("listitem").filter(has_text=place.handle)).to_be_visible()
    page.context.close()


def connect_without_scripts(page: Page, place: Place) -> None:
    go_to_server(page, place)
    page.get_by_role("link", name="Go to the server").click()
    say_yes(page, place)
    page.wait_for_url(place.accounts)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 820, 390])
def test_screens_fit(browser: Browser, place: Place, width: int, scheme: str) -> None:
    visitor = enter(browser, place, java_script_enabled=False, color_scheme=scheme)
    page = visitor.page
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(place.accounts)
    if not page.get_by_role("link", name="Reconnect").count():
        connect_without_scripts(page, place)
    for name in ("connect", "sign-in", "sign-in-code", "reconnect", "gone"):
        _show(page, place, name)
        visitor.shoot(f"{name}-{width}-{scheme}")
        wide = page.locator("main").bounding_box()
        assert wide, name
        assert wide["width"] <= width, name
        assert page.get_by_role("heading", level=1).count() == 1, name
    page.context.close()


def _show(page: Page, place: Place, name: str) -> None:
    match name:
        case "connect":
            page.goto(place.accounts)
        case "sign-in" | "sign-in-code":
            go_to_server(page, place, pasted=name == "sign-in-code")
            expect(page.get_by_role("heading", level=2)).to_contain_text(place.server.url)
        case "reconnect":
            page.goto(place.accounts)
            page.get_by_role("link", name="Reconnect").first.click()
            expect(page.get_by_role("heading", level=2)).to_contain_text("Reconnect")
        case "gone":
            page.goto(f"{place.desk.url}/connect/back?state=old&code=x")
