"""The whole journey on real networks: signed in on a server, mentioned by a stranger, answered by typing.

Nothing is ever reloaded to see what came: the open screens bring it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.conftest import Desk, Visitor
from tests.e2e.connecting import Place, complaint, go_to_server, say_yes
from tests.peers import mastodons
from tests.peers.mastodons import Server
from tests.rig.desk import ADMIN, BRAND, PASSWORD, rig
from tests.rig.processes import until

COMPLAINT = "my parcel is lost and nobody answers me for weeks! This is a disgrace."
ANSWER = "We are sorry about this. We are looking for your parcel now and tell you today."
PATIENCE = 60_000
SERVERS: dict[str, Callable[[], AbstractContextManager[Server]]] = {
    "mastodon_mock": mastodons.mastodon_mock,
    "snac": lambda: mastodons.snac("brand", "anna"),
}


@pytest.fixture(scope="module", params=SERVERS)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """A desk as people start it, and a network with our account and a stranger on it."""
    with (
        SERVERS[request.param]() as network,
        rig({"AMENDS_ALLOW_HOSTS": f"127.0.0.1:{network.port}"}) as made,
    ):
        made.amends("add-admin", ADMIN, "--brand", BRAND, feed=PASSWORD + "\n")
        serving = made.start("serve", "--port", str(made.port))
        until(lambda: "Stop: ctrl-C" in serving.said(), 120, "the desk is served", serving.said)
        yield Place(Desk(made.site, {"admin": (ADMIN, PASSWORD)}), network, network.stranger())
        assert serving.stop() == 0
        assert "Traceback" not in made.processes.said()


@pytest.fixture
def visitor(browser: Browser, place: Place) -> Iterator[Visitor]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    made = Visitor(context.new_page(), place.desk, [])
    context.on("console", lambda said: made.complaints.extend(complaint(said, place)))
    yield made
    context.close()
    assert made.complaints == []


def opened(page: Page, url: str) -> Page:
    """The page at this address, marked, so that a reload would show."""
    page.goto(url)
    page.evaluate("window.kept = true")
    return page


def is_as_opened(page: Page) -> bool:
    return bool(page.evaluate("window.kept === true"))


def is_same(one: str, other: str, place: Place) -> bool:
    """Whether two ids name one status; on snac they begin with the time of its last change."""
    is_snac = bool(place.server.passwords)
    return one[10:] == other[10:] if is_snac else one == other


def connect(visitor: Visitor, place: Place) -> None:
    """Connect the account by signing in on its server."""
    visitor.sign_in("admin")
    go_to_server(visitor.page, place)
    say_yes(visitor.page, place)
    visitor.page.wait_for_url(place.accounts)
    expect(visitor.page.locator("#messages")).to_contain_text("is connected.")


def test_from_a_strangers_mention_to_the_answer_under_it(place: Place, visitor: Visitor) -> None:
    connect(visitor, place)
    inbox = opened(visitor.page.context.new_page(), place.inbox)
    page = opened(visitor.page, place.inbox)
    expect(page).to_have_title(re.compile("^Inbox"))
    anna = place.server.stranger()
    posted = anna.says(f"@{place.handle} {COMPLAINT}")
    row = page.locator(".row", has_text=COMPLAINT)
    expect(row).to_be_visible(timeout=PATIENCE)
    expect(page).to_have_title(re.compile(r"^\(1\) Inbox"))
    assert is_as_opened(page)
    visitor.shoot("mastodon-inbox")

    row.get_by_role("link").first.click()
    page.wait_for_url("**/cases/*/")
    page.evaluate("window.kept = true")
    expect(page.locator(".post", has_text=COMPLAINT)).to_be_visible()
    page.locator("#reply-text").press_sequentially(ANSWER)
    limit = anna.told("GET", "/api/v1/instance")["configuration"]["statuses"]["max_characters"]
    expect(page.locator("#count")).to_contain_text(re.compile(rf"\d\d of {limit}\b"))
    page.keyboard.press("Control+Enter")
    ours = page.locator(".post.ours", has_text=ANSWER)
    expect(ours.get_by_role("link", name="View on the network")).to_be_visible(timeout=PATIENCE)
    expect(page.locator("#case-head")).to_contain_text("Nobody waits")
    assert is_as_opened(page)

    [under] = until(lambda: anna.answers_to(posted), 60, "it stands on the network")
    assert under["account"]["acct"].split("@")[0] == place.handle
    assert is_same(under["in_reply_to_id"], posted, place)
    assert ANSWER in under["content"]
    told = until(anna.mentions, 60, "the person is told")
    assert len(told) == 1
    assert is_same(told[0]["id"], under["id"], place)
    expect(inbox).to_have_title(re.compile("^Inbox"), timeout=PATIENCE)
    assert is_as_opened(inbox)
    visitor.shoot("mastodon-answered")
    page.goto(place.accounts)
    expect(page.get_by_text("Watched")).to_be_visible()
    visitor.shoot("mastodon-accounts")
