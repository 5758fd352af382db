"""Servers of others, each started once for the whole run and stopped with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.peers.mastodons import Server, mastodon_mock, snac


@pytest.fixture(scope="session")
def mock() -> Iterator[Server]:
    """The imitation of Mastodon."""
    with mastodon_mock() as made:
        yield made


@pytest.fixture(scope="session")
def small() -> Iterator[Server]:
    """snac, with a few people who have let an app act for them."""
    with snac("brand", "shop", "anna", "bert", "cleo", "dora") as made:
        yield made
