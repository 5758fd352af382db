"""How people react to the brand: after a while, in their language, pleased or not, sometimes in private."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from random import Random

from amends.channels.fake_deeds import Saying
from amends.channels.fake_network import FakeNetwork
from amends.channels.fake_state import Post
from amends.core.values import Visibility
from amends.sample.story import BRAND, TROLL, Story

SOONEST, LATEST = 20, 110
TOO_OLD = timedelta(hours=1)
INVITED = re.compile(
    r"private|message|\bDMs?\b|nachricht|privat|message privé|mensaje|messaggio|wiadomoś|bericht|mesaj|رسالة",
    re.IGNORECASE,
)
SILENCE = "silence"
FIRST = {"thanks": 40, "unhappy": 36, "solved": 4, SILENCE: 20}
LATER = {"thanks": 25, "unhappy": 18, "solved": 42, SILENCE: 15}
LIGHT = {"thanks": 62, SILENCE: 38}
ON_INVITATION = {"private": 65, "unhappy": 20, SILENCE: 15}
LIGHT_KINDS = frozenset({"praise", "chatter", "question", "thanks"})


@dataclass(frozen=True, slots=True)
class Reaction:
    """One reaction to come, to one post of the brand."""

    due: datetime
    answered: Post
    person_id: str
    lang: str
    occasion: str

    @property
    def beat(self) -> str:
        """The name under which the network remembers it."""
        return f"re:{self.answered.id}"

    def saying(self, words: str) -> Saying:
        """The reaction as something to say, where the brand spoke or where it was invited to."""
        private = self.occasion == "private" or self.answered.visibility is Visibility.PRIVATE
        in_thread = self.answered.visibility is Visibility.PRIVATE or not private
        return Saying(
            self.person_id,
            words,
            self.answered.id if in_thread else None,
            recipient_id=self.answered.author_id if private else None,
            visibility=Visibility.PRIVATE if private else Visibility.PUBLIC,
            lang=self.lang,
            beat=self.beat,
        )


class Reactions:
    """Watches what the brand says, and knows who will react to it, when and how."""

    def __init__(self, story: Story, seed: int) -> None:
        self._kinds = {f"past:{post.id}": post.kind for post in story.past}
        for situation in story.situations:
            for line, beat in enumerate(situation.beats):
                self._kinds[f"live:{situation.id}:{line}"] = beat.kind
        self._story = story
        self._seed = seed
        self._looked = 0
        self._coming: list[Reaction] = []

    def due(self, network: FakeNetwork) -> Iterator[Reaction]:
        """The reactions whose time has come, each once."""
        now = network.now()
        for post in islice(network.state.posts.values(), self._looked, None):
            reaction = self._reaction(network, post)
            if reaction and now - post.created_at < TOO_OLD:
                self._coming.append(reaction)
        self._looked = len(network.state.posts)
        ready = [reaction for reaction in self._coming if reaction.due <= now]
        self._coming = [reaction for reaction in self._coming if reaction.due > now]
        return iter(ready)

    def _reaction(self, network: FakeNetwork, post: Post) -> Reaction | None:
        state = network.state
        if state.accounts[post.author_id].handle != BRAND[0] or post.beat or f"re:{post.id}" in state.beats:
            return None
        parent = state.posts[post.in_reply_to] if post.in_reply_to else None
        person_id = post.recipient_id or (parent.author_id if parent else "")
        person = self._story.people.get(state.accounts[person_id].handle) if person_id else None
        if person is None or person.handle == BRAND[0]:
            return None
        random = Random(f"{self._seed}:re:{post.id}")  # noqa: S311 - a story, not a secret
        due = post.created_at + timedelta(seconds=random.uniform(SOONEST, LATEST))
        odds = self._odds(network, post, parent, person_id)
        occasion = random.choices(list(odds), list(odds.values()))[0]
        if person.handle == TROLL and occasion != SILENCE:
            occasion = "troll"
        return None if occasion == SILENCE else Reaction(due, post, person_id, person.lang, occasion)

    def _odds(self, network: FakeNetwork, post: Post, parent: Post | None, person_id: str) -> dict[str, int]:
        said = (network.state.posts[each] for each in network.state.conversations[post.conversation_id])
        reacted = any(each.author_id == person_id and each.beat.startswith("re:") for each in said)
        if post.visibility is Visibility.PUBLIC and INVITED.search(post.text):
            return ON_INVITATION
        if reacted or post.visibility is Visibility.PRIVATE:
            return LATER
        return LIGHT if self._kind(parent) in LIGHT_KINDS else FIRST

    def _kind(self, parent: Post | None) -> str:
        """What the answered post is in the story; a complaint where nothing is known."""
        if parent is None or not parent.beat:
            return "complaint"
        name, *rest = parent.beat.split(":")
        return self._kinds.get(":".join((name, *rest[-2:])) if name == "live" else parent.beat, "complaint")
