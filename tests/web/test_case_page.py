"""The page of a case: the conversation as it stood, what is around it, and what it costs."""

from __future__ import annotations

import re
from datetime import timedelta

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.web.conftest import House, lead

from amends.core.values import Direction, Role, SendState, Visibility
from amends.store import models


def page(client: Client, case: models.Case, query: str = "") -> str:
    response = client.get(f"/cases/{case.pk}/{query}")
    assert response.status_code == 200
    return response.content.decode()


def test_the_whole_conversation_stands_there_in_order(house: House, client: Client) -> None:
    first = house.item("high My parcel is lost", "ann", 50, url="https://net.example/1")
    ours = house.answer(first, "We look into it", 40)
    stranger = house.item("same with me", "bob", 30, in_reply_to=first.remote_id)
    again = house.item("high Still nothing", "ann", 20, in_reply_to=ours.remote_id)
    house.arrive(again, stranger, ours, first)
    case = models.Case.objects.get()
    html = page(client, case)
    places = [html.index(text) for text in ("My parcel is lost", "We look into it", "same with me")]
    assert places == sorted(places)
    assert '<mark title="complaint">high</mark> My parcel is lost' in html
    assert "read as complaint, high · complaint 93 %" in html
    assert 'href="https://net.example/1" target="_blank" rel="noreferrer noopener nofollow"' in html
    assert "after 10 min" in html  # first answer


def test_edits_are_versions_and_deletions_a_line(house: House, client: Client) -> None:
    first = house.item("high My parcel is lost", "ann")
    house.arrive(first)
    case = models.Case.objects.get()
    edited = house.item("high My parcel is STOLEN", "ann", remote_id=first.remote_id, edited_at=house.now)
    house.arrive(edited)
    html = page(client, case)
    assert "1 earlier version" in html
    assert "My parcel is lost" in html
    house.arrive(house.item("", "ann", remote_id=first.remote_id, deleted=True))
    html = page(client, case)
    assert "Deleted on the network" in html
    assert "My parcel" not in html
    assert "My parcel" not in client.get(f"/posts/{case.lead_id}/").content.decode()


def test_a_deleted_post_can_be_read_under_a_hold_with_a_reason_on_record(
    house: House, supervisor: models.User
) -> None:
    case = house.case("high My parcel is lost")
    house.arrive(house.item("", "ann", remote_id=lead(case).remote_id, deleted=True))
    sam = house.enter(supervisor)
    asked = {"post": case.lead_id, "why": "The court asks for it"}
    refused = sam.post(f"/cases/{case.pk}/evidence/", asked)
    assert refused.status_code == 409
    assert "My parcel" not in refused.content.decode()
    sam.post(f"/cases/{case.pk}/hold/", {"placed": "1", "why": "Court"})
    assert sam.post(f"/cases/{case.pk}/evidence/", {**asked, "why": " "}).status_code == 409
    shown = sam.post(f"/cases/{case.pk}/evidence/", asked)
    assert "My parcel is lost" in shown.content.decode()
    assert shown.headers["Cache-Control"] == "no-store"
    html = page(sam, case)
    assert "My parcel" not in html
    assert "read the words of a deleted post" in html
    agent = house.enter(house.person(Role.AGENT))
    assert agent.post(f"/cases/{case.pk}/evidence/", asked).status_code == 403
    assert agent.post(f"/cases/{case.pk}/hold/", {"placed": "0", "why": "x"}).status_code == 403


def test_the_persons_other_cases_are_beside_it(house: House, client: Client) -> None:
    old = house.case("low The box was dented", "ann", minutes=60 * 24 * 9)
    client.post(f"/cases/{old.pk}/resolve/", {"resolution": "answered", "why": "done"})
    case = house.case("high My parcel is lost", "ann")
    assert case.pk != old.pk
    html = page(client, case)
    assert f'href="/cases/{old.pk}/"' in html
    assert "The box was dented" in html


def test_sends_show_their_five_states(house: House, client: Client, agent: models.User) -> None:
    case = house.case()
    account = house.connect()
    for number, state in enumerate(SendState):
        models.Send.objects.create(
            key=f"00000000-0000-4000-8000-00000000000{number}",
            brand=house.brand,
            account=account,
            case=case,
            to_post=lead(case),
            text=f"words of {state}",
            visibility=Visibility.PUBLIC,
            written_by=agent,
            written_at=house.now,
            state=state,
            not_before=house.now + timedelta(days=400),
        )
    html = page(client, case)
    for words in ("waiting to be sent", "being sent now", "not sent", "not known whether it was sent"):
        assert words in html
    assert "words of sent" not in html  # it stands in the conversation as a post
    assert html.count("It is not there: send again") == 1
    refused = models.Send.objects.get(state=SendState.REFUSED)
    assert "words of refused</textarea>" in page(client, case, f"?again={refused.pk}")
    planned = models.Send.objects.get(state=SendState.PLANNED)
    assert "words of planned</textarea>" not in page(client, case, f"?again={planned.pk}")


