"""What people say of a wait on the case page: a promise, whose turn it is, what waits, who comes first."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

from django.test import Client
from tests.web.conftest import House, lead
from tests.web.test_deeds import done, refused

from amends.core.escalation import Does
from amends.core.values import Role, Standing
from amends.store import history, models, record, stats


def page(client: Client, case: models.Case) -> str:
    return client.get(f"/cases/{case.pk}/").content.decode()


def actions(case: models.Case) -> list[str]:
    return [entry.action for entry in record.of_case(case.pk, None, 50).entries]


def test_a_promise_is_the_target_from_then_on(house: House, client: Client) -> None:
    case = house.case()
    assert "Choose" in refused(client, case, "promise", until="")
    assert "promise is kept" in done(client, case, "promise", **{"for": "4h"})
    assert case.promised_until == house.now + timedelta(hours=4)
    html = page(client, case)
    assert "update promised" in client.get("/b/the-brand/").content.decode()
    assert "Update promised" in html
    assert "update promised" in actions(case)


def test_a_promise_in_imported_history_runs_on_that_histories_clock(house: House, client: Client) -> None:
    item = house.item("high My parcel is lost", minutes=60 * 24 * 400)
    house.arrive(item, offset=timedelta(days=400))
    case = models.Case.objects.get()
    done(client, case, "promise", **{"for": "1h"})
    assert case.promised_until == house.now - timedelta(days=400) + timedelta(hours=1)


def test_waiting_for_the_customer_stops_one_clock_and_shows_it(house: House, client: Client) -> None:
    case = house.case()
    assert "Answer first" in refused(client, case, "wait", why="their photograph")
    done(client, case, "settle")
    resolve_by = case.resolution_due_at
    assert resolve_by is not None
    assert "what you wait for" in refused(client, case, "wait", why=" ")
    assert "clock stands" in done(client, case, "wait", why="their photograph")
    assert (case.customer_since, case.resolution_due_at) == (house.now, None)
    assert "Waits for the customer" in page(client, case)
    assert "waits for the customer" in client.get("/b/the-brand/?view=open").content.decode()
    assert "your turn" in done(client, case, "go_on", why="found it in the log")
    assert (case.customer_since, case.resolution_due_at) == (None, resolve_by)


def test_send_and_wait_hands_the_case_over_once_the_answer_stands(house: House, client: Client) -> None:
    case = house.case()
    house.connect()
    said = {
        "key": str(uuid4()),
        "to_post": lead(case).pk,
        "text": "Please send us the number.",
        "then": "wait",
    }
    done(client, case, "reply", **said)
    assert (case.hands_over, case.customer_since) == (True, None)


def test_a_post_that_was_read_as_praise_can_be_made_to_wait(house: House, client: Client) -> None:
    case = house.case("high My parcel is lost")
    done(client, case, "settle")
    house.arrive(
        house.item("praise Thank you so much for nothing", "ann", 5, in_reply_to=lead(case).remote_id)
    )
    post = models.Post.objects.latest("posted_at")
    models.Post.objects.filter(pk=post.pk).update(case=case)
    assert "Needs an answer" in page(client, case)
    answer = client.post(f"/posts/{post.pk}/waits/", follow=True)
    assert "waits for an answer to that post" in answer.content.decode()
    case.refresh_from_db()
    assert case.waiting_since == post.posted_at
    assert client.get(f"/posts/{post.pk}/waits/").status_code == 302


def test_what_cannot_wait_is_refused_on_the_case_page(house: House, client: Client) -> None:
    case = house.case()
    gone = lead(case)
    models.Post.objects.filter(pk=gone.pk).update(deleted_at=house.now)
    answer = client.post(f"/posts/{gone.pk}/waits/")
    assert answer.status_code == 409
    assert "still stands" in answer.content.decode()


def test_only_supervisors_say_who_comes_first(house: House, client: Client, supervisor: models.User) -> None:
    case = house.case()
    assert "Standing of the person" not in page(client, case)
    assert client.post(f"/cases/{case.pk}/standing/", {"standing": "priority", "why": "x"}).status_code == 403
    boss = house.enter(supervisor)
    assert "Say in a few words why" in refused(boss, case, "standing", standing="priority", why="")
    assert "Choose how" in refused(boss, case, "standing", standing="", why="x")
    before = case.harm
    assert "on record" in done(boss, case, "standing", standing="priority", why="We failed them three times")
    assert case.author.standing == Standing.PRIORITY
    assert case.harm == before + 15
    assert "Marked by the firm as a priority" in page(client, case)
    assert "stands like that already" in refused(boss, case, "standing", standing="priority", why="again")
    assert list(history.faults()) == []


def test_waits_are_counted_by_how_they_ended(house: House, client: Client) -> None:
    first = house.item("high My parcel is lost", "amy")
    house.arrive(first, house.answer(first))
    settled, closed = house.case(author="bea"), house.case(author="cleo")
    house.case(author="dora")
    done(client, settled, "settle")
    done(client, closed, "resolve", resolution="spam", why="spam after all")
    waits = stats.stats(house.brand.pk).total.waits
    assert waits == {"open": 1, "answered": 1, "needed_none": 1, "closed": 1}


def test_alerts_are_shown_to_whom_they_concern_until_one_has_seen_them(
    house: House, client: Client, supervisor: models.User
) -> None:
    case = house.case()
    alert = models.Alert.objects.create(
        brand=house.brand, case=case, cause="c", does=Does.ALERT, role=Role.SUPERVISOR, at=house.now
    )
    boss, other = house.enter(supervisor), house.enter(house.person(Role.SUPERVISOR))
    assert "Nothing stands" in client.get("/b/the-brand/alerts/").content.decode()
    for each in (boss, other):
        html = each.get("/b/the-brand/alerts/").content.decode()
        assert "Waits too long" in html
        assert '<span class="num">1</span>' in html
    seen = f"/b/the-brand/alerts/{alert.pk}/"
    client.post(seen)
    alert.refresh_from_db()
    assert alert.seen_at is None, "an agent has not seen it for the supervisors"
    assert boss.get(seen).status_code == 405
    boss.post(seen)
    assert "Nothing stands" in other.get("/b/the-brand/alerts/").content.decode()
    assert house.enter(house.person(Role.ADMIN, house.other)).post(seen).status_code == 404
