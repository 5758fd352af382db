"""Tells the story on a fake network: the past at once, the present as it comes, and answers to the brand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from amends.channels.fake_deeds import Denied, Saying
from amends.channels.fake_network import FakeNetwork
from amends.core.values import Visibility
from amends.sample.facts import fresh
from amends.sample.live import Due, cast, course
from amends.sample.reactions import Reaction, Reactions
from amends.sample.story import BRAND, Change, PastPost, Story, written

LONGEST_STEP = timedelta(seconds=5)
"""After a pause, of a laptop or a debugger, the story goes on where it was and catches nothing up."""
MENTIONED = re.compile(r"@(\w+)")


class Telling:
    """One telling of the written story; the same seed and start tell the same."""

    def __init__(self, seed: int, story: Story | None = None) -> None:
        self._seed = seed
        self._story = story or written()
        self._situations = {situation.id: situation for situation in self._story.situations}
        self._reactions = Reactions(self._story, seed)
        self._said: set[str] = set()
        self._course: Iterator[Due] = iter(())
        self._next: Due | None = None
        self._last: datetime | None = None
        self._elapsed = timedelta()

    @property
    def brand(self) -> tuple[str, str]:
        """Handle and name of the invented railway."""
        return BRAND

    def begin(self, network: FakeNetwork) -> None:
        """Everybody joins and the past is told, as far as it was not told before."""
        network.join(*BRAND)
        for person in self._story.people.values():
            network.join(person.handle, person.name, messages=not person.closed)
        start = network.now()
        for ago, post, change in self._past():
            self._tell_past(network, post, change, start - timedelta(minutes=ago))
        self._said = {post.text for post in network.state.posts.values()}
        self._course = course(self._story, self._seed, network.state.beats.__contains__)
        self._next = next(self._course)
        self._last = start

    def go_on(self, network: FakeNetwork) -> None:
        """Tell what is due by now."""
        now = network.now()
        self._elapsed += min(now - (self._last or now), LONGEST_STEP)
        self._last = now
        while self._next and self._next.at <= self._elapsed.total_seconds():
            self._tell_live(network, self._next)
            self._next = next(self._course)
        for reaction in self._reactions.due(network):
            self._react(network, reaction)

    def _past(self) -> list[tuple[int, PastPost, Change | None]]:
        steps: list[tuple[int, PastPost, Change | None]] = []
        for post in self._story.past:
            steps.append((post.ago, post, None))
            steps += [(change.ago, post, change) for change in post.changes]
        return sorted(steps, key=lambda step: -step[0])

    def _tell_past(self, network: FakeNetwork, post: PastPost, change: Change | None, at: datetime) -> None:
        state, beat = network.state, f"past:{post.id}"
        author = state.handles[post.who]
        if change is None and beat not in state.beats:
            parent = state.beats[f"past:{post.re}"] if post.re else None
            asked = state.posts[parent].author_id if parent and post.who == BRAND[0] else None
            to = asked or state.handles[BRAND[0]] if post.private else None
            visibility = Visibility.PRIVATE if post.private else Visibility.PUBLIC
            network.say(Saying(author, post.text, parent, to, visibility, post.lang, beat), at=at)
        elif change and not state.posts[state.beats[beat]].deleted:
            told = state.posts[state.beats[beat]]
            if change.text is None:
                network.delete(author, told.id, at=at)
            elif told.edited_at is None:
                network.edit(author, told.id, change.text, at=at)

    def _tell_live(self, network: FakeNetwork, due: Due) -> None:
        situation = self._situations[due.situation]
        beat = situation.beats[due.line]
        root = network.state.beats.get(due.root)
        if (due.line and root is None) or (beat.unless_answered and root and _answered(network, root)):
            return
        players = cast(self._story, self._seed, due, situation.beats)
        text = MENTIONED.sub(lambda found: "@" + players.get(found[1], found[1]), beat.text)
        # All lines of a situation draw from the same start, so that they speak of the same train and sum.
        random = Random(f"{self._seed}:{due.root}")  # noqa: S311 - a story, not a secret
        plain = not (beat.grave or beat.who in self._story.fixed)
        tails = self._story.said("tail", beat.lang) if plain else ()
        words = fresh(text, beat.lang, tails, self._said, random)
        if words is None:
            return
        author = network.state.handles[players[beat.who]]
        parent = root if beat.reply else None
        self._say(network, Saying(author, words, parent, lang=beat.lang, beat=due.beat))

    def _react(self, network: FakeNetwork, reaction: Reaction) -> None:
        random = Random(f"{self._seed}:{reaction.beat}")  # noqa: S311 - a story, not a secret
        options = list(self._story.said(reaction.occasion, reaction.lang))
        random.shuffle(options)
        unsaid = [text for text in options if text not in self._said] or options
        tails = self._story.said("tail", reaction.lang)
        words = fresh(unsaid[0], reaction.lang, tails, self._said, random)
        if words is not None:
            self._say(network, reaction.saying(words))

    def _say(self, network: FakeNetwork, saying: Saying) -> None:
        """Say it, unless the network forbids it by now: somebody may have been blocked or a post removed."""
        try:
            self._said.add(network.say(saying).text)
        except Denied:
            self._said.add(saying.text)


def _answered(network: FakeNetwork, root: str) -> bool:
    brand = network.state.handles[BRAND[0]]
    conversation = network.state.conversations[network.state.posts[root].conversation_id]
    return any(network.state.posts[post_id].author_id == brand for post_id in conversation)
