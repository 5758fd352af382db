"""Cases merged and split by hand: nobody who waits is lost, nothing answered comes back, all on record."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.pipeline.conftest import Town
from tests.pipeline.persons import ByTopic, People, actions, at_once, body, ours, sound, waits

from amends.core import events
from amends.core.case import NotPossible
from amends.core.values import Resolution, SendState, Severity
from amends.pipeline import decide, sweep
from amends.pipeline.corrections import needs_answer
from amends.store import brands, lists, models
from amends.store.lists import Filter, View

LOST, CHARGED = "my parcel is lost", "I was charged twice"


@pytest.fixture
def people(town: Town) -> People:
    town.model = ByTopic(1.0)
    return People(town)


@pytest.fixture
def two(people: People) -> tuple[str, str]:
    """One person's posts in two open cases: the parcel first, then the bill."""
    lost, charged = people.says(LOST), people.says(CHARGED)
    assert people.case(lost) != people.case(charged)
    return lost, charged


def test_who_waits_in_either_goes_on_waiting_since_then(people: People, two: tuple[str, str]) -> None:
    lost, charged = two
    answered = people.says(CHARGED + " again", re=charged)
    people.answers(answered)
    people.town.turn(minutes=1)
    old, kept = people.case(lost), people.case(charged)
    assert waits(kept) is None
    people.merge(lost, charged)
    assert people.case(lost) == kept
    assert waits(kept) == people.post(lost).posted_at, "no answer of the other case has answered it"
    kept.refresh_from_db()
    assert (kept.posts_in, kept.opened_at, kept.due_at is not None) == (3, people.post(lost).posted_at, True)
    old.refresh_from_db()
    assert (old.state, old.resolution, old.merged_into_id) == ("resolved", Resolution.MERGED, kept.pk)
    assert (old.waiting_since, old.due_at, old.look_at) == (None, None, None)
    people.answers(lost)
    people.town.turn(minutes=1)
    assert waits(kept) is None
    assert people.post(lost).answered_at == models.Post.objects.filter(direction="out").latest("pk").posted_at
    assert sound()


def test_an_answer_of_the_case_that_comes_in_answers_nobody_in_the_other(
    people: People, two: tuple[str, str]
) -> None:
    lost, charged = two
    people.answers(charged)
    people.town.turn(minutes=1)
    people.merge(charged, lost)
    assert waits(people.case(lost)) == people.post(lost).posted_at
    assert people.post(lost).answered_at is None
    people.town.turn(minutes=5)
    assert waits(people.case(lost)) == people.post(lost).posted_at
    assert sound()


def test_both_records_name_the_other_and_stay_where_they_are(people: People, two: tuple[str, str]) -> None:
    lost, charged = two
    old, kept = people.case(lost), people.case(charged)
    before = actions(old)
    people.merge(lost, charged)
    assert actions(old) == [*before, "merged"]
    assert actions(kept)[-1] == "absorbed"
    assert (body(old, "merged")["into"], body(kept, "absorbed")["case"]) == (kept.pk, old.pk)
    assert body(kept, "absorbed")["posts"] == [people.post(lost).pk]
    assert sound()


def test_lists_and_search_leave_out_what_was_merged(people: People, two: tuple[str, str]) -> None:
    lost, charged = two
    kept = people.case(charged)
    people.merge(lost, charged)
    for view, query in ((View.ALL, ""), (View.RESOLVED, ""), (View.ALL, "anna"), (View.ALL, "parcel")):
        found = lists.cases(Filter((people.town.brand.pk,), view, query=query)).rows
        assert [row.id for row in found] == ([] if view is View.RESOLVED else [kept.pk]), (view, query)


def test_an_answer_on_its_way_settles_where_the_case_goes_on(people: People, two: tuple[str, str]) -> None:
    lost, charged = two
    people.answers(lost)
    kept, old = people.case(charged), people.case(lost)
    people.merge(lost, charged)
    kept.refresh_from_db()
    old.refresh_from_db()
    assert (kept.sends_open, old.sends_open) == (1, 0)
    people.town.turn(minutes=1)
    kept.refresh_from_db()
    assert kept.sends_open == 0
    assert ours(kept) == ["Ada looks into it."]
    assert people.post(lost).answered_at is not None
    assert waits(kept) == people.post(charged).posted_at, "it was written before they were one"
    assert sound()


def test_a_refused_answer_on_its_way_is_told_where_the_case_goes_on(
    people: People, two: tuple[str, str]
) -> None:
    lost, charged = two
    people.answers(lost)
    people.town.stage.customer_blocks_us()
    kept = people.case(charged)
    people.merge(lost, charged)
    people.town.send()
    kept.refresh_from_db()
    assert kept.sends_open == 0
    assert actions(kept)[-1] == "reply refused"
    assert models.Send.objects.get().state == SendState.REFUSED
    assert sound()


