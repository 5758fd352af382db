"""A desk whose web process runs, spoken to over plain sockets as browsers and proxies do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.live.work import sign_in
from tests.rig.desk import Rig, rig


@pytest.fixture(scope="package")
def place() -> Iterator[Rig]:
    """A desk with a brand, its admin's token, and a web process; all tests of this folder share it."""
    with rig() as made:
        made.amends("migrate")
        made.plant()
        made.web()
        yield made


@pytest.fixture(scope="package")
def working(place: Rig) -> Iterator[Rig]:
    """The desk with a worker that takes posts in."""
    worker = place.start("worker")
    yield place
    worker.stop()


@pytest.fixture
def ann(place: Rig) -> str:
    """A session of an agent of the brand."""
    return sign_in(place, "Ann:agent")
