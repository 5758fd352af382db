"""Workers are killed at random moments while people write, agents answer and the network fails."""

from __future__ import annotations

from tests.faults.attack import Attack, Size
from tests.faults.proof import prove
from tests.rig.desk import Rig

SIZE = Size(posts=300, replies=40, kills=10, seconds=30, seed=20_260)


def test_killed_workers_lose_nothing_and_send_nothing_twice(place: Rig) -> None:
    place.web()
    attack = Attack(place, SIZE)
    attack.run()
    attack.settle(150)
    assert attack.cut_short > 0
    figures = prove(place, attack.promised)
    assert figures["sent"] > SIZE.replies // 2, figures
    assert len(attack.promised) >= SIZE.replies