def test_holds_promises_grades_and_whoever_has_it_are_kept(people: People, two: tuple[str, str]) -> None:
    lost, charged = two
    old, kept = people.case(lost), people.case(charged)
    now, ada, ben = people.town.now(), people.person("Ada"), people.person("Ben")
    soon, later = now + timedelta(hours=1), now + timedelta(hours=9)
    for case, event in (
        (old, events.HoldChanged(True, "a letter")),
        (old, events.Assigned(ben.pk)),
        (kept, events.Assigned(ada.pk)),
        (old, events.Promised(soon)),
        (kept, events.Promised(later)),
        (old, events.Graded(Severity(old.severity), "sure")),
    ):
        decide.happen(case.pk, event, decide.person(ada.pk), now)
    people.merge(lost, charged)
    kept.refresh_from_db()
    assert (kept.on_hold, kept.assignee_id, kept.promised_until) == (True, ada.pk, soon)
    assert kept.graded_by_person
    assert sound()


def test_alerts_stand_for_the_case_that_goes_on_and_no_step_is_taken_twice(
    people: People, two: tuple[str, str]
) -> None:
    lost, charged = two
    needs = people.case(charged)
    decide.happen(needs.pk, events.NeedsNoAnswer(), decide.SYSTEM, people.town.now())
    people.town.turn(minutes=60 * 24 * 3)
    alerts = models.Alert.objects.filter(over_at=None)
    number = alerts.count()
    assert number > 0
    assert set(alerts.values_list("case", flat=True)) == {people.case(lost).pk}
    people.merge(lost, charged)
    assert set(alerts.values_list("case", flat=True)) == {needs.pk}
    people.town.turn(minutes=60)
    assert models.Alert.objects.count() == number
    people.answers(lost)
    people.town.turn(minutes=1)
    assert not alerts.exists()


def test_what_has_ended_brings_nobody_who_waits(people: People, two: tuple[str, str]) -> None:
    lost, charged = two
    ended = events.Resolved(Resolution.NOT_OURS, "The post lost it.")
    decide.happen(people.case(lost).pk, ended, decide.SYSTEM, people.town.now())
    people.merge(lost, charged)
    assert waits(people.case(charged)) == people.post(charged).posted_at
    needs_answer(people.post(lost), decide.SYSTEM, people.town.now())
    assert waits(people.case(charged)) == people.post(lost).posted_at, "unless somebody says so"


def test_what_cannot_be_merged_changes_nothing(people: People, two: tuple[str, str]) -> None:
    lost, charged = two
    other = people.says(LOST, "bert")
    with pytest.raises(NotPossible, match="different people"):
        people.merge(other, lost)
    with pytest.raises(NotPossible, match="into itself"):
        people.merge(lost, lost)
    elsewhere = brands.get_or_create("Another", people.town.now())
    models.Case.objects.filter(pk=people.case(other).pk).update(brand=elsewhere)
    with pytest.raises(NotPossible, match="different brands"):
        people.merge(other, lost, "why not")
    models.Case.objects.filter(pk=people.case(other).pk).update(brand=people.town.brand)
    gone = people.case(lost)
    ended = events.Resolved(Resolution.ANSWERED, "by telephone")
    decide.happen(gone.pk, ended, decide.SYSTEM, people.town.now())
    with pytest.raises(NotPossible, match="is resolved"):
        people.merge(charged, lost)
    people.merge(lost, charged)
    assert people.case(lost) == people.case(charged)
    for event in (events.Reopened("again"), events.Noted("x"), events.Assigned(None)):
        with pytest.raises(NotPossible, match="was merged into case"):
            decide.happen(gone.pk, event, decide.SYSTEM, people.town.now())
    people.merge(other, lost, "They live together.")
    assert body(people.case(lost), "absorbed")["why"] == "They live together."
    assert sound()


MERGE = "merging.merge(*(models.Case.objects.get(pk=n) for n in ({}, {})), '', decide.SYSTEM, now)"


def test_two_merges_at_once_in_opposite_directions_lose_nothing(people: People, two: tuple[str, str]) -> None:
    a, b = (people.case(posted).pk for posted in two)
    said = sorted(at_once(people.town, MERGE.format(a, b), MERGE.format(b, a)))
    assert said[1] == "yes"
    assert "was merged into case" in said[0]
    assert people.case(two[0]) == people.case(two[1])
    kept = people.case(two[0])
    assert kept.posts_in == 2
    assert kept.merged_into_id is None
    assert sound()


def test_what_is_written_afterwards_comes_to_the_case_that_goes_on(
    people: People, two: tuple[str, str]
) -> None:
    lost, charged = two
    people.merge(lost, charged)
    assert people.case(people.says("hello?", re=lost)) == people.case(charged)
    assert people.case(people.says(LOST + " for good")) == people.case(charged)


