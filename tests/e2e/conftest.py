"""A browser before a whole desk: `amends serve --sample` as people start it, driven in Debian's Chromium."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests.rig.processes import AMENDS, Processes, until

from amends.site import ports

CHROMIUM = Path("/usr/bin/chromium")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_READY = re.compile(r"Amends is ready: (http\S+)")
SHOTS = Path(__file__).parents[2] / ".build" / "screens"


@dataclass(frozen=True)
class Desk:
    """A running desk: where it is, and who may sign in with which password."""

    url: str
    people: dict[str, tuple[str, str]]


@pytest.fixture(scope="module")
def served() -> Iterator[Desk]:
    """The sample desk, started once and stopped cleanly."""
    yield from _serve("--sample")


def _serve(*options: str) -> Iterator[Desk]:
    data = Path(tempfile.mkdtemp(prefix="amends-e2e-", dir="/tmp"))
    logs = Path(tempfile.mkdtemp(prefix="amends-e2e-logs-", dir="/tmp"))
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("AMENDS_", "DATABASE_"))
    }
    processes = Processes(logs)
    try:
        command = [*AMENDS, "serve", "--port", str(ports.free()), *options]
        running = processes.start(command, {**kept, "AMENDS_DATA": str(data)})
        until(lambda: _READY.search(running.said()) or not running.alive, 120, "it serves", running.said)
        found = _READY.search(running.said())
        assert found, running.said()
        people = re.findall(r"^\s+(admin|supervisor|agent)\s+(\S+)\s+(\S+)$", running.said(), re.MULTILINE)
        yield Desk(found[1].rstrip("/"), {role: (email, password) for role, email, password in people})
        assert running.stop() == 0
    finally:
        processes.end()
        rmtree(data)
        rmtree(logs)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Debian's Chromium; closed with its module, since Playwright's loop keeps Django from the database."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is missing; `apt-get install chromium` brings it")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=QUIET)
        yield chromium
        chromium.close()


@dataclass
class Visitor:
    """One person before one window; what the console complains of is kept."""

    page: Page
    desk: Desk
    complaints: list[str]

    def sign_in(self, role: str) -> None:
        email, password = self.desk.people[role]
        self.page.goto(self.desk.url + "/")
        self.page.locator("input[name=login]").fill(email)
        self.page.locator("input[name=password]").fill(password)
        self.page.locator("input[name=password]").press("Enter")
        self.page.wait_for_url("**/b/**")

    def shoot(self, name: str) -> None:
        """Keep a picture for people to look at."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png")


@pytest.fixture
def visit(browser: Browser, served: Desk) -> Iterator[Visitor]:
    """A visitor of the sample desk in a fresh window of 1440 by 900."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    visitor = Visitor(context.new_page(), served, [])
    visitor.page.on(
        "console", lambda said: visitor.complaints.append(said.text) if said.type == "error" else None
    )
    yield visitor
    context.close()
    assert visitor.complaints == []
