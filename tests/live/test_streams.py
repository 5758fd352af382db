"""Streams as they are served: who is let in, what they hear and how soon, and when it ends."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.live.wire import Listening, ask, listening, request
from tests.live.work import a_case, sign_in
from tests.rig.desk import Rig
from tests.rig.processes import children_of, until

from amends.site.live import hub

SOON = 1.5
"""Seconds; the figure is 1 on an idle machine, which this need not be."""


def test_strangers_and_other_sites_hear_nothing(place: Rig, ann: str) -> None:
    cookie = f"sessionid={ann}"
    assert ask(place, request("GET", "/live/", place, HX_Request="true")).status == 401
    assert ask(place, request("GET", "/live/", place, Cookie=cookie)).status == 403
    for site in ("cross-site", "same-site", "none"):
        asked = request("GET", "/live/", place, HX_Request="true", Cookie=cookie, Sec_Fetch_Site=site)
        assert ask(place, asked).status == 403
    assert ask(place, request("POST", "/live/", place, HX_Request="true", Cookie=cookie)).status in (403, 405)
    assert ask(place, request("GET", "/api/v1/live", place)).status == 401


def test_a_new_complaint_is_heard_at_once(working: Rig, ann: str) -> None:
    with listening(working, ann) as stream:
        before = stream.wait_for("hello").data["brands"][0]["waiting"]
        case = a_case(working, "at-once")
        changed = stream.wait_for("changed", lambda data: case in (data["cases"] or ()))
        waiting = stream.wait_for("waiting", lambda data: data["waiting"] == before + 1)
        assert waiting.at - changed.at < SOON


def test_whatever_is_done_with_a_case_is_heard(working: Rig, ann: str) -> None:
    case = a_case(working, "whatever")
    with listening(working, ann) as stream:
        for path, body in [
            ("take", None),
            ("note", {"text": "I look into it"}),
            ("severity", {"severity": "low", "why": "looked"}),
            ("resolve", {"resolution": "answered", "why": "done"}),
            ("reopen", {"why": "again"}),
        ]:
            stream.forget()
            began = time.monotonic()
            assert working.api("POST", f"/cases/{case}/{path}", body).status_code < 300
            assert stream.wait_for("changed", lambda data: case in (data["cases"] or [])).at - began < SOON


def test_each_state_of_an_answer_is_heard(working: Rig, ann: str) -> None:
    working.network.say("zoe", "@brand My train was three hours late and nobody helped me, a disgrace!")
    rows = until(
        lambda: working.ask(
            "SELECT case_id, id FROM store_post WHERE channel = 'fake' AND case_id IS NOT NULL"
        ),
        30,
        "the post has a case",
    )
    case, post = rows[0]
    with listening(working, ann) as stream:
        body = {"to_post": post, "text": "We are sorry."}
        assert working.api("POST", f"/cases/{case}/reply", body).status_code == 201
        until(lambda: working.one("SELECT state FROM store_send") == "sent", 20, "it is sent")
        last = time.monotonic()
        until(
            lambda: stream.named("changed") and stream.named("changed")[-1].at > last - SOON, 5, "it is heard"
        )
        assert all(event.data["cases"] == [case] for event in stream.named("changed"))


def test_programs_hear_the_same_of_their_one_brand(working: Rig) -> None:
    case = a_case(working, "program")
    bearer = {"Authorization": f"Bearer {working.secret}"}
    with listening(working, path="/api/v1/live", **bearer) as stream:
        assert len(stream.wait_for("hello").data["brands"]) == 1
        working.api("POST", f"/cases/{case}/note", {"text": "heard?"})
        stream.wait_for("changed", lambda data: case in (data["cases"] or []))


def test_other_brands_are_not_heard(working: Rig) -> None:
    other = "Another Brand"
    working.amends("add-admin", "eve@example.org", "--brand", other, feed="a quiet green bicycle\n")
    eve = sign_in(working, "Eve:admin", brand=other)
    case = a_case(working, "others")
    with listening(working, eve) as stream, listening(working, sign_in(working, "Ann:agent")) as ann:
        stream.wait_for("hello")
        working.api("POST", f"/cases/{case}/note", {"text": "not for Eve"})
        ann.wait_for("changed", lambda data: case in (data["cases"] or []))
        assert not stream.named("changed")


def _delete(place: Rig, session: str) -> None:
    place.ask("DELETE FROM django_session WHERE session_key = %s RETURNING 1", session)


def _run_out(place: Rig, session: str) -> None:
    place.ask("UPDATE django_session SET expire_date = now() WHERE session_key = %s RETURNING 1", session)


def _deactivate(place: Rig, _: str) -> None:
    place.ask("UPDATE store_user SET is_active = false WHERE email = 'ben@example.org' RETURNING 1")


def _change_password(place: Rig, _: str) -> None:
    place.ask("UPDATE store_user SET password = 'another' WHERE email = 'ben@example.org' RETURNING 1")


def _take_out(place: Rig, _: str) -> None:
    people = place.api("GET", "/people").json()
    (ben,) = [each["id"] for each in people if each["name"] == "Ben"]
    assert place.api("DELETE", f"/people/{ben}").status_code == 204


@pytest.mark.parametrize(
    ("what", "within"),
    [(_delete, 8), (_run_out, 8), (_deactivate, 8), (_change_password, 8), (_take_out, SOON)],
)
def test_a_stream_ends_with_what_opened_it(
    place: Rig, what: Callable[[Rig, str], None], within: float
) -> None:
    place.ask("UPDATE store_user SET is_active = true WHERE email = 'ben@example.org' RETURNING 1")
    ben = sign_in(place, "Ben:agent")
    with listening(place, ben) as stream:
        stream.wait_for("hello")
        began = time.monotonic()
        what(place, ben)
        assert stream.over.wait(15)
        assert stream.wait_for("end").data == {"why": "admission"}
        assert time.monotonic() - began < within


def test_a_token_that_is_ended_ends_its_streams(place: Rig) -> None:
    made = place.api("POST", "/tokens", {"name": "short", "scopes": ["read"]}).json()
    with listening(place, path="/api/v1/live", Authorization=f"Bearer {made['secret']}") as stream:
        stream.wait_for("hello")
        began = time.monotonic()
        assert place.api("DELETE", f"/tokens/{made['id']}").status_code == 204
        assert stream.over.wait(10)
        assert time.monotonic() - began < SOON


def test_signing_out_ends_it_at_once(place: Rig) -> None:
    cora = sign_in(place, "Cora:agent")
    cookie = {"Cookie": f"sessionid={cora}"}
    with listening(place, cora) as stream:
        stream.wait_for("hello")
        form = ask(place, request("GET", "/account/logout/", place, b"", **cookie))
        token = form.headers["set-cookie"].split("csrftoken=")[1].split(";")[0]
        body = f"csrfmiddlewaretoken={token}".encode()
        cookie["Cookie"] += f"; csrftoken={token}"
        asked = request(
            "POST",
            "/account/logout/",
            place,
            body,
            Content_Type="application/x-www-form-urlencoded",
            **cookie,
        )
        began = time.monotonic()
        assert ask(place, asked).status == 302
        assert stream.over.wait(10)
        assert time.monotonic() - began < SOON


def test_the_oldest_of_too_many_ends_for_the_newest(place: Rig) -> None:
    dan = sign_in(place, "Dan:agent")
    opened: list[Listening] = []

    def open_one_more(left: int) -> None:
        with listening(place, dan) as stream:
            stream.wait_for("hello")
            opened.append(stream)
            if left:
                open_one_more(left - 1)
            else:
                assert opened[0].over.wait(5)
                assert not opened[1].over.is_set()

    open_one_more(hub.MOST_EACH)


def test_life_is_shown_by_comments(place: Rig, ann: str) -> None:
    with listening(place, ann) as stream:
        until(lambda: stream.beats, 25, "a comment comes")


def test_who_reads_nothing_costs_little_and_holds_nobody_up(working: Rig, ann: str) -> None:
    case = a_case(working, "deaf")
    web = web_process(working)
    before = resident(web)
    silent = [socket.create_connection(("127.0.0.1", working.port), 20) for _ in range(8)]
    try:
        for line in silent:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            line.sendall(request("GET", "/live/", working, HX_Request="true", Cookie=f"sessionid={ann}"))
        with listening(working, ann) as stream:
            stream.wait_for("hello")
            for number in range(40):
                noted = working.api("POST", f"/cases/{case}/note", {"text": f"note {number}"})
                assert noted.status_code < 300, noted.text
            stream.wait_for("changed")
            assert resident(web) - before < 20_000
    finally:
        for line in silent:
            line.close()


def web_process(place: Rig) -> int:
    (web,) = [each for each in place.processes.running if "-web" in each.log.name and each.alive]
    (worker,) = children_of(web.process.pid)
    return worker


def resident(pid: int) -> int:
    """What a process holds in memory, in kB."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def test_a_web_process_that_is_killed_is_replaced_and_listens_again(place: Rig, ann: str) -> None:
    with listening(place, ann) as stream:
        stream.wait_for("hello")
        killed = web_process(place)
        os.kill(killed, 9)
        assert stream.over.wait(5)
    until(lambda: place.page("/account/login/").status_code == 200, 30, "pages are there again")
    assert web_process(place) != killed
    with listening(place, ann) as stream:
        stream.wait_for("hello", lambda data: data["brands"][0]["waiting"] is not None)
