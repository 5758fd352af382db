"""A real PostgreSQL for the whole run, and a database of its own for every test that asks for a desk.

Tests sign in to it as the application does, with a role that owns nothing.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

_FOLDER = Path(tempfile.mkdtemp(prefix="amends-test-"))
os.environ["AMENDS_DATA"] = str(_FOLDER)
os.environ["DJANGO_SETTINGS_MODULE"] = "amends.site.settings"
for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "DATABASE_DIRECT_URL", "AMENDS_URL", "AMENDS_SMTP_HOST"):
    os.environ.pop(name, None)

import django  # noqa: E402
import psycopg  # noqa: E402

from amends.site.cluster import Cluster, running  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

_numbers = count(1)


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(_FOLDER, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The server of this run, with one migrated database as the pattern for the others."""
    with running(_FOLDER) as server:
        call_command("migrate", database="owner", verbosity=0)
        connections.close_all()
        yield server


@pytest.fixture
def desk(cluster: Cluster) -> Iterator[None]:
    """An empty desk: a new database, committed to for real, dropped afterwards."""
    name = f"test_{next(_numbers)}"
    with psycopg.connect(cluster.url("postgres", "postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE amends OWNER amends_owner")
        try:
            _point_at(name)
            yield
        finally:
            _point_at("amends")
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _point_at(name: str) -> None:
    connections.close_all()
    for alias in connections:
        connections.settings[alias]["NAME"] = name
        connections[alias].settings_dict["NAME"] = name


@pytest.fixture
def now() -> datetime:
    """One fixed instant, so that tests do not depend on the day they run."""
    return datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
