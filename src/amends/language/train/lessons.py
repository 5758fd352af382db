"""From what readers said of a text to what the encoder is to say of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from amends.core.values import Kind, Severity
from amends.language import heads
from amends.language.pieces import cut
from amends.language.train.corpus import Example, Label, Tweet
from amends.language.train.fit import Lesson
from amends.language.train.measure import Floats

TRUST = {"fincorp": 0.7, "care-2020": 2.0, "complaints": 1.5}
"""How much a text of a source counts, where that is not one: few are real posts to brands."""
BACKGROUND = 0.3
"""How much a random post counts as what is no complaint."""
RARE = 5.0
"""How much more an urgent signal counts than its absence, since few texts hold one."""

UNTOLD = 0.7
"""How much a text counts that only a larger encoder has read."""
INSULT = 0.5
"""How much a text of the published insult set counts: its readers call swearing offensive, ours do not."""


def lesson(example: Example) -> Lesson:
    """A text with the mean of what its readers say; what they were not asked does not count."""
    told = [_told(label) for label in example.labels]
    weight = np.mean([w for _, w in told], axis=0) * TRUST.get(example.source, 1.0)
    counted = np.maximum(sum(w for _, w in told), 1e-9)
    chance = sum(c * w for c, w in told) / counted
    return Lesson(cut(example.text, example.before), chance.astype(np.float32), weight.astype(np.float32))


def _told(label: Label) -> tuple[Floats, Floats]:
    chance, weight = np.zeros(heads.WIDTH), np.zeros(heads.WIDTH)
    is_complaint = label.kind is Kind.COMPLAINT
    chance[heads.COMPLAINT], weight[heads.COMPLAINT] = is_complaint, 1
    chance[heads.KIND], weight[heads.KIND] = [kind is label.kind for kind in heads.KINDS], 1
    reached = [label.severity.level >= Severity(level).level for level in heads.AT_LEAST]
    chance[heads.SEVERITY], weight[heads.SEVERITY] = reached, is_complaint
    chance[heads.ABUSIVE], weight[heads.ABUSIVE] = [label.abuse >= 1, label.abuse >= 2], 1
    if label.urgent is not None:
        held = np.array([signal in label.urgent for signal in heads.URGENT])
        chance[heads.SIGNALS], weight[heads.SIGNALS] = held, np.where(held, RARE, 1)
    return chance, weight


def background(tweets: Sequence[Tweet]) -> list[Lesson]:
    """Random posts: no complaint to anybody, and nothing else is said of them."""
    weight = np.zeros(heads.WIDTH, np.float32)
    weight[heads.COMPLAINT] = BACKGROUND
    return [Lesson(cut(t.text), np.zeros(heads.WIDTH, np.float32), weight) for t in tweets]


def untold(text: str) -> Lesson:
    """A text of which no reader said anything: whatever a larger encoder says counts a little less."""
    return Lesson(cut(text), np.zeros(heads.WIDTH, np.float32), np.full(heads.WIDTH, UNTOLD, np.float32))


def taught(lesson: Lesson, chance: Floats) -> Lesson:
    """A lesson half of which is what a larger encoder says."""
    return Lesson(lesson.pieces, (lesson.chance + chance) / 2, lesson.weight)


def insult(text: str, hateful: float, offensive: float) -> Lesson:
    """A text of which only its abuse is known, in shares of its readers."""
    chance, weight = np.zeros(heads.WIDTH, np.float32), np.zeros(heads.WIDTH, np.float32)
    chance[heads.ABUSIVE], weight[heads.ABUSIVE] = [offensive, hateful], INSULT
    return Lesson(cut(text), chance, weight)
