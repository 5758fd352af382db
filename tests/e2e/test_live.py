"""Open screens keep up with the desk, in real browsers: nothing is reloaded, nothing typed is lost."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from tests.peers.cable import cable
from tests.rig.desk import BRAND, Rig, rig
from tests.rig.processes import until

WORDS = "@brand My parcel has been lost for two weeks and nobody answers me, a disgrace!"
PEOPLE = ("Anna:agent", "Ben:agent", "Cora:agent")


@dataclass
class House:
    """A desk with a quiet network, and a session for each of its people."""

    place: Rig
    sessions: dict[str, str]

    def complain(self, handle: str, text: str = WORDS, **more: str) -> str:
        return self.place.network.say(handle, text, **more)

    def case(self, handle: str) -> int:
        """The case of a new complaint."""
        self.complain(handle)
        asked = "SELECT c.id FROM store_case c JOIN store_author a ON a.id = c.author_id WHERE a.handle = %s"
        return int(until(lambda: self.place.ask(asked, handle), 30, "there is a case")[0][0])


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with rig() as place:
        place.amends("migrate")
        place.plant()
        keys = place.inside("people", BRAND, *PEOPLE).split()
        place.web()
        place.start("worker")
        yield House(place, {who.split(":")[0]: key for who, key in zip(PEOPLE, keys, strict=True)})


Window = Callable[..., Page]


@pytest.fixture
def window(browser: Browser, house: House) -> Iterator[Window]:
    """Opens a window for one of the people; windows of one person belong to one browser."""
    contexts: dict[str, BrowserContext] = {}
    complaints: list[str] = []

    def opened(who: str, path: str, site: str = house.place.site) -> Page:
        if who not in contexts:
            contexts[who] = browser.new_context(viewport={"width": 1440, "height": 900})
            cookie = {"name": "sessionid", "value": house.sessions[who], "url": house.place.site}
            contexts[who].add_cookies([cookie])  # type: ignore[list-item]
        page = contexts[who].new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(site + path)
        page.evaluate("window.kept = true")
        return page

    yield opened
    for context in contexts.values():
        context.close()
    assert complaints == []


def is_the_same_page(page: Page) -> bool:
    return bool(page.evaluate("window.kept === true"))


INBOX = "/b/the-brand/"


def test_a_complaint_on_the_network_appears_in_an_open_inbox(house: House, window: Window) -> None:
    page = window("Anna", INBOX)
    before = int(page.locator("#waiting .num").text_content() or 0)
    house.complain("nina")
    row = page.locator(".row", has_text="@nina")
    expect(row).to_be_visible(timeout=20_000)
    expect(page.locator("#waiting .num")).to_have_text(str(before + 1))
    expect(page).to_have_title(re.compile(rf"^\({before + 1}\) Inbox"))
    expect(page.locator("#told")).to_have_text("1 new case in this list")
    assert is_the_same_page(page)


def test_what_somebody_does_in_the_list_stays(house: House, window: Window) -> None:
    first = house.case("olaf")
    house.case("olga")
    page = window("Anna", INBOX)
    page.keyboard.press("j")
    chosen = page.locator(".row.chosen")
    expect(chosen).to_have_count(1)
    kept, top = chosen.get_attribute("id"), chosen.bounding_box()
    page.evaluate("document.activeElement.marked = true")
    house.complain("oscar", WORDS + " This is dangerous, somebody was hurt and taken to hospital!")
    expect(page.locator(".row", has_text="@oscar")).to_be_visible(timeout=20_000)
    assert page.locator(".row.chosen").get_attribute("id") == kept
    assert page.evaluate("document.activeElement.marked === true")
    now = page.locator(".row.chosen").bounding_box()
    assert top
    assert now
    assert abs(now["y"] - top["y"]) < 2 or page.evaluate("scrollY") == 0
    page.locator("#q").press_sequentially("words that I ")
    house.place.api("POST", f"/cases/{first}/note", {"text": "x"})
    house.complain("otto")
    expect(page.locator(".row", has_text="@otto")).to_be_visible(timeout=20_000)
    page.keyboard.type("type")
    expect(page.locator("#q")).to_have_value("words that I type")


def test_who_stands_on_a_row_stays_on_it_when_it_changes_and_moves(house: House, window: Window) -> None:
    other, case = house.case("odo"), house.case("orla")
    row = f"#case-{case}"
    page = window("Anna", INBOX)
    for severity in ("low", "critical"):
        page.locator(f"{row} .row-link").focus()
        page.evaluate(f"document.querySelector('{row}').dataset.old = ''")
        why = {"severity": severity, "why": "somebody looked"}
        assert house.place.api("POST", f"/cases/{case}/severity", why).status_code < 300
        expect(page.locator(f"{row}[data-old]")).to_have_count(0, timeout=20_000)
        assert page.evaluate(f"document.querySelector('{row}').contains(document.activeElement)"), severity
    order = [each.get_attribute("id") for each in page.locator(".row").all()]
    assert order.index(f"case-{case}") < order.index(f"case-{other}"), "it has moved up"


def test_two_people_on_one_case_see_each_other(house: House, window: Window) -> None:
    case = house.case("paula")
    ada, ben = window("Anna", f"/cases/{case}/"), window("Ben", f"/cases/{case}/")
    expect(ada.locator("#here")).to_have_text("Ben is reading")
    expect(ben.locator("#here")).to_have_text("Anna is reading")
    ben.locator("#reply-text").press_sequentially("We are sorry, ")
    expect(ada.locator("#here")).to_have_text("Ben is writing an answer", timeout=2_000)
    expect(ada.locator("#answering")).to_be_visible()
    cora = window("Cora", INBOX)
    expect(cora.locator(f"#case-{case} .at-it")).to_have_text("Ben is writing an answer")
    ada.locator("#note-text").press_sequentially("I rang her")
    expect(ben.locator("#here")).to_have_text("Anna is writing a note", timeout=2_000)
    ada.locator("#note-form button").click()
    expect(ben.locator("#notes-kept")).to_contain_text("I rang her", timeout=5_000)
    expect(ben.locator("#reply-text")).to_have_value("We are sorry, ")
    ben.keyboard.type("we look into it.")
    expect(ben.locator("#reply-text")).to_have_value("We are sorry, we look into it.")
    ben.close()
    expect(ada.locator("#here")).to_have_text("", timeout=8_000)
    expect(ada.locator("#answering")).to_be_hidden()


def test_what_comes_while_somebody_writes_is_shown_and_said(house: House, window: Window) -> None:
    case = house.case("quentin")
    page = window("Anna", f"/cases/{case}/")
    page.locator("#reply-text").press_sequentially("Dear Quentin, ")
    before = page.locator("#talk .post").count()
    house.complain("quentin", "@brand Hello? Still waiting for my parcel, this is a scandal!")
    expect(page.locator("#talk .post")).to_have_count(before + 1, timeout=20_000)
    expect(page.locator("#reply .stale")).to_be_visible()
    expect(page.locator("#told")).to_have_text("1 new post in this conversation")
    page.keyboard.type("we are on it.")
    expect(page.locator("#reply-text")).to_have_value("Dear Quentin, we are on it.")
    house.place.api("POST", f"/cases/{case}/resolve", {"resolution": "answered", "why": "by telephone"})
    expect(page.locator("#case-head")).to_contain_text("Answered", timeout=10_000)
    expect(page.locator("#reply-text")).to_have_value("Dear Quentin, we are on it.")
    assert is_the_same_page(page)


def test_an_answer_shows_where_it_stands_in_every_window(house: House, window: Window) -> None:
    case = house.case("rita")
    ada, ben = window("Anna", f"/cases/{case}/"), window("Ben", f"/cases/{case}/")
    ada.locator("#reply-text").press_sequentially("We have found it.")
    ada.keyboard.press("Control+Enter")
    ours = ben.locator(".post.ours", has_text="We have found it.")
    expect(ours).to_be_visible(timeout=10_000)
    expect(ours.get_by_role("link", name="View on the network")).to_be_visible(timeout=20_000)
    expect(ada.locator(".post.ours").get_by_role("link", name="View on the network")).to_be_visible()
    expect(ben.locator("#case-head")).to_contain_text("Nobody waits", timeout=5_000)


def test_a_page_keeps_up_when_its_words_were_still_being_counted(house: House, window: Window) -> None:
    case = house.case("rosa")
    page = window("Anna", f"/cases/{case}/")
    counting: list[Route] = []
    page.route("**/length/", lambda route: counting.append(route))
    with page.expect_request("**/length/"):
        page.locator("#reply-text").press_sequentially("We have found it, too.")
    page.keyboard.press("Control+Enter")
    ours = page.locator(".post.ours", has_text="We have found it, too.")
    expect(ours).to_be_visible()
    for route in counting:
        route.continue_()
    expect(ours.get_by_role("link", name="View on the network")).to_be_visible(timeout=20_000)
    assert is_the_same_page(page)


def test_what_somebody_is_about_to_do_is_not_taken_away(house: House, window: Window) -> None:
    case = house.case("saul")
    page = window("Anna", f"/cases/{case}/")
    page.get_by_text("Resolve", exact=True).click()
    page.locator("#resolve-why").press_sequentially("She wrote that")
    house.place.api("POST", f"/cases/{case}/take")
    expect(page.locator("#deeds .stale")).to_be_visible(timeout=10_000)
    page.keyboard.type(" all is well")
    expect(page.locator("#resolve-why")).to_have_value("She wrote that all is well")
    page.locator("#resolve-why").fill("")
    page.get_by_text("Resolve", exact=True).click()
    page.locator("#note-text").focus()
    expect(page.locator("#deeds .stale")).to_be_hidden(timeout=10_000)
    expect(page.locator("#deeds .owner-line")).not_to_contain_text("With nobody yet")


def test_eight_windows_share_one_line_and_starve_nobody(house: House, window: Window) -> None:
    case = house.case("tina")
    pages = [window("Cora", f"/cases/{case}/") for _ in range(8)]
    asked = (
        "SELECT count(*), count(DISTINCT stream), bool_and(stream > '') FROM store_presence WHERE case_id=%s"
    )
    until(
        lambda: house.place.ask(asked, case) == [(8, 1, True)],
        15,
        "eight windows hear by one stream",
        lambda: house.place.ask(asked, case),
    )
    waiting = int(pages[0].locator("#waiting .num").text_content() or 0)
    house.complain("tom")
    for page in pages:
        expect(page).to_have_title(re.compile(rf"^\({waiting + 1}\)"), timeout=20_000)
    ninth = window("Cora", INBOX + "search/?q=parcel")
    expect(ninth.locator("#found-cases")).to_be_visible(timeout=5_000)
    for page in [*pages[1:], ninth]:
        page.close()
    house.complain("trudy")
    expect(pages[0]).to_have_title(re.compile(rf"^\({waiting + 2}\)"), timeout=20_000)
    until(lambda: house.place.ask(asked, case) == [(1, 1, True)], 10, "closed windows are gone")


def test_signing_out_in_one_window_ends_it_in_all(house: House, window: Window) -> None:
    session = house.place.inside("people", BRAND, "Dora:agent")
    house.sessions["Dora"] = session
    first, second = window("Dora", INBOX), window("Dora", INBOX)
    expect(second.locator("#line")).to_have_text("")
    first.locator("#user-menu summary").click()
    first.get_by_role("button", name="Sign out").click()
    first.wait_for_url("**/login/**")
    expect(second.locator("#line")).to_have_text("You are signed out", timeout=10_000)


@contextmanager
def without_web(place: Rig) -> Iterator[None]:
    """Without a web process for as long as the block takes."""
    (web,) = [each for each in place.processes.running if "-web" in each.log.name and each.alive]
    web.process.send_signal(signal.SIGTERM)
    web.process.wait(20)
    try:
        yield
    finally:
        place.web()


def test_a_lost_line_is_shown_and_comes_back_by_itself(house: House, window: Window) -> None:
    page = window("Anna", INBOX)
    expect(page.locator("#line")).to_have_text("")
    with without_web(house.place):
        expect(page.locator("#line")).to_have_text("Not live, retrying", timeout=10_000)
        house.case("uwe")
        assert page.locator(".row", has_text="@uwe").count() == 0
    expect(page.locator("#line")).to_have_text("", timeout=40_000)
    expect(page.locator(".row", has_text="@uwe")).to_be_visible(timeout=10_000)
    assert is_the_same_page(page)


def test_who_left_while_the_line_was_cut_is_gone_when_it_is_live_again(house: House, window: Window) -> None:
    left, stays = house.case("vera"), house.case("viktor")
    with cable(house.place.port) as wire:
        inbox, beside = window("Anna", INBOX, wire.url), window("Anna", INBOX, wire.url)
        ben, cora = window("Ben", f"/cases/{left}/"), window("Cora", f"/cases/{stays}/")
        for writer in (ben, cora):
            writer.locator("#reply-text").press_sequentially("We are ")
        for page in (inbox, beside):
            expect(page.locator(f"#case-{left} .at-it")).to_have_text("Ben is writing an answer")
            expect(page.locator(f"#case-{stays} .at-it")).to_have_text("Cora is writing an answer")
        wire.cut()
        expect(inbox.locator("#line")).to_have_text("Not live, retrying", timeout=10_000)
        ben.context.close()
        there = "SELECT count(*) FROM store_presence WHERE case_id = %s AND doing = 'answering'"
        until(lambda: house.place.one(there, left) == 0, 20, "Ben has left")
        expect(inbox.locator(f"#case-{left} .at-it")).to_be_visible()
        wire.mend()
        expect(inbox.locator("#line")).to_have_text("", timeout=40_000)
        for page in (inbox, beside, window("Anna", INBOX, wire.url)):
            expect(page.locator(f"#case-{left} .at-it")).to_have_count(0)
            expect(page.locator(f"#case-{stays} .at-it")).to_have_text("Cora is writing an answer")
        assert is_the_same_page(inbox)
