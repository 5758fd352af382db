"""The desk on a little Mastodon: its limits, edits and deletions, lost answers, streams and polls."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.channels.conftest import MastodonStage
from tests.pipeline.conftest import Town, settled

from amends.channels.fake_deeds import Saying
from amends.channels.fake_trouble import Fault, Trouble
from amends.core.case import NotPossible
from amends.core.values import Visibility
from amends.pipeline import answers, decide, looking, poll
from amends.store import history, models
from amends.store.accounts import remember, told

WORDS = "Sorry about this, Anna. We are looking for your parcel now."


@pytest.fixture
def there(desk: None) -> Town:
    """The Brand on Mastodon."""
    return settled(MastodonStage())


def stage(there: Town) -> MastodonStage:
    assert isinstance(there.stage, MastodonStage)
    return there.stage


def complain(there: Town, text: str = "@brand my parcel is lost and nobody answers") -> str:
    posted = there.stage.customer_says(text)
    there.turn()
    return posted


def answer(there: Town, text: str = WORDS) -> None:
    answers.reply(there.case(), there.question(), text, decide.person(there.agent.pk), there.now())


def account(there: Town) -> models.Account:
    return models.Account.objects.get(pk=there.account.pk)


def send() -> models.Send:
    return models.Send.objects.get()


def test_a_mention_is_answered_under_it_and_names_the_person(there: Town) -> None:
    posted = complain(there)
    answer(there)
    there.turn(minutes=1)
    [ours] = [post for post in stage(there).double.state.posts.values() if post.author_id == "u1"]
    assert (ours.text, ours.in_reply_to) == (f"@anna {WORDS}", posted)
    kept = models.Post.objects.get(direction="out")
    assert (kept.remote_id, kept.text, kept.case_id) == (ours.id, WORDS, there.case().pk)
    assert there.case().waiting_since is None
    for _ in range(3):
        there.turn(minutes=1)
    assert models.Post.objects.count() == 2
    assert list(history.faults()) == []


def test_a_direct_message_is_answered_in_private(there: Town) -> None:
    there.stage.customer_says("my booking is 77", private=True)
    there.turn()
    answer(there, "Thank you, we look it up.")
    there.turn(minutes=1)
    [ours] = [post for post in stage(there).double.state.posts.values() if post.author_id == "u1"]
    assert (ours.visibility, ours.recipient_id) == (Visibility.PRIVATE, there.stage.customer())
    assert models.Post.objects.get(direction="out").visibility == Visibility.PRIVATE


def test_what_the_server_says_of_itself_is_remembered_and_asked_for_now_and_then(there: Town) -> None:
    there.turn()
    said = told(account(there).settings)
    assert (said["max_characters"], said["domain"]) == ("500", "double.example")
    instance = "GET /api/v2/instance"
    for _ in range(5):
        there.turn(minutes=1)
    assert stage(there).double.asked.count(instance) == 2, "once by the test, once by the desk"
    there.turn(minutes=60)
    assert stage(there).double.asked.count(instance) == 3


def test_the_limit_is_the_servers_own_everywhere(there: Town) -> None:
    complain(there)
    remember(there.account.pk, {"server": {**told(account(there).settings), "max_characters": "40"}})
    public = Visibility.PUBLIC
    assert answers.length_in(there.case(), "x" * 34, public) == (40, 40), "with “@anna ” before it"
    assert answers.length_in(there.case(), "@anna " + "x" * 34, public) == (40, 40)
    assert answers.length_in(there.case(), "see https://example.org/" + "a" * 99, public) == (33, 40)
    with pytest.raises(NotPossible, match="counts 41, the network allows 40"):
        answer(there, "x" * 35)
    answer(there, "x" * 34)


def test_a_server_that_cannot_be_asked_at_first_is_not_polled_yet(there: Town) -> None:
    there.stage.network.fail(Fault(Trouble.ERROR, "GET", "/api/v2/instance"))
    there.fetch()
    assert account(there).trouble
    assert account(there).cursor == ""
    there.turn(minutes=1)
    assert account(there).trouble == ""


def test_what_a_server_drops_for_us_is_said(there: Town) -> None:
    stage(there).double.policy["for_not_following"] = "drop"
    there.turn()
    assert "whom the account does not follow" in told(account(there).settings)["notice"]


def test_an_edit_is_found_without_a_stream(there: Town) -> None:
    posted = complain(there)
    there.stage.customer_edits(posted, "@brand my parcel came, thank you")
    for _ in range(3):
        there.turn(minutes=1)
    post = models.Post.objects.get()
    assert (post.text, post.version) == ("@brand my parcel came, thank you", 2)


def test_a_deletion_is_found_without_a_stream_and_its_words_go(there: Town) -> None:
    posted = complain(there)
    there.turn(minutes=90)
    there.stage.customer_deletes(posted)
    for _ in range(4):
        there.turn(minutes=60)
    post = models.Post.objects.get()
    assert (post.text, post.deleted_at is not None) == ("", True)


def test_whoever_blocks_us_has_deleted_nothing(there: Town) -> None:
    complain(there)
    there.stage.customer_blocks_us()
    for _ in range(5):
        there.turn(minutes=30)
    assert models.Post.objects.get().deleted_at is None


def test_a_server_that_shows_nothing_at_all_has_deleted_nothing(there: Town) -> None:
    complain(there)
    stage(there).double.absent = {"/api/"}
    for _ in range(5):
        there.turn(minutes=30)
    assert models.Post.objects.get().deleted_at is None


def test_every_age_of_a_post_is_looked_at_once(there: Town) -> None:
    complain(there)
    for _ in range(70):
        there.turn(minutes=1)
    looks = stage(there).double.asked.count("GET /api/v1/statuses")
    assert looks == len([age for age in looking.AGES if age <= timedelta(hours=1)])


def test_an_answer_typed_elsewhere_ends_the_waiting(there: Town) -> None:
    posted = complain(there)
    assert there.case().waiting_since is not None
    stage(there).double.say(Saying("u1", "@anna from my telephone: it is on its way", posted))
    there.turn(minutes=1)
    assert there.case().waiting_since is None
    assert models.Post.objects.get(direction="out").case_id == there.case().pk


def test_messages_that_the_notifications_keep_from_us_are_found_by_their_conversation(there: Town) -> None:
    there.stage.customer_says("hello?", private=True)
    there.turn()
    stage(there).double.silent = {there.stage.customer()}
    for number in range(3):
        there.stage.customer_says(f"my number is {number}", private=True)
    there.turn(minutes=1)
    texts = models.Post.objects.order_by("posted_at").values_list("text", flat=True)
    assert list(texts) == ["hello?", *(f"my number is {number}" for number in range(3))]


@pytest.mark.parametrize("trouble", list(Trouble))
def test_whatever_happens_on_the_way_one_answer_stands_there(there: Town, trouble: Trouble) -> None:
    complain(there)
    answer(there)
    there.stage.break_next_send(trouble)
    for _ in range(12):
        there.turn(minutes=1)
    assert there.stage.said_by_us() == [WORDS]
    assert send().state == "sent"
    assert there.case().sends_open == 0
    assert list(history.faults()) == []


def test_after_an_hour_nothing_is_repeated_by_itself(there: Town) -> None:
    complain(there)
    answer(there)
    there.stage.pass_time(3600)
    there.stage.break_next_send(Trouble.RESET)
    for _ in range(12):
        there.turn(minutes=1)
    assert (there.stage.said_by_us(), send().state) == ([], "unknown")
    assert "Look there" in send().why


def test_a_server_that_knows_no_keys_is_not_sent_anything_twice(there: Town) -> None:
    complain(there)
    said = told(account(there).settings)
    remember(there.account.pk, {"server": {name: value for name, value in said.items() if name != "api"}})
    answer(there)
    there.stage.break_next_send(Trouble.RESET)
    for _ in range(12):
        there.turn(minutes=1)
    assert (there.stage.said_by_us(), send().state) == ([], "unknown")


def test_few_requests_left_are_left_to_answers(there: Town) -> None:
    complain(there)
    stage(there).double.remaining = 5
    there.turn(minutes=1)
    rest = account(there).retry_at
    assert rest == there.now() + timedelta(minutes=5)
    assert account(there).trouble == ""
    assert poll.due_accounts(there.now()) == []
    answer(there)
    there.send()
    assert there.stage.said_by_us() == [WORDS]


def test_how_often_a_network_is_asked(there: Town) -> None:
    there.turn()
    now = there.now()
    assert poll.due_accounts(now + timedelta(seconds=6)) == []
    assert poll.due_accounts(now + timedelta(seconds=9)) == [there.account.pk]
