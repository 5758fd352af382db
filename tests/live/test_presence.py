"""Two people on one case see each other, whichever web process each of them listens to."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.live.test_end import another_web
from tests.live.wire import Answer, ask, listening, request
from tests.live.work import a_case, sign_in
from tests.rig.desk import Rig

FORM = "application/x-www-form-urlencoded"
SOON = 1.5


@pytest.fixture(scope="module")
def second(place: Rig) -> Iterator[Rig]:
    """Another web process of the same desk."""
    with another_web(place) as (web, _):
        yield web


def say(on: Rig, session: str, path: str, /, **fields: str) -> Answer:
    """Send a form as a page does."""
    token = "x" * 32
    body = "&".join(f"{name}={value}" for name, value in {**fields, "csrfmiddlewaretoken": token}.items())
    cookies = f"sessionid={session}; csrftoken={token}"
    return ask(on, request("POST", path, on, body.encode(), Content_Type=FORM, Cookie=cookies))


def doing(case: int, *people: tuple[str, str]) -> Callable[[dict[str, Any]], bool]:
    """Exactly these are at the case, doing that."""

    def so(data: dict[str, Any]) -> bool:
        return data["case"] == case and [(p["name"], p["doing"]) for p in data["people"]] == list(people)

    return so


def test_each_sees_what_the_other_does_and_when_they_leave(working: Rig, second: Rig, ann: str) -> None:
    bob = sign_in(working, "Bob:agent")
    case = a_case(working, "together")
    with listening(working, ann) as stream, listening(second, bob) as other:
        stream.wait_for("hello")
        name = str(other.wait_for("hello").data["stream"])
        for what in ("reading", "answering", "noting"):
            began = time.monotonic()
            answer = say(second, bob, f"/cases/{case}/here/", doing=what, place="b0b0b0b0", stream=name)
            assert answer.status == 204, answer.body
            seen = stream.wait_for("presence", doing(case, ("Bob", what)))
            assert seen.at - began < SOON
        with listening(working, ann) as late:
            late.wait_for("presence", doing(case, ("Bob", "noting")))
        stream.forget()
        began = time.monotonic()
        say(second, bob, "/live/gone/", place="b0b0b0b0")
        assert stream.wait_for("presence", doing(case)).at - began < SOON
        say(second, bob, f"/cases/{case}/here/", doing="reading", place="b0b0b0b0", stream=name)
        stream.wait_for("presence", doing(case, ("Bob", "reading")))
        stream.forget()
        began = time.monotonic()
        other.line.shutdown(socket.SHUT_RDWR)
        gone = stream.wait_for("presence", doing(case), 20)
        assert gone.at - began < 5


def test_people_of_other_brands_are_not_seen(working: Rig, ann: str) -> None:
    brand = "A Third Brand"
    working.amends("add-admin", "flo@example.org", "--brand", brand, feed="a quiet green bicycle\n")
    flo = sign_in(working, "Flo:admin", brand)
    case = a_case(working, "unseen")
    with listening(working, flo) as stream, listening(working, ann) as own:
        stream.wait_for("hello")
        say(working, ann, f"/cases/{case}/here/", doing="reading", place="a0a0a0a0", stream="")
        own.wait_for("presence", doing(case, ("Ann", "reading")))
        assert not stream.named("presence")
        assert say(working, flo, f"/cases/{case}/here/", doing="reading", place="f0f0f0f0").status == 404


def test_programs_say_and_see_the_same(working: Rig, ann: str) -> None:
    case = a_case(working, "program-there")
    with listening(working, ann) as stream:
        stream.wait_for("hello")
        (there,) = working.api("PUT", f"/cases/{case}/presence", {"doing": "answering"}).json()
        seen = stream.wait_for("presence", lambda data: data["case"] == case and data["people"])
        assert seen.data["people"][0]["id"] == there["id"]
        assert working.api("GET", f"/cases/{case}/presence").json() == [there]
        assert working.api("DELETE", f"/cases/{case}/presence").status_code == 204
        stream.wait_for("presence", lambda data: data["case"] == case and not data["people"])
        assert working.api("GET", f"/cases/{case}/presence").json() == []
