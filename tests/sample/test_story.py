"""The living sample: rich enough, told as written, alive, and the same for the same seed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from amends.channels.drive import Http, run
from amends.channels.fake import Fake
from amends.channels.fake_deeds import PUBLIC_LIMIT, Saying, length
from amends.channels.fake_journal import Journal
from amends.channels.fake_network import FakeNetwork
from amends.channels.fake_server import transport
from amends.channels.fake_state import Post
from amends.channels.protocol import Connected, Seen
from amends.core.values import Direction, Visibility
from amends.sample.facts import GAP
from amends.sample.story import BRAND, TROLL, PastPost, written
from amends.sample.teller import Telling

START = datetime(2026, 3, 2, 17, 0, tzinfo=UTC)
SEEDS = (1, 7)
PLACES_TO_FILL = {"train", "from", "to", "min", "coach", "seat", "ref", "time", "price"}


@dataclass
class Evening:
    """A network with its story, and a clock that a test turns."""

    seed: int = 1
    at: datetime = START
    network: FakeNetwork = field(init=False)
    telling: Telling = field(init=False)

    def __post_init__(self) -> None:
        self.network = FakeNetwork(lambda: self.at)
        self.brand = self.network.join(*BRAND)
        self.telling = Telling(self.seed)
        self.telling.begin(self.network)

    def pass_time(self, seconds: int, step: int = 1) -> list[Post]:
        """What was said meanwhile."""
        before = len(self.network.state.posts)
        for _ in range(0, seconds, step):
            self.at += timedelta(seconds=step)
            self.telling.go_on(self.network)
        return list(self.network.state.posts.values())[before:]

    def answer(self, post: Post, text: str = "We are sorry and look into it now.") -> Post:
        return self.network.say(Saying(self.brand.id, text, post.id))


@pytest.fixture(scope="module")
def hour() -> tuple[Evening, list[Post]]:
    evening = Evening()
    return evening, evening.pass_time(3600)


def texts() -> list[str]:
    story = written()
    live = [beat.text for situation in story.situations for beat in situation.beats]
    changed = [change.text for post in story.past for change in post.changes if change.text]
    return [post.text for post in story.past] + live + changed


def test_the_story_is_rich() -> None:
    story = written()
    assert len(story.people) >= 100
    assert 450 <= len(texts()) <= 900
    authors = {post.who for post in story.past} | {b.who for s in story.situations for b in s.beats}
    assert authors - {BRAND[0]} == set(story.people)
    languages = Counter(story.people[who].lang for who in authors - {BRAND[0]})
    assert {"en", "de", "fr", "es", "it", "pl", "nl", "tr", "ar", "he"} <= set(languages)
    kinds = Counter(post.kind for post in story.past) + Counter(
        b.kind for s in story.situations for b in s.beats
    )
    assert min(kinds[kind] for kind in ("complaint", "question", "praise", "chatter", "spam", "thanks")) >= 20


def test_no_text_comes_twice_and_each_fits() -> None:
    counted = Counter(texts())
    assert [text for text, times in counted.items() if times > 1] == []
    assert all(length(text) <= PUBLIC_LIMIT for text in counted)
    assert {gap for text in texts() for gap in GAP.findall(text)} <= PLACES_TO_FILL


def test_one_shared_cause_raises_a_storm() -> None:
    told = [post for post in written().past if 45 <= post.ago <= 170]
    ours = [post for post in told if post.who == BRAND[0]]
    assert len(told) - len(ours) >= 60
    assert len({post.lang for post in told}) >= 6
    assert len([post for post in ours if post.re]) == 25
    assert len([post for post in ours if not post.re]) == 1


def test_the_firm_answered_most_of_what_is_older_than_two_hours_and_nothing_later_but_the_storm() -> None:
    past = written().past
    by_id = {post.id: post for post in past}
    answers: dict[str, list[PastPost]] = defaultdict(list)
    for post in past:
        if post.who == BRAND[0] and post.re:
            answers[by_id[post.re].who].append(post)
            assert post.lang == by_id[post.re].lang
            assert by_id[post.re].who != TROLL or post.ago > 2000
    wanting = [post for post in past if post.kind in {"complaint", "question"}]
    old = [post for post in wanting if post.ago > 170]
    done = [post for post in old if any(answer.ago < post.ago for answer in answers[post.who])]
    assert 0.8 <= len(done) / len(old) <= 0.86
    slipped = {post.who for post in old if post not in done}
    assert 10 <= len(slipped) <= 15
    assert len([post for post in wanting if post.ago <= 60]) >= 25
    assert not any(post.who == BRAND[0] for post in past if post.ago < 45)


def test_the_past_lies_in_three_days_with_edits_and_deletions() -> None:
    evening = Evening()
    state = evening.network.state
    assert len(state.posts) == len(written().past)
    times = [post.created_at for post in state.posts.values()]
    assert START - timedelta(days=3) <= times[0]
    assert times[-1] <= START
    assert times == sorted(times)
    assert sum(post.deleted for post in state.posts.values()) >= 3
    assert sum(post.edited_at is not None for post in state.posts.values()) >= 3


def test_the_desk_sees_every_public_post_of_the_story(hour: tuple[Evening, list[Post]]) -> None:
    evening, _ = hour
    evening.network.admit(evening.brand.id, "token")
    connected = Connected("http://127.0.0.1:9", BRAND[0], evening.brand.id, "token")
    allowed = frozenset({"127.0.0.1:9"})
    seen: dict[str, Seen] = {}
    with Http(allow_hosts=allowed, now=lambda: evening.at, transport=transport(evening.network)) as http:
        cursor, more = "", True
        while more:
            page = run(Fake().poll(connected, cursor), http)
            seen.update({item.id: item for item in page.items})
            cursor, more = page.cursor, page.more
    missing = [
        post for post in evening.network.state.posts.values() if post.id not in seen and not post.deleted
    ]
    assert [post.text for post in missing] == []
    assert Counter(item.direction for item in seen.values())[Direction.OUT] >= 5


def test_an_hour_is_lively_and_never_repeats_itself(hour: tuple[Evening, list[Post]]) -> None:
    _, said = hour
    assert 700 <= len(said) <= 1100
    assert len({post.text for post in said}) == len(said)
    assert not any(GAP.search(post.text) for post in said)
    quiet = max(b.created_at - a.created_at for a, b in pairwise(said))
    assert quiet < timedelta(seconds=60)


def test_it_goes_on_after_that_with_other_people() -> None:
    evening = Evening()
    said = evening.pass_time(4 * 3600, step=5)
    late = said[-300:]
    assert len(late) == 300
    assert len({post.id for post in said}) == len(said)
    assert len({post.author_id for post in late}) > 60
    assert max(Counter(post.text for post in said).values()) == 1


@pytest.mark.parametrize("seed", SEEDS)
def test_the_same_seed_tells_the_same(seed: int) -> None:
    one, other = Evening(seed), Evening(seed)
    assert one.pass_time(600) == other.pass_time(600)


def test_another_seed_tells_otherwise() -> None:
    one, other = (Evening(seed).pass_time(300) for seed in SEEDS)
    assert [post.text for post in one] != [post.text for post in other]


def test_people_react_to_the_brand_within_two_minutes() -> None:
    evening = Evening()
    open_posts = [
        p
        for p in evening.network.state.posts.values()
        if "Aachen" in p.text and not p.deleted and p.author_id != evening.brand.id
    ][:40]
    answers = {evening.answer(post).id: post for post in open_posts}
    said = evening.pass_time(130)
    reactions = [post for post in said if post.in_reply_to in answers]
    assert 20 <= len(reactions) <= 40
    assert all(post.author_id == answers[post.in_reply_to or ""].author_id for post in reactions)
    assert len({post.text for post in reactions}) == len(reactions)
    assert max(Counter(post.in_reply_to for post in reactions).values()) == 1


def test_an_invitation_to_a_private_talk_is_often_taken() -> None:
    evening = Evening()
    people = [
        post
        for post in evening.network.state.posts.values()
        if "Aachen" in post.text and not post.deleted and post.author_id != evening.brand.id
    ]
    for post in people[:30]:
        evening.answer(post, "Please send us a private message with your booking number.")
    private = [post for post in evening.pass_time(130) if post.visibility is Visibility.PRIVATE]
    assert 8 <= len(private) <= 28
    assert {post.recipient_id for post in private} == {evening.brand.id}
    for post in private:
        evening.network.say(
            Saying(
                evening.brand.id,
                "Found it, the refund is on its way.",
                post.id,
                post.author_id,
                Visibility.PRIVATE,
            )
        )
    assert [post for post in evening.pass_time(130) if post.visibility is Visibility.PRIVATE]


def test_nobody_asks_still_nothing_who_was_answered() -> None:
    silent, answered = Evening(), Evening()
    impatient = {
        f"live:1:{situation.id}:{line}"
        for situation in written().situations
        for line, beat in enumerate(situation.beats)
        if beat.unless_answered
    }
    assert any(post.beat in impatient for post in silent.pass_time(900))
    for _ in range(900):
        for post in answered.pass_time(1):
            if post.author_id != answered.brand.id and not post.beat.startswith("re:"):
                answered.answer(post)
    assert not any(beat in impatient for beat in answered.network.state.beats)


def test_a_person_keeps_to_the_same_facts() -> None:
    evening = Evening()
    said = {post.beat: post.text for post in evening.pass_time(3600)}
    compared = 0
    for beat, text in said.items():
        first = said.get(f"{beat.rpartition(':')[0]}:0", text)
        sums = re.findall(r"€[\d.]+", text), re.findall(r"€[\d.]+", first)
        if text != first and all(sums):
            compared += 1
            assert sums[0] == sums[1]
    assert compared


def test_nobody_else_plays_a_spammer_or_the_troll() -> None:
    fixed = {(s.id, line): b.who for s in written().situations for line, b in enumerate(s.beats)}
    evening = Evening()
    for post in evening.pass_time(2 * 3600, step=5):
        name, _, situation, line = post.beat.split(":")
        written_for = fixed[situation, int(line)]
        plays = evening.network.state.accounts[post.author_id].handle
        if {written_for, plays} & written().fixed:
            assert (name, plays) == ("live", written_for)


def test_a_sleeping_machine_wakes_to_no_flood() -> None:
    evening = Evening()
    evening.pass_time(20)
    evening.at += timedelta(hours=8)
    before = len(evening.network.state.posts)
    evening.telling.go_on(evening.network)
    assert len(evening.network.state.posts) - before < 12


def test_a_second_evening_goes_on_where_the_first_ended(tmp_path: Path) -> None:
    clock = [START]
    told: list[set[str]] = []
    for _ in range(2):
        journal = Journal(tmp_path)
        network = FakeNetwork(lambda: clock[0], state=journal.replay(), record=journal.record)
        telling = Telling(1)
        telling.begin(network)
        for _ in range(120):
            clock[0] += timedelta(seconds=1)
            telling.go_on(network)
        told.append(set(network.state.beats))
        journal.close()
        clock[0] += timedelta(hours=10)
    first, second = told
    assert first < second
    past = [beat for beat in second if beat.startswith("past:")]
    assert len(past) == len(written().past)
    assert len({post.text for post in network.state.posts.values() if not post.deleted}) == sum(
        not post.deleted for post in network.state.posts.values()
    )


def test_the_command_tells_it(tmp_path: Path) -> None:
    program = (
        "import sys; from datetime import UTC, datetime; from amends.sample import network;"
        "sys.exit(network.main(sys.argv[1:], now=lambda: datetime.now(UTC)))"
    )
    command = [sys.executable, "-c", program, "--state", str(tmp_path), "--seed", "3"]
    env = {**os.environ, "AMENDS_FAKE_TOKEN": "token"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline().startswith("fake network ready on http://127.0.0.1:")
        finally:
            process.terminate()
            assert process.wait(5) == 0
    journal = Journal(tmp_path)
    assert len(journal.replay().posts) >= len(written().past)
    journal.close()
