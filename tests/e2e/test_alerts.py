"""A supervisor's day: the brand at this moment follows by itself, and a webhook that fails is told on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.e2e.conftest import SHOTS
from tests.pipeline.receiver import Receiver, receiving
from tests.rig.desk import BRAND, Rig, rig
from tests.rig.processes import until

from amends.core import signed

WORDS = "@brand My parcel has been lost for two weeks and nobody answers me, a disgrace!"
PEOPLE = ("Sue:supervisor", "Anna:agent")
NOW, SETTINGS = "/b/the-brand/now/", "/b/the-brand/settings/alerts/"
SLOW = 40_000

_FITS = "[...document.querySelectorAll('.table-wrap')].every((each) => each.scrollWidth <= each.clientWidth)"


@dataclass
class House:
    """A desk with a quiet network, a receiver of alerts, and a session for each of its people."""

    place: Rig
    receiver: Receiver
    sessions: dict[str, str]


@pytest.fixture(scope="module")
def house() -> Iterator[House]:
    with ExitStack() as held:
        receiver = held.enter_context(receiving())
        place = held.enter_context(rig())
        place.environment["AMENDS_ALLOW_HOSTS"] += f",{receiver.place}"
        place.amends("migrate")
        place.plant()
        keys = place.inside("people", BRAND, *PEOPLE).split()
        place.web()
        place.start("worker")
        yield House(place, receiver, dict(zip(("Sue", "Anna"), keys, strict=True)))


@pytest.fixture
def page(browser: Browser, house: House) -> Iterator[Page]:
    """Sue's window."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    cookie = {"name": "sessionid", "value": house.sessions["Sue"], "url": house.place.site}
    context.add_cookies([cookie])  # type: ignore[list-item]
    window = context.new_page()
    complaints: list[str] = []
    window.on("pageerror", lambda error: complaints.append(str(error)))
    window.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield window
    context.close()
    assert complaints == []


def figure(page: Page, name: str):  # type: ignore[no-untyped-def]
    return page.locator("#now-clocks div", has_text=name).locator("dd")


def shoot(page: Page, name: str) -> None:
    """The page as wide and as narrow as people have it, light and dark."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for look in ("light", "dark"):
            page.emulate_media(color_scheme=look)
            page.screenshot(path=SHOTS / f"{name}-{width}-{look}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} at {width}"
        assert page.evaluate(_FITS), f"a table of {name} at {width}"
    page.set_viewport_size({"width": 1440, "height": 900})


def test_the_screen_follows_and_a_failing_webhook_comes_and_goes_on_it(house: House, page: Page) -> None:
    site, receiver = house.place.site, house.receiver
    page.goto(site + "/b/the-brand/")
    page.keyboard.press("g")
    page.keyboard.press("n")
    page.wait_for_url(f"**{NOW}")
    page.evaluate("window.kept = true")
    expect(figure(page, "Waiting").first).to_have_text("0")
    for number in range(3):
        house.place.network.say(f"n{number}", WORDS)
    expect(figure(page, "Waiting").first).to_have_text("3", timeout=SLOW)
    link = page.locator("#now-people a").first
    link.focus()
    house.place.network.say("later", WORDS)
    expect(figure(page, "Waiting").first).to_have_text("4", timeout=SLOW)
    assert page.evaluate("document.activeElement.closest('#now-people') !== null")

    settings = page.context.new_page()
    settings.goto(site + SETTINGS)
    settings.get_by_label("Address").fill(receiver.address)
    settings.get_by_role("button", name="Add it").click()
    secret = settings.locator("#secret").input_value()
    settings.get_by_role("button", name="Try 127.0.0.1").click()
    until(lambda: receiver.came, 30, "the trial arrives")
    headers, body = receiver.came[0]
    envelope = signed.Envelope(
        headers["webhook-id"], headers["webhook-timestamp"], headers["webhook-signature"]
    )
    assert signed.is_signed([signed.key_of(secret)], envelope, body)
    assert receiver.bodies()[0]["type"] == "trial"
    settings.goto(site + SETTINGS)
    expect(settings.locator("td", has_text="sent").first).to_be_visible()

    receiver.status = 500
    for tries in (2, 3, 4):
        settings.get_by_role("button", name="Try 127.0.0.1").click()
        until(lambda n=tries: len(receiver.came) >= n, 30, "it is tried")  # type: ignore[misc]
    told = page.locator("#list .row", has_text=f"Alerts by webhook to {receiver.place} fail since")
    expect(told).to_have_count(1, timeout=SLOW)
    expect(told).to_contain_text("answered 500. Mend the receiver")
    shoot(page, "now")
    settings.goto(site + SETTINGS)
    expect(settings.locator(".badge", has_text="Fails")).to_be_visible()
    shoot(settings, "alert-settings")
    page.goto(site + "/b/the-brand/alerts/")
    shoot(page, "alerts")
    page.goto(site + NOW)
    page.evaluate("window.kept = true")
    said = house.place.amends("doctor", expect=None).stdout
    assert f"{receiver.place} answered 500" in said

    receiver.status = 204
    settings.get_by_role("button", name="Try 127.0.0.1").click()
    expect(told).to_have_count(0, timeout=SLOW)
    assert page.evaluate("window.kept === true")
    assert len({body["delivery"] for body in receiver.bodies()}) == len(set(receiver.ids()))
