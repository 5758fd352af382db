"""An agent makes a case of a post that the model passed over."""

from __future__ import annotations

from tests.web.conftest import House

from amends.core.values import Role
from amends.store import history, models


def passed_over(
    house: House, text: str = "chatter There is smoke in the cabin", **more: object
) -> models.Post:
    item = house.item(text, **more)  # type: ignore[arg-type]
    house.arrive(item)
    return models.Post.objects.get(remote_id=item.remote_id)


def test_a_post_without_case_becomes_a_graded_complaint_that_waits(house: House) -> None:
    post = passed_over(house)
    assert post.case_id is None
    agent = house.person(Role.AGENT)
    client = house.enter(agent)
    assert b"Make a case" in client.get(f"/posts/{post.pk}/").content
    answer = client.post(f"/posts/{post.pk}/case/", {"kind": "complaint", "severity": "critical"})
    post.refresh_from_db()
    assert post.case
    assert answer.headers["Location"] == f"/cases/{post.case_id}/"
    assert (post.case.severity, post.case.waiting_since, post.case.lead_id) == (
        "critical",
        post.posted_at,
        post.pk,
    )
    assert (post.model, post.is_complaint) == ("person", True)
    opened = models.HistoryEntry.objects.get(chain=f"case:{post.case_id}")
    assert (opened.action, opened.actor) == ("opened", f"person:{agent.pk}")
    assert list(history.faults()) == []


def test_it_joins_the_persons_open_case(house: House) -> None:
    case = house.case("high My parcel is lost")
    post = passed_over(house, minutes=5)
    if post.case_id is None:
        house.enter(house.person(Role.AGENT)).post(f"/posts/{post.pk}/case/", {"kind": "question"})
        post.refresh_from_db()
    assert post.case_id == case.pk


def test_what_makes_no_sense_is_refused_with_a_reason(house: House) -> None:
    post = passed_over(house)
    client = house.enter(house.person(Role.AGENT))
    refused = client.post(f"/posts/{post.pk}/case/", {"kind": "praise"})
    assert refused.status_code == 409
    assert b"Only a complaint, a question or a request" in refused.content
    ungraded = client.post(f"/posts/{post.pk}/case/", {"kind": "complaint", "severity": "none"})
    assert b"choose one" in ungraded.content
    client.post(f"/posts/{post.pk}/case/", {"kind": "complaint", "severity": "low"})
    twice = client.post(f"/posts/{post.pk}/case/", {"kind": "complaint", "severity": "low"})
    assert (twice.status_code, models.Case.objects.count()) == (409, 1)


def test_nobody_makes_cases_of_another_brands_posts(house: House) -> None:
    post = passed_over(house)
    stranger = house.enter(house.person(Role.ADMIN, house.other))
    assert (
        stranger.post(f"/posts/{post.pk}/case/", {"kind": "complaint", "severity": "low"}).status_code == 404
    )
    assert not models.Case.objects.exists()
