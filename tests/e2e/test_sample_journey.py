"""A sample complaint from its arrival to the answer that stands under it, by mouse and by keyboard."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from tests.e2e.conftest import Visitor

WORDS = "We are sorry about this and are looking into it now. You will hear from us within the hour."


def wait_for_cases(visit: Visitor) -> None:
    """The sample's past is fetched within seconds of the start."""
    rows = visit.page.locator("a[href^='/cases/']")
    for _ in range(60):
        if rows.count():
            return
        visit.page.wait_for_timeout(500)
        visit.page.reload()
    raise AssertionError("no case came into the inbox within 30 seconds")


def test_from_arrival_to_delivered_reply(visit: Visitor) -> None:
    visit.sign_in("agent")
    wait_for_cases(visit)
    visit.shoot("inbox-1440-light")
    page = visit.page
    page.locator("a[href^='/cases/']").first.click()
    page.wait_for_url("**/cases/*/")
    person = page.get_by_role("heading", level=1).inner_text()
    assert person
    page.get_by_role("button", name="Take").click()
    expect(page.get_by_text("Yours", exact=True)).to_be_visible()
    page.locator("#reply-text").press_sequentially(WORDS)
    expect(page.locator("#count")).to_contain_text(str(len(WORDS)))
    page.get_by_role("button", name="Send Ctrl Enter").click()
    ours = page.locator(".post.ours", has_text=WORDS)
    expect(ours).to_be_visible()
    for _ in range(40):
        page.reload()
        links = ours.get_by_role("link", name=re.compile("network", re.IGNORECASE))
        if links.count():
            break
        page.wait_for_timeout(500)
    visit.shoot("case-answered-1440-light")
    address = links.first.get_attribute("href")
    assert address
    page.goto(address)
    expect(page.get_by_text(WORDS)).to_be_visible()
    visit.shoot("network-thread")


def test_the_keyboard_is_enough(visit: Visitor) -> None:
    visit.sign_in("agent")
    wait_for_cases(visit)
    page = visit.page
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases/*/")
    page.keyboard.press("t")
    expect(page.get_by_text("Yours", exact=True)).to_be_visible()
    page.keyboard.press("r")
    page.keyboard.type("A calm answer, typed only.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".post.ours", has_text="A calm answer, typed only.")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("u")
    page.wait_for_url("**/b/**")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 820, 390])
def test_screens_fit_and_say_what_they_are(visit: Visitor, width: int, scheme: str) -> None:
    visit.page.set_viewport_size({"width": width, "height": 900})
    visit.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    visit.sign_in("admin")
    wait_for_cases(visit)
    page = visit.page
    home = page.url.split("?")[0]
    case = page.locator("a[href^='/cases/']").first.get_attribute("href") or ""
    places = {
        "inbox": home,
        "case": visit.desk.url + case,
        "posts": home + "posts/",
        "search": home + "search/?query=train",
        "settings": home + "settings/",
        "people": home + "settings/people/",
        "accounts": home + "settings/accounts/",
        "policy": home + "settings/policy/",
        "tokens": home + "settings/tokens/",
        "profile": visit.desk.url + "/settings/profile/",
        "desk": visit.desk.url + "/settings/desk/",
    }
    for name, address in places.items():
        answer = page.goto(address)
        assert answer, name
        assert answer.ok, name
        visit.shoot(f"{name}-{width}-{scheme}")
        too_wide = page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert too_wide <= 0, f"{name} is {too_wide} px wider than a window of {width} px"
        assert page.evaluate(_UNNAMED) == [], name
        assert page.get_by_role("heading", level=1).count() == 1, name
        assert page.get_by_role("main").count() == 1, name


_UNNAMED = """() => [...document.querySelectorAll('input, select, textarea, button, a[href]')]
    .filter(e => e.type !== 'hidden' && e.getClientRects().length)
    .filter(e => !(e.labels && e.labels.length) && !(e.textContent || '').trim()
        && !e.getAttribute('aria-label') && !e.getAttribute('aria-labelledby') && !e.title
        && !(e.type === 'submit' && e.value))
    .map(e => e.outerHTML.slice(0, 120))"""