def test_a_long_conversation_is_shown_in_parts_at_the_same_cost(house: House, client: Client) -> None:
    first = house.item("high number 0", "ann", 6000)
    more = [
        house.item(f"number {n} end", "ann", 6000 - n, in_reply_to=first.remote_id) for n in range(1, 5000)
    ]
    house.arrive(first, *more)
    case = models.Case.objects.get()
    client.get(f"/cases/{case.pk}/")
    with CaptureQueriesContext(connection) as queries:
        html = page(client, case)
    assert len(queries) <= 6, [query["sql"][:90] for query in queries.captured_queries]
    assert "number 4999 end" in html
    assert "number 4800 end" in html
    assert "number 4799 end" not in html
    earlier = html.split('href="?before=')[1].split('"')[0]
    before = page(client, case, f"?before={earlier}")
    assert "number 4799 end" in before
    assert "number 4800 end" not in before


def test_a_case_with_everything_costs_six_queries_at_most(
    house: House, agent: models.User, client: Client
) -> None:
    first = house.item("high My parcel is lost", "ann", 50)
    house.connect()
    house.arrive(
        first,
        house.answer(first, minutes=40),
        house.item("high Hello?", "ann", 30, in_reply_to=first.remote_id),
    )
    house.arrive(
        house.item("high My parcel is gone", "ann", 50, remote_id=first.remote_id, edited_at=house.now)
    )
    case = models.Case.objects.get()
    models.Membership.objects.create(user=agent, brand=house.other, role=Role.AGENT)
    for name in ("take", "note", "reply"):
        client.post(f"/cases/{case.pk}/{name}/", _reply(case) | {"text": "Hello"})
    client.get(f"/cases/{case.pk}/")
    with CaptureQueriesContext(connection) as queries:
        html = page(client, case)
    assert "waiting to be sent" in html
    assert len(queries) <= 6, [query["sql"][:90] for query in queries.captured_queries]


def test_a_megabyte_of_text_is_shown_in_part_and_whole_on_its_own(house: House, client: Client) -> None:
    text = "high " + "word " * 200_000 + "the end"
    case = house.case(text)
    html = page(client, case)
    assert len(html) < 60_000
    assert "Show all" in html
    assert "the end" not in html
    inbox = client.get("/b/the-brand/").content.decode()
    assert len(inbox) < 30_000
    whole = client.get(f"/posts/{case.lead_id}/").content.decode()
    assert "the end" in whole


def test_times_are_in_the_readers_zone_with_the_brands_on_hover(
    house: House, agent: models.User, client: Client
) -> None:
    case = house.case(posted_at=house.now.replace(hour=11, minute=50))
    assert ">11:50</time>" in page(client, case)
    client.cookies["zone"] = "Asia%2FTokyo"
    assert ">20:50</time>" in page(client, case)
    agent.time_zone = "America/New_York"
    agent.save()
    html = page(client, case)
    assert ">06:50</time>" in html
    assert "for The Brand 4 Mar 11:50 (UTC)" in html
    client.cookies["zone"] = "../../etc/passwd"
    agent.time_zone = ""
    agent.save()
    assert ">11:50</time>" in page(client, case)


def test_a_post_says_all_its_times_and_whose_clock_was_wrong(house: House, client: Client) -> None:
    at = house.now
    first = house.item("high My parcel is lost", "ann", 350, noticed_at=at - timedelta(minutes=50))
    house.arrive(first)
    case = models.Case.objects.get()
    html = line_of_times(client, case)
    assert "clock off by 5 h" in html
    assert words(html) == "Posted 11:10, though the clock it was written by said 06:10:00 · with us 12:00"
    assert models.Post.objects.get().seen_at is None, "to read a page changes nothing"
    client.post(f"/cases/{case.pk}/here/", {"place": "ab12cd34"})
    assert words(line_of_times(client, case)).endswith("with us 12:00 · seen 12:00")
    house.arrive(house.answer(first, minutes=20))
    assert words(line_of_times(client, case)).endswith("seen 12:00 · answered 11:40")
    alone = client.get(f"/posts/{case.lead_id}/").content.decode()
    assert "clock off by 5 h" in alone.split('id="whole"')[0]


def test_a_clock_that_is_off_by_seconds_is_told_on_demand_only(house: House, client: Client) -> None:
    case = house.case(noticed_at=house.now - timedelta(minutes=10, seconds=-2))
    html = line_of_times(client, case)
    assert "clock off" not in html
    assert words(html).startswith("Posted 11:50, though the clock it was written by said 11:50:00")


def line_of_times(client: Client, case: models.Case) -> str:
    """What stands at the first post of a case about its times."""
    return page(client, case).split('<details class="times', 1)[1].split("</details>", 1)[0]


def words(html: str) -> str:
    """The line that is shown on demand, without its markup."""
    return " ".join(re.sub("<[^>]+>", "", html.split("</summary>")[1]).split())


def test_a_post_without_a_case_has_its_page_and_conversation(house: House, client: Client) -> None:
    praise = house.item("praise Lovely crew", "eve", 20)
    house.arrive(praise, house.answer(praise, "Thank you, Eve"))
    post = models.Post.objects.get(direction=Direction.IN)
    html = client.get(f"/posts/{post.pk}/").content.decode()
    assert "Thank you, Eve" in html


def _reply(case: models.Case) -> dict[str, str]:
    return {"to_post": str(case.lead_id), "key": "00000000-0000-4000-8000-00000000000a"}
