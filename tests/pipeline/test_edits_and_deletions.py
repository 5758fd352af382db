"""Edits are kept as versions; deletions hide the words at once and erase them in time, unless held."""

from __future__ import annotations

import pytest
from tests.pipeline.conftest import BrokenModel, Town

from amends.core import events
from amends.core.case import NotPossible
from amends.pipeline import actions, decide, poll
from amends.pipeline.receive import Item, receive
from amends.pipeline.take import read_again, take_in
from amends.store import history, models

WORDS = "@brand my parcel with the red bicycle is lost"


def anything_holds(word: str) -> list[str]:
    found = []
    if models.Post.objects.filter(text__contains=word).exists():
        found.append("post")
    if models.Post.objects.filter(search=word).exists():
        found.append("search")
    if models.PostVersion.objects.filter(text__contains=word).exists():
        found.append("version")
    if any(
        word.encode() in bytes(payload) for payload in models.Raw.objects.values_list("payload", flat=True)
    ):
        found.append("raw")
    if any(word in str(fields) for fields in models.Waiting.objects.values_list("fields", flat=True)):
        found.append("fields")
    if any(word in str(body) for body in models.HistoryContent.objects.values_list("body", flat=True)):
        found.append("history")
    return found


def test_an_edit_is_kept_as_a_version_and_read_anew(town: Town) -> None:
    posted = town.stage.customer_says(WORDS)
    town.turn()
    town.stage.customer_edits(posted, "@brand my parcel came, thank you")
    town.turn(minutes=1)
    post = models.Post.objects.get()
    assert (post.text, post.version) == ("@brand my parcel came, thank you", 2)
    assert [v.text for v in post.versions.all()] == [WORDS]
    assert post.read_at is not None
    assert models.HistoryContent.objects.filter(entry__action="post edited").count() == 1


def test_a_deletion_hides_the_words_at_once_and_erases_them_in_time(town: Town) -> None:
    posted = town.stage.customer_says(WORDS)
    town.turn()
    assert anything_holds("bicycle") == ["post", "search", "raw"]
    town.stage.customer_deletes(posted)
    town.turn(minutes=1)
    assert anything_holds("bicycle") == ["version", "raw"]
    town.turn(minutes=60 * 25)
    assert anything_holds("bicycle") == []
    assert models.Post.objects.get().erased_at is not None
    assert list(history.faults()) == []


def test_a_hold_keeps_the_words_readable_on_record_until_it_is_lifted(town: Town) -> None:
    posted = town.stage.customer_says(WORDS)
    town.turn()
    ada = decide.person(town.agent.pk)
    town.stage.customer_deletes(posted)
    town.turn(minutes=1)
    post = models.Post.objects.get()
    with pytest.raises(NotPossible, match="hold"):
        actions.deleted_words(town.case(), post.pk, "the court asks", ada, town.now())
    hold = events.HoldChanged(placed=True, why="a court asks for it")
    decide.happen(town.case().pk, hold, ada, town.now())
    town.turn(minutes=60 * 100)
    assert actions.deleted_words(town.case(), post.pk, "the court asks", ada, town.now()) == [WORDS]
    assert models.HistoryEntry.objects.filter(action="evidence read").count() == 1
    lifted = events.HoldChanged(placed=False, why="the court is done")
    decide.happen(town.case().pk, lifted, ada, town.now())
    town.turn(minutes=1)
    assert anything_holds("bicycle") == []
    assert list(history.faults()) == []


def test_a_deletion_that_comes_before_its_post_leaves_nothing(town: Town) -> None:
    posted = town.stage.customer_says(WORDS)
    town.stage.customer_deletes(posted)
    town.turn(minutes=1)
    assert not models.Case.objects.exists()
    assert "post" not in anything_holds("bicycle")


def test_when_the_model_fails_posts_are_kept_as_not_yet_read_and_read_later(town: Town) -> None:
    works = town.model
    town.model = BrokenModel()  # type: ignore[assignment]
    town.stage.customer_says(WORDS)
    town.stage.pass_time(5)
    poll.poll_account(town.account.pk, town.stage.wire, town.now())
    assert take_in(town.model, town.now()) == 1
    post = models.Post.objects.get()
    assert (post.read_at, post.text, post.case_id) == (None, WORDS, None)
    assert read_again(town.model, town.now()) == 0
    assert read_again(works, town.now()) == 1
    assert town.case().lead_id == post.pk


def test_an_older_version_that_comes_after_the_deletion_leaves_no_words(town: Town) -> None:
    posted = town.stage.customer_says(WORDS)
    town.turn()
    kept = models.Raw.objects.get()
    town.stage.customer_deletes(posted)
    town.turn(minutes=1)
    town.turn(minutes=60 * 25)
    assert anything_holds("bicycle") == []
    item = Item("fake", posted, "anna", WORDS + " again", town.now())
    receive(kept.brand_id, [(item, WORDS.encode())], source="api", now=town.now())
    town.turn(minutes=1)
    assert anything_holds("bicycle") == []


def test_the_original_of_a_post_that_was_first_seen_edited_is_kept(town: Town) -> None:
    at = town.now()
    edited = Item("fake", "e1", "anna", "It came, thank you", at, edited_at=at)
    original = Item("fake", "e1", "anna", WORDS, at)
    for item in (edited, original, original):
        receive(town.brand.pk, [(item, item.text.encode())], source="api", now=at)
        town.turn()
    post = models.Post.objects.get()
    assert (post.text, [version.text for version in post.versions.all()]) == (edited.text, [WORDS])
