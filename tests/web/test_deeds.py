"""What people do with a case, by plain forms: it is done, told, and refused kindly where it cannot be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from tests.web.conftest import House, lead, visitor

from amends.core.values import CaseState, Resolution, Role, SendState, Severity, Visibility
from amends.store import history, models

ALL = "take assign note snooze settle grade resolve reopen reply send length"


def do(client: Client, case: models.Case, name: str, **said: object) -> HttpResponse:
    return client.post(f"/cases/{case.pk}/{name}/", said)  # type: ignore[return-value]


def done(client: Client, case: models.Case, name: str, **said: object) -> str:
    """Do it, follow back to the page, and give what the page then says of it."""
    response = client.post(f"/cases/{case.pk}/{name}/", said, follow=True)
    assert response.redirect_chain == [(f"/cases/{case.pk}/", 302)]
    case.refresh_from_db()
    html = response.content.decode()
    start = html.index('id="messages"')
    return html[start : html.index("</div>", start)]


def refused(client: Client, case: models.Case, name: str, **said: object) -> str:
    response = do(client, case, name, **said)
    assert response.status_code == 409
    before, after = case.__dict__.copy(), models.Case.objects.get(pk=case.pk).__dict__
    assert {k: v for k, v in before.items() if k[0] != "_"} == {k: v for k, v in after.items() if k[0] != "_"}
    return response.content.decode()


def test_take_assign_and_put_back(house: House, client: Client, agent: models.User) -> None:
    case = house.case()
    ben = house.person(Role.AGENT, name="Ben")
    assert "The case is yours" in done(client, case, "take")
    assert case.assignee_id == agent.pk
    done(client, case, "assign", to=ben.pk)
    assert case.assignee_id == ben.pk
    done(client, case, "assign", to="")
    assert case.assignee_id is None
    stranger = house.person(Role.AGENT, house.other)
    assert "does not work for this brand" in refused(client, case, "assign", to=stranger.pk)
    html = client.get(f"/cases/{case.pk}/").content.decode()
    assert "took the case" in html
    assert "gave the case to Ben" in html
    assert "put the case back for anyone" in html


def test_taking_from_the_list_leads_back_to_the_list(house: House, client: Client) -> None:
    case = house.case()
    response = do(client, case, "take", back="/b/the-brand/?view=open")
    assert response.headers["Location"] == "/b/the-brand/?view=open"
    for elsewhere in (
        "https://evil.example/",
        "//evil.example",
        "javascript:alert(1)",
        "/\\evil.example",
        "/\x00",
    ):
        assert do(client, case, "take", back=elsewhere).headers["Location"] == "/"


def test_a_note_is_kept_for_colleagues(house: House, client: Client) -> None:
    case = house.case()
    assert "Only colleagues" in done(client, case, "note", text="Called <b>her</b>")
    html = client.get(f"/cases/{case.pk}/").content.decode()
    assert "Called &lt;b&gt;her&lt;/b&gt;" in html
    assert "Write the note first" in refused(client, case, "note", text="  ")


@pytest.mark.parametrize(
    ("said", "until"),
    [
        ({"for": "1h"}, datetime(2026, 3, 4, 13, 0, tzinfo=UTC)),
        ({"for": "tomorrow"}, datetime(2026, 3, 5, 0, 0, tzinfo=UTC)),
        ({"for": "monday"}, datetime(2026, 3, 9, 0, 0, tzinfo=UTC)),
        ({"until": "2026-03-06T10:30"}, datetime(2026, 3, 6, 1, 30, tzinfo=UTC)),
    ],
)
def test_snooze_counts_in_the_readers_zone(
    house: House, client: Client, said: dict[str, str], until: datetime
) -> None:
    case = house.case()
    client.cookies["zone"] = "Asia%2FTokyo"
    done(client, case, "snooze", **said)
    assert case.state == CaseState.SNOOZED
    assert case.snoozed_until == until


@pytest.mark.parametrize(
    "until", ["", "soon", "2026-03-04T11:00", "9999-12-31T23:59", "0001-01-01T00:00+14:00"]
)
def test_a_time_that_cannot_be_is_refused(house: House, client: Client, until: str) -> None:
    html = refused(client, house.case(), "snooze", until=until)
    assert "Choose" in html


def test_needs_no_answer_stops_the_clock(house: House, client: Client) -> None:
    case = house.case()
    done(client, case, "settle")
    assert case.waiting_since is None
    assert case.state == CaseState.OPEN
    assert "Nobody waits" in refused(client, case, "settle")


def test_severity_is_set_with_a_reason(house: House, client: Client) -> None:
    case = house.case("high My parcel is lost")
    html = refused(client, case, "grade", severity="critical", why="")
    assert "goes on record" in html
    done(client, case, "grade", severity="critical", why="Medication in it")
    assert (case.severity, case.graded_by_person) == (Severity.CRITICAL, True)
    assert "A complaint has a severity" in refused(client, case, "grade", severity="none", why="why")


def test_a_case_ends_with_an_outcome_and_a_reason_and_can_be_opened_again(
    house: House, client: Client
) -> None:
    case = house.case()
    assert "Choose how the case ended" in refused(client, case, "resolve", why="x")
    html = refused(client, case, "resolve", resolution="lost", why=" ")
    assert '<option value="lost" selected>' in html
    assert "moved to private" in done(
        client, case, "resolve", resolution="moved_private", why="He wrote a DM"
    )
    assert (case.state, case.resolution) == (CaseState.RESOLVED, Resolution.MOVED_PRIVATE)
    assert "resolved already" in refused(client, case, "resolve", resolution="lost", why="again")
    assert "Say why" in refused(client, case, "reopen", why="")
    done(client, case, "reopen", why="It came back")
    assert case.state == CaseState.OPEN


def test_an_answer_is_planned_once_however_often_it_is_sent(house: House, client: Client) -> None:
    case = house.case()
    house.connect()
    said = {"key": str(uuid4()), "to_post": case.lead_id, "text": "We are sorry.\r\nTruly."}
    assert "on its way" in done(client, case, "reply", **said)
    done(client, case, "reply", **said)
    send = models.Send.objects.get()
    assert (send.text, send.state, send.case_id) == ("We are sorry.\nTruly.", SendState.PLANNED, case.pk)
    assert "Another answer" in refused(client, case, "reply", **(said | {"text": "Other words"}))


@pytest.mark.parametrize("text", ["", "   ", "x" * 501])
def test_an_answer_that_cannot_leave_is_kept_in_its_box(house: House, client: Client, text: str) -> None:
    case = house.case()
    house.connect()
    html = refused(client, case, "reply", key=str(uuid4()), to_post=case.lead_id, text=text)
    assert f"{text}</textarea>" in html
    assert models.Send.objects.count() == 0


def test_an_answer_waits_for_what_happened_meanwhile_and_then_goes(
    house: House, client: Client, agent: models.User
) -> None:
    case = house.case()
    house.connect()
    seen = models.Case.objects.get().history_count
    ben = house.enter(house.person(Role.AGENT, name="Ben"))
    done(ben, case, "reply", key=str(uuid4()), to_post=case.lead_id, text="From Ben", seen=seen)
    said = {"key": str(uuid4()), "to_post": case.lead_id, "text": "From Ada"}
    html = refused(client, case, "reply", **said, seen=seen)
    assert "Meanwhile: Ben wrote an answer" in html
    assert "From Ada</textarea>" in html
    shown = html.split('name="seen" value="')[1].split('"')[0]
    said["despite"] = html.split('name="despite" value="')[1].split('"')[0]
    done(client, case, "reply", **said, seen=shown)
    assert models.Send.objects.count() == 2


def test_an_answer_to_a_case_that_was_resolved_meanwhile_is_not_lost(house: House, client: Client) -> None:
    case = house.case()
    house.connect()
    done(client, case, "resolve", resolution="answered", why="by telephone")
    html = refused(client, case, "reply", key=str(uuid4()), to_post=case.lead_id, text="Precious words")
    assert "Open it again before you answer" in html
    assert "Precious words</textarea>" in html


def test_an_answer_needs_a_connected_account(house: House, client: Client) -> None:
    case = house.case()
    html = refused(client, case, "reply", key=str(uuid4()), to_post=case.lead_id, text="Hello")
    assert "No account of this brand is connected" in html


def test_the_length_is_counted_as_the_network_counts(house: House, client: Client) -> None:
    case = house.case()
    page = do(client, case, "length", text="x" * 480, visibility="public")
    assert "480 of 500" in page.content.decode()
    assert "too long" in do(client, case, "length", text="x" * 501).content.decode()
    assert do(client, case, "length", text="x", visibility="elsewhere").status_code == 400


def unknown(house: House, case: models.Case, agent: models.User) -> models.Send:
    case.sends_open = 1
    case.save()
    return models.Send.objects.create(
        key=uuid4(),
        brand=case.brand,
        account=house.connect(),
        case=case,
        to_post=lead(case),
        text="Sorry",
        visibility=Visibility.PUBLIC,
        written_by=agent,
        written_at=house.now,
        state=SendState.UNKNOWN,
        not_before=house.now + timedelta(days=365),
    )


@pytest.mark.parametrize(("again", "state"), [("1", SendState.PLANNED), ("0", SendState.REFUSED)])
def test_a_person_settles_what_the_desk_cannot_find(
    house: House, client: Client, agent: models.User, again: str, state: SendState
) -> None:
    case = house.case()
    send = unknown(house, case, agent)
    refused(client, case, "send", send=send.pk, again=again, why="")
    done(client, case, "send", send=send.pk, again=again, why="I looked, it is not there")
    send.refresh_from_db()
    assert send.state == state
    refused(client, case, "send", send=send.pk, again=again, why="once more")
    assert list(history.faults()) == []


def test_another_cases_send_cannot_be_settled_here(house: House, client: Client, agent: models.User) -> None:
    send = unknown(house, house.case(), agent)
    other = house.case("low Other", "bob")
    refused(client, other, "send", send=send.pk, again="1", why="x")
    send.refresh_from_db()
    assert send.state == SendState.UNKNOWN


@pytest.mark.parametrize("name", ALL.split())
def test_nothing_can_be_done_to_another_brands_case(house: House, client: Client, name: str) -> None:
    house.arrive(house.item("high Not yours", "zed"), brand=house.other)
    case = models.Case.objects.get()
    assert do(client, case, name, text="x", why="x").status_code == 404
    assert models.Case.objects.get().history_count == case.history_count


@pytest.mark.parametrize("name", [*ALL.split(), "hold", "evidence"])
def test_nothing_is_done_by_following_a_link_or_from_another_site(
    house: House, supervisor: models.User, name: str
) -> None:
    case = house.case()
    sam = house.enter(supervisor)
    followed = sam.get(f"/cases/{case.pk}/{name}/", {"text": "x", "why": "x", "placed": "1"})
    assert followed.status_code in (302, 405)
    strict = visitor(enforce_csrf_checks=True)
    strict.force_login(supervisor, "amends.web.signed_in.Backend")
    forged = strict.post(f"/cases/{case.pk}/{name}/", {"text": "x"})
    assert forged.status_code == 403
    assert "This form was too old" in forged.content.decode()
    assert models.Case.objects.get().history_count == case.history_count


def test_an_answer_to_a_post_of_another_brand_is_not_found(house: House, client: Client) -> None:
    case = house.case()
    house.arrive(house.item("high Elsewhere", "zed"), brand=house.other)
    theirs = models.Post.objects.get(brand=house.other)
    assert do(client, case, "reply", key=str(uuid4()), to_post=theirs.pk, text="x").status_code == 404


def test_the_page_shows_a_background_request_the_same_case(house: House, client: Client) -> None:
    case = house.case()
    refusal = client.post(f"/cases/{case.pk}/note/", {"text": " "}, headers={"HX-Request": "true"})
    assert refusal.status_code == 409
    assert b'id="side"' in refusal.content
