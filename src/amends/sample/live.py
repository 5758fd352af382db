"""When each live post is due: a seeded course through the situations that never comes to an end."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from random import Random

from amends.sample.story import Beat, Situation, Story

MEAN_SECONDS = 4.0


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """One post to come, `at` seconds of the story's own time."""

    at: float
    round: int
    situation: str
    line: int

    @property
    def beat(self) -> str:
        """The name under which the network remembers that this was told."""
        return f"live:{self.round}:{self.situation}:{self.line}"

    @property
    def root(self) -> str:
        """The name of the first post of the same situation."""
        return f"live:{self.round}:{self.situation}:0"


def course(story: Story, seed: int, told: Callable[[str], bool]) -> Iterator[Due]:
    """Every post to come, in order of time and without end, less the situations that were told before."""
    waiting: list[Due] = []
    for begins, number, situation in _openings(story, seed, told):
        while waiting and waiting[0].at <= begins:
            yield heapq.heappop(waiting)
        for line, beat in enumerate(situation.beats):
            heapq.heappush(waiting, Due(begins + beat.after, number, situation.id, line))


def _openings(story: Story, seed: int, told: Callable[[str], bool]) -> Iterator[tuple[float, int, Situation]]:
    at = 0.0
    for number in count(1):
        random = Random(f"{seed}:{number}")  # noqa: S311 - a story, not a secret
        situations = [each for each in story.situations if number == 1 or each.repeatable]
        lines = sum(len(each.beats) for each in situations)
        random.shuffle(situations)
        for situation in situations:
            if told(Due(0, number, situation.id, 0).beat):
                continue
            at += random.expovariate(len(situations) / (MEAN_SECONDS * lines))
            yield at, number, situation


def cast(story: Story, seed: int, due: Due, beats: tuple[Beat, ...]) -> dict[str, str]:
    """Who plays whom: themselves at first, later other people of the same languages."""
    players = list(dict.fromkeys(beat.who for beat in beats))
    if due.round == 1:
        return {who: who for who in players}
    random = Random(f"{seed}:{due.root}")  # noqa: S311 - a story, not a secret
    chosen: dict[str, str] = {}
    for who in players:
        lang, taken = story.people[who].lang, {*story.fixed, *chosen.values()}
        alike = [each.handle for each in story.people.values() if each.lang == lang]
        free = [handle for handle in alike if handle not in taken]
        chosen[who] = who if who in story.fixed or not free else random.choice(free)
    return chosen
