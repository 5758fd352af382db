"""Connecting an account in a browser, by signing in on the server that it is on."""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import ConsoleMessage, Page
from tests.e2e.conftest import Desk
from tests.peers.mastodons import Server
from tests.peers.people import Person


@dataclass(frozen=True)
class Place:
    """A desk, a server to sign in on, and who signs in there."""

    desk: Desk
    server: Server
    person: Person

    @property
    def handle(self) -> str:
        return self.person.handle

    @property
    def inbox(self) -> str:
        return f"{self.desk.url}/b/the-brand/"

    @property
    def accounts(self) -> str:
        return f"{self.inbox}settings/accounts/"


def complaint(said: ConsoleMessage, place: Place) -> list[str]:
    """What the console says is wrong with the desk; the server's own pages are not ours to judge."""
    ours = said.location.get("url", "").startswith(place.desk.url)
    return [said.text] if said.type == "error" and ours else []


def go_to_server(page: Page, place: Place, *, pasted: bool = False) -> None:
    """Name the server on the desk's screen, and be sent there."""
    page.goto(place.accounts)
    page.get_by_label("Server", exact=True).first.fill(f"{place.server.url}/@{place.handle}")
    if pasted:
        page.get_by_label("Let the server show me a code").check()
    page.get_by_role("button", name="Go to the server").click()


def say_yes(page: Page, place: Place) -> None:
    """Let the desk act for the person, as their server asks for it: with their password, or by a button."""
    page.wait_for_url(f"{place.server.url}/oauth/*authorize*")
    if password := place.server.passwords.get(place.handle):
        page.locator("input[name=login]").fill(place.handle)
        page.locator("input[name=passwd]").fill(password)
        page.locator("input[name=passwd]").press("Enter")
    else:
        page.get_by_role("button", name=f"@{place.handle}").click()
