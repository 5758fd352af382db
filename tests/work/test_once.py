"""One run of a kind at a time, and no hint lost between the last look and the end."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from amends.work.once import Once, stopping


@pytest.fixture(autouse=True)
def going() -> Iterator[None]:
    stopping.clear()
    yield
    stopping.clear()


def test_it_goes_on_until_nothing_is_left() -> None:
    left = [3, 2, 1]
    Once().run(lambda: left and left.pop())
    assert left == []


def test_who_comes_meanwhile_leaves_it_to_the_one_at_work() -> None:
    once, entered, go_on = Once(), threading.Event(), threading.Event()
    looks: list[int] = []

    def step() -> bool:
        looks.append(len(looks))
        entered.set()
        go_on.wait(5)
        return False

    worker = threading.Thread(target=once.run, args=(step,))
    worker.start()
    assert entered.wait(5)
    once.run(step)  # would hang here if it looked itself
    assert looks == [0]
    go_on.set()
    worker.join(5)
    assert looks == [0, 1]  # and the one at work looks once more for it


def test_a_step_that_fails_leaves_the_way_free() -> None:
    once = Once()
    with pytest.raises(ZeroDivisionError):
        once.run(lambda: 1 // 0)
    done: list[int] = []
    once.run(lambda: done.append(1))
    assert done == [1]


def test_it_stops_between_two_steps() -> None:
    steps: list[int] = []

    def step() -> bool:
        steps.append(1)
        stopping.set()
        return True

    Once().run(step)
    assert steps == [1]
