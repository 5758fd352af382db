"""What belongs together: an agent merges two cases, takes them apart, and says who is the same person."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect
from tests.e2e.conftest import Visitor
from tests.e2e.test_at_work import shoot_all
from tests.e2e.test_sample_journey import wait_for_cases

REASON = "Both wrote of the same order number."


def two_cases(page: Page) -> tuple[str, str]:
    """The numbers of two open cases of different people on the first page."""
    wanted: dict[str, str] = {}
    for row in page.locator("a[href^='/cases/']").all():
        number = (row.get_attribute("href") or "").strip("/").rpartition("/")[2]
        wanted.setdefault(row.inner_text().strip(), number)
    first, second, *_ = [number for number in wanted.values() if number.isdigit()]
    return first, second


def fold(page: Page, summary: str) -> None:
    page.locator("summary", has_text=summary).first.click()


def test_cases_are_merged_and_taken_apart(visit: Visitor) -> None:
    visit.sign_in("agent")
    wait_for_cases(visit)
    page, url = visit.page, visit.desk.url
    kept, other = two_cases(page)
    page.goto(f"{url}/cases/{other}/")
    posts = page.locator("article.post:not(.ours):not(.other)").all()
    theirs = [post.get_attribute("id") or "" for post in posts]
    assert theirs
    page.goto(f"{url}/cases/{kept}/")
    fold(page, "Merge another case into this one")
    page.get_by_label("Number of the case").fill("999999")
    page.get_by_role("button", name="Merge it").click()
    expect(page.get_by_role("alert")).to_contain_text("There is no case 999999")
    visit.complaints.clear()  # Chromium reports the 409 that brings the form back
    page.get_by_label("Number of the case").fill(other)
    page.get_by_label("Reason, if it is another").fill(REASON)
    shoot_all(visit, "merging", lambda: fold(page, "Merge another case into this one"))
    fold(page, "Merge another case into this one")
    page.get_by_label("Number of the case").fill(other)
    page.get_by_label("Reason, if it is another").fill(REASON)
    page.get_by_role("button", name="Merge it").click()
    expect(page.locator("#messages")).to_contain_text(f"Case {other} goes on here")
    expect(page.get_by_text("merged into this one")).to_be_visible()
    expect(page.get_by_text(REASON).first).to_be_attached()
    shoot_all(visit, "merged")
    page.goto(f"{url}/cases/{other}/")
    expect(page.locator("#case-head")).to_contain_text(f"Merged into case {kept}")
    expect(page.get_by_role("button", name="Send")).to_have_count(0)
    page.get_by_role("link", name=f"case {kept}", exact=True).first.click()
    page.get_by_role("link", name="Split it off again").click()
    expect(page.locator("#split-form")).to_be_visible()
    chosen = page.locator("input[name=post]:checked")
    assert [f"post-{box.get_attribute('value')}" for box in chosen.all()] == theirs
    shoot_all(visit, "splitting")
    page.get_by_label("Why?").fill("They turned out to be two orders.")
    page.get_by_role("button", name="Make them a case").click()
    told = page.locator("#messages")
    expect(told).to_contain_text("What was answered stays answered")
    fresh = re.search(r"are case (\d+) now", told.inner_text())
    assert fresh
    page.goto(f"{url}/cases/{fresh[1]}/")
    for post in theirs:
        expect(page.locator(f"#{post}:not(.other)")).to_be_visible()


def test_two_accounts_are_one_person(visit: Visitor) -> None:
    visit.sign_in("agent")
    wait_for_cases(visit)
    page, url = visit.page, visit.desk.url
    here, there = two_cases(page)
    page.goto(f"{url}/cases/{there}/")
    handle = page.locator("#case-head p bdi").first.inner_text()
    page.goto(f"{url}/cases/{here}/")
    fold(page, "The same person on another account")
    page.get_by_label("Handle").fill(handle)
    page.get_by_label("How do you know?").fill("She said so in her mail.")
    page.get_by_role("button", name="It is the same person").click()
    expect(page.locator("#messages")).to_contain_text(f"{handle} is known as the same person now")
    person = page.locator("#author")
    expect(person).to_contain_text(f"also {handle}")
    expect(person.get_by_role("link", name=f"Case {there}", exact=True)).to_be_visible()
    shoot_all(visit, "linked")
    person.locator("summary", has_text="Not the same person").click()
    person.get_by_label("Reason", exact=True).fill("That was her sister.")
    person.get_by_role("button", name="Take them apart").click()
    expect(page.locator("#messages")).to_contain_text("is somebody else again")
    expect(person).not_to_contain_text(f"also {handle}")