def test_splitting_undoes_it_and_nothing_answered_comes_back(people: People, two: tuple[str, str]) -> None:
    lost, charged = two
    people.answers(lost)
    people.town.turn(minutes=1)
    people.merge(lost, charged)
    kept = people.case(charged)
    new = people.split(lost)
    assert ours(new) == ["Ada looks into it."]
    assert ours(kept) == []
    assert (waits(new), waits(kept)) == (None, people.post(charged).posted_at)
    assert (new.first_answer_at, new.kind, new.posts_in) == (people.post(lost).answered_at, "complaint", 1)
    assert actions(new) == ["split off"]
    assert (body(new, "split off")["from"], body(kept, "split")["into"]) == (kept.pk, new.pk)
    people.town.turn(minutes=5)
    assert (waits(new), waits(kept)) == (None, people.post(charged).posted_at)
    assert sound()


def test_an_answer_that_stays_has_answered_what_leaves(people: People) -> None:
    first = people.says(LOST)
    second = people.says("and the box is wet", re=first)
    people.answers(first)
    people.town.turn(minutes=1)
    third = people.says("nothing yet", re=first)
    kept = people.case(first)
    new = people.split(second, third)
    assert (waits(kept), waits(new)) == (None, people.post(third).posted_at)
    assert new.first_answer_at == people.post(second).answered_at
    assert people.post(second).answered_at is not None
    people.answers(third)
    people.town.turn(minutes=1)
    assert waits(new) is None
    assert sound()


def test_what_was_settled_stays_settled_on_both_sides(people: People) -> None:
    first = people.says(LOST)
    second = people.says("thanks anyway", re=first)
    decide.happen(people.case(first).pk, events.NeedsNoAnswer(), decide.SYSTEM, people.town.now())
    new = people.split(second)
    assert (waits(people.case(first)), waits(new)) == (None, None)
    needs_answer(people.post(second), decide.SYSTEM, people.town.now())
    assert waits(new) == people.post(second).posted_at
    decide.happen(new.pk, events.NeedsNoAnswer(), decide.SYSTEM, people.town.now())
    assert waits(new) is None
    people.town.turn(minutes=5)
    assert waits(new) is None
    assert sound()


def test_answers_on_their_way_go_with_their_post(people: People) -> None:
    first = people.says(LOST)
    second = people.says("and the box is wet", re=first)
    people.answers(second)
    kept, new = people.case(first), people.split(second)
    kept.refresh_from_db()
    assert (kept.sends_open, new.sends_open) == (0, 1)
    people.town.turn(minutes=1)
    assert (ours(kept), ours(new)) == ([], ["Ada looks into it."])
    assert (waits(kept), waits(new)) == (people.post(first).posted_at, None)


def test_the_alerts_go_where_the_person_waits(people: People) -> None:
    first = people.says(LOST)
    people.answers(first)
    people.town.turn(minutes=1)
    second = people.says("and the box is wet", re=first)
    people.town.turn(minutes=60 * 24 * 3)
    standing = models.Alert.objects.filter(over_at=None)
    number = standing.count()
    assert number > 0
    new = people.split(second)
    assert set(standing.values_list("case", flat=True)) == {new.pk}
    people.town.turn(minutes=1)
    assert models.Alert.objects.count() == number, "no step is taken twice for one silence"


def test_a_hold_and_whoever_has_it_go_along(people: People) -> None:
    first = people.says(LOST)
    second = people.says("and the box is wet", re=first)
    now, ada = people.town.now(), people.person("Ada")
    for event in (events.HoldChanged(True, "a letter"), events.Assigned(ada.pk)):
        decide.happen(people.case(first).pk, event, decide.SYSTEM, now)
    new = people.split(second)
    assert (new.on_hold, new.assignee_id) == (True, ada.pk)


def test_what_cannot_be_split_changes_nothing(people: People, two: tuple[str, str]) -> None:
    lost, charged = two
    with pytest.raises(NotPossible, match="at least stays"):
        people.split(lost)
    wet = people.says("and the box is wet", re=lost)
    with pytest.raises(NotPossible, match="wrote in this case"):
        people.split(wet, charged)
    people.answers(lost)
    people.town.turn(minutes=1)
    answer = models.Post.objects.get(direction="out").remote_id
    with pytest.raises(NotPossible, match="wrote in this case"):
        people.split(lost, answer)
    assert models.Case.objects.count() == 2
    assert sound()


def test_after_a_split_each_goes_on_where_it_is_answered(people: People) -> None:
    first = people.says(LOST)
    second = people.says("and the box is wet", re=first)
    kept, new = people.case(first), people.split(second)
    assert people.case(people.says("still lost", re=first)) == kept
    assert people.case(people.says("still wet", re=second)) == new
    people.town.turn(minutes=1)
    sweep.sweep(people.town.now())
    assert sound()
