"""The whole journey on a real network: connected on a screen, mentioned by a stranger, answered by typing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, expect
from tests.e2e.conftest import Desk, Visitor
from tests.peers.mastodons import Server, mastodon_mock
from tests.peers.people import Person
from tests.rig.desk import ADMIN, BRAND, PASSWORD, rig
from tests.rig.processes import until

COMPLAINT = "my parcel is lost and nobody answers me for weeks! This is a disgrace."
ANSWER = "We are sorry about this. We are looking for your parcel now and tell you today."


@dataclass
class Town:
    """A desk as people start it, and a network with our account and strangers on it."""

    desk: Desk
    network: Server
    brand: Person


@pytest.fixture(scope="module")
def town() -> Iterator[Town]:
    with mastodon_mock() as network, rig({"AMENDS_ALLOW_HOSTS": f"127.0.0.1:{network.port}"}) as place:
        place.amends("add-admin", ADMIN, "--brand", BRAND, feed=PASSWORD + "\n")
        serving = place.start("serve", "--port", str(place.port))
        until(lambda: "Stop: ctrl-C" in serving.said(), 120, "the desk is served", serving.said)
        yield Town(Desk(place.site, {"admin": (ADMIN, PASSWORD)}), network, network.stranger())
        assert serving.stop() == 0
        assert "Traceback" not in place.processes.said()


@pytest.fixture
def visitor(browser: Browser, town: Town) -> Iterator[Visitor]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    made = Visitor(context.new_page(), town.desk, [])
    made.page.on("console", lambda said: made.complaints.append(said.text) if said.type == "error" else None)
    yield made
    context.close()
    assert made.complaints == []


def test_from_a_strangers_mention_to_the_answer_under_it(town: Town, visitor: Visitor) -> None:
    page = visitor.page
    visitor.sign_in("admin")
    home = page.url.split("?")[0]
    page.goto(home + "settings/accounts/")
    page.get_by_text("Or paste an access token").click()
    form = page.locator("form").filter(has=page.locator("input[name=token]"))
    form.locator("select[name=channel]").select_option("mastodon")
    form.locator("input[name=base_url]").fill(town.network.url)
    form.locator("input[name=token]").fill(town.brand.token)
    form.get_by_role("button", name="Check and connect").click()
    expect(page.get_by_text(f"“{town.brand.handle}@", exact=False)).to_be_visible()

    anna = town.network.stranger()
    posted = anna.says(f"@{town.brand.handle} {COMPLAINT}")
    row = page.locator("a[href^='/cases/']").first
    for _ in range(60):
        page.goto(home)
        if row.count():
            break
        page.wait_for_timeout(500)
    visitor.shoot("mastodon-inbox")
    row.click()
    page.wait_for_url("**/cases/*/")
    expect(page.locator(".post", has_text=COMPLAINT)).to_be_visible()
    page.locator("#reply-text").press_sequentially(ANSWER)
    expect(page.locator("#count")).to_contain_text(f"{len(f'@{anna.handle} {ANSWER}')} of 500")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".post.ours", has_text=ANSWER)).to_be_visible()

    [under] = until(lambda: anna.answers_to(posted), 60, "it stands on the network")
    assert (under["in_reply_to_id"], under["account"]["acct"]) == (posted, town.brand.handle)
    assert f"@{anna.handle} {ANSWER}" in under["content"]
    assert [status["id"] for status in anna.mentions()] == [under["id"]], "the person was told"
    ours = page.locator(".post.ours", has_text=ANSWER)
    for _ in range(40):
        page.reload()
        if ours.get_by_role("link", name="network").count():
            break
        page.wait_for_timeout(500)
    visitor.shoot("mastodon-answered")
    page.goto(home + "settings/accounts/")
    expect(page.get_by_text("Watched live")).to_be_visible()
    visitor.shoot("mastodon-accounts")
