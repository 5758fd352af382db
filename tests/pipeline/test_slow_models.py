"""A model that is slow holds nothing up: what it had no time for is kept as not yet read, and read later."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.pipeline.conftest import Town

from amends.language.reading import Reading, Text
from amends.language.stand_in import StandIn
from amends.pipeline import understand
from amends.pipeline.receive import Item, receive
from amends.pipeline.take import read_again, take_in
from amends.store import models


class Counting(StandIn):
    """Notes how many texts it was given at a time."""

    def __init__(self) -> None:
        super().__init__(0.5)
        self.given: list[int] = []

    def read(self, texts: Sequence[Text]) -> list[Reading]:
        """As the stand-in does."""
        self.given.append(len(texts))
        return super().read(texts)


def test_what_a_slow_model_has_no_time_for_waits_unread(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    count = understand.AT_ONCE * 2 + 5
    now = town.now()
    items = [Item("fake", str(n), "ann", f"complaint number {n}", now) for n in range(count)]
    receive(town.account.brand_id, [(item, b"{}") for item in items], source="test", now=now)
    monkeypatch.setattr(understand, "LONGEST", 0.0)
    model = Counting()
    assert take_in(model, now) == count
    assert model.given == [understand.AT_ONCE]
    assert models.Post.objects.filter(read_at=None).count() == count - understand.AT_ONCE
    assert read_again(model, now) == understand.AT_ONCE
    assert read_again(model, now) == 5
    assert read_again(model, now) == 0
    assert not models.Post.objects.filter(read_at=None).exists()
