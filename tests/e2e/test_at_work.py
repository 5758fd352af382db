"""Cases come to who is there: an admin says how, people say what they know, who goes away gets no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.conftest import Desk, Visitor
from tests.e2e.test_sample_journey import wait_for_cases

SIZES = ((1440, "light"), (1440, "dark"), (390, "light"), (390, "dark"))


@pytest.fixture
def other(browser: Browser, served: Desk) -> Iterator[Visitor]:
    """A second person with a browser of their own."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    yield Visitor(context.new_page(), served, [])
    context.close()


def settings(page: Page, tab: str) -> None:
    page.get_by_role("navigation", name="Desk").get_by_role("link", name="Settings").click()
    page.get_by_role("navigation", name="Settings").get_by_role("link", name=tab).click()


def say_how(page: Page) -> None:
    """Cases go in turn, legal ones to who knows the law."""
    settings(page, "Policy")
    page.get_by_label("Cases go to").select_option("round_robin")
    page.get_by_label("Open cases of each at most").fill("3")
    row = page.locator("#skills fieldset").first
    row.get_by_label("Skill", exact=True).fill("Legal")
    row.get_by_label("Urgent signal").select_option("legal")
    page.get_by_role("button", name="Publish a new version").click()
    expect(page.locator("#messages")).to_contain_text("holds from now on")


def test_cases_come_to_who_is_there(visit: Visitor, other: Visitor) -> None:
    visit.sign_in("admin")
    wait_for_cases(visit)
    say_how(visit.page)
    shoot_all(visit, "policy-assigning", lambda: visit.page.locator("#skills").scroll_into_view_if_needed())
    other.sign_in("agent")
    page = other.page
    settings(page, "Team")
    mine = page.locator("#team li", has_text="(you)")
    expect(mine).to_contain_text("here")
    mine.get_by_role("link", name="Change").click()
    page.get_by_label("Languages").fill("de, en")
    page.get_by_label("Skills").fill("legal")
    page.get_by_role("button", name="Keep").click()
    expect(mine).to_contain_text("de, en")
    for _ in range(40):
        if "3 of 3" in mine.inner_text():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(mine).to_contain_text("3 of 3")
    shoot_all(other, "team")
    page.get_by_label("Your menu").click()
    page.get_by_role("button", name="I am away").click()
    expect(page.locator("header")).to_contain_text("Away")
    expect(mine).to_contain_text("away")
    shoot_all(other, "away", lambda: page.get_by_label("Your menu").click())
    page.goto(f"{other.desk.url}/")
    page.get_by_role("link", name="Mine").click()
    page.locator("a[href^='/cases/']").first.click()
    expect(page.get_by_text("gave the case to").first).to_be_attached()


def shoot_all(visit: Visitor, name: str, then: Callable[[], object] | None = None) -> None:
    """Keep pictures of the page at all sizes and looks; nothing is cut off at any."""
    page, here = visit.page, visit.page.url
    for width, look in SIZES:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme="dark" if look == "dark" else "light")
        page.goto(here)
        if then is not None:
            then()
        assert page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        visit.shoot(f"{name}-{width}-{look}")
    page.set_viewport_size({"width": 1440, "height": 900})
    page.emulate_media(color_scheme="light")
    page.goto("about:blank")  # to be sure that what the pictures left in the page is gone
    page.goto(here)
