"""An admin makes a source on screen, another system delivers, and the complaint stands in the inbox."""

from __future__ import annotations

import re

import httpx2
import pytest
from playwright.sync_api import expect
from tests.e2e.conftest import Visitor
from tests.e2e.test_sample_journey import _UNNAMED
from tests.rig.processes import until
from tests.rig.sender import Sender

WORDS = "My rucksack tore on the second day and nobody at your shop answers me"


def deliver(sender: Sender, number: int, **more: str) -> int:
    with httpx2.Client(trust_env=False, timeout=30) as client:
        return sender.deliver(sender.post(number) | more, client).status_code


def test_from_a_new_source_to_a_complaint_in_the_inbox(visit: Visitor) -> None:
    visit.sign_in("admin")
    page, home = visit.page, visit.page.url.split("?")[0]
    page.goto(home + "settings/accounts/")
    page.get_by_role("link", name="Receive by webhook").click()
    page.get_by_label("Name of the channel").fill("Two words")
    page.get_by_role("button", name="Make the address").click()
    expect(page.get_by_text("small letters, digits, dots and hyphens")).to_be_visible()
    page.get_by_label("Name of the channel").fill("rucksack-forum")
    page.keyboard.press("Enter")
    secret = page.get_by_label("Secret", exact=True).input_value()
    address = page.get_by_label("Post to this address").input_value()
    assert address.startswith(f"{visit.desk.url}/hooks/")
    assert secret.startswith("whsec_")
    page.reload()
    expect(page.get_by_label("Secret", exact=True)).to_have_count(0)
    sender = Sender(visit.desk.url, address.removeprefix(visit.desk.url), secret)
    more = {"text": WORDS, "author_name": "Rita", "url": "https://forum.example/t/1"}
    assert deliver(sender, 1, **more) == 200
    page.goto(home + "posts/?q=rucksack")
    until(lambda: _there(visit), 30, "the post came in")
    visit.shoot("source-post-1440-light")
    page.goto(home + "settings/accounts/")
    row = page.get_by_role("listitem").filter(has_text="rucksack-forum")
    until(lambda: page.reload() and row.get_by_text("Receives", exact=True).count(), 15, "it was noted")
    row.get_by_role("link", name="Open rucksack-forum").click()
    page.get_by_role("button", name="Make a new secret").click()
    renewed = Sender(visit.desk.url, sender.path, page.get_by_label("Secret", exact=True).input_value())
    assert renewed.secret != secret
    until(lambda: deliver(renewed, 2) == 200, 10, "the new secret holds")
    assert deliver(sender, 3) == 200, "and so does the old one"
    page.get_by_role("link", name="Disconnect").click()
    page.get_by_role("button", name="Disconnect").click()
    expect(page.get_by_role("listitem").filter(has_text="rucksack-forum")).to_contain_text("Disconnected")
    assert {deliver(renewed, 4), deliver(sender, 5)} == {401}


def _there(visit: Visitor) -> bool:
    visit.page.reload()
    return bool(visit.page.get_by_text(re.compile("rucksack tore", re.IGNORECASE)).count())


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 820, 390])
def test_its_screens_fit_and_say_what_they_are(visit: Visitor, width: int, scheme: str) -> None:
    visit.page.set_viewport_size({"width": width, "height": 900})
    visit.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    visit.sign_in("admin")
    page, home = visit.page, visit.page.url.split("?")[0]
    page.goto(home + "settings/accounts/webhook/")
    fits(visit, f"source-new-{width}-{scheme}")
    page.get_by_label("Name of the channel").fill(f"a-forum-with-a-long-name.{width}-{scheme}")
    page.keyboard.press("Enter")
    expect(page.get_by_label("Secret", exact=True)).to_be_visible()
    fits(visit, f"source-made-{width}-{scheme}")
    page.get_by_role("link", name="All accounts").click()
    fits(visit, f"source-listed-{width}-{scheme}")


def fits(visit: Visitor, name: str) -> None:
    visit.page.screenshot(path=_place(name), full_page=True)
    wide = visit.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{name} is {wide} px too wide"
    assert visit.page.evaluate(_UNNAMED) == [], name
    assert visit.page.get_by_role("heading", level=1).count() == 1, name


def _place(name: str) -> str:
    from tests.e2e.conftest import SHOTS

    SHOTS.mkdir(parents=True, exist_ok=True)
    return str(SHOTS / f"{name}.png")
