"""Who has a window open is at work; a program that listens is nobody."""

from __future__ import annotations

from tests.live.wire import listening
from tests.live.work import a_case, sign_in
from tests.rig.desk import Rig
from tests.rig.processes import until

LATELY = (
    "SELECT 1 FROM store_atwork w JOIN store_user u ON u.id = w.user_id "
    "WHERE u.name = %s AND w.seen_at > now() - interval '10 seconds'"
)
TEAM = "/team"


def forget(place: Rig, name: str) -> None:
    """Leave the desk no sign of somebody but what comes from now on."""
    place.ask(
        "UPDATE store_atwork SET seen_at = now() - interval '1 hour' "
        "WHERE user_id = (SELECT id FROM store_user WHERE name = %s) RETURNING 1",
        name,
    )


def test_an_open_window_is_a_sign_of_its_person_again_and_again(place: Rig) -> None:
    eva = sign_in(place, "Eva:agent")
    with listening(place, eva) as stream:
        stream.wait_for("hello")
        assert place.ask(LATELY, "Eva"), "the page that asked"
        forget(place, "Eva")
        assert not place.ask(LATELY, "Eva")
        until(lambda: place.ask(LATELY, "Eva"), 25, "the open line says so")
        (team,) = [one for one in place.api("GET", TEAM).json() if one["name"] == "Eva"]
        assert team["present"] is True
    forget(place, "Eva")
    (team,) = [one for one in place.api("GET", TEAM).json() if one["name"] == "Eva"]
    assert team["present"] is False


def test_a_program_is_a_sign_of_its_person_only_where_it_says_so(working: Rig) -> None:
    case = a_case(working, "program-at-work")
    mine = working.api("GET", "/me").json()["person"]

    def present() -> bool:
        (me,) = [one for one in working.api("GET", TEAM).json() if one["person"] == mine]
        return bool(me["present"])

    assert not present()
    assert working.api("PUT", f"/cases/{case}/presence", {"doing": "reading"}).status_code == 200
    assert present()
    working.api("DELETE", f"/cases/{case}/presence")


def test_a_case_that_opens_is_given_to_who_is_there(working: Rig) -> None:
    held = working.api("GET", "/policy").json()
    gives = held["document"] | {"assignment": {"how": "round_robin"}}
    answer = working.api("PUT", "/policy", {"document": gives, "based_on": held["version"]})
    assert answer.status_code == 200
    try:
        gil = sign_in(working, "Gil:agent")
        with listening(working, gil) as stream:
            stream.wait_for("hello")
            case = a_case(working, "given-at-once")
            path = f"/cases/{case}"
            until(lambda: working.api("GET", path).json()["assignee"], 20, "it is given to somebody")
            (line,) = [
                each
                for each in working.api("GET", f"{path}/history").json()["items"]
                if each["action"] == "assigned"
            ]
            assert line["actor"] == "system"
    finally:
        version = answer.json()["version"]
        working.api("PUT", "/policy", {"document": held["document"], "based_on": version})
