"""Desks that may be maltreated: each a copy of one that was made and stopped."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.rig.desk import Rig, rig

from amends.site.cluster import Cluster


@pytest.fixture(scope="session")
def pattern() -> Iterator[Path]:
    """A data folder with a migrated, stopped cluster."""
    with rig() as made:
        made.amends("migrate")
        yield made.data


@pytest.fixture
def place(pattern: Path) -> Iterator[Rig]:
    """A desk with a brand, an account and a token; its database runs as long as the test does."""
    with rig(pattern=pattern) as made, Cluster(made.data).in_use():
        made.plant()
        yield made
