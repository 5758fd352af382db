"""A real PostgreSQL for the whole run, emptied for every test that asks for a desk.

Tests sign in to it as the application does, with a role that owns nothing.
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

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

from amends.store import policies  # noqa: E402

# A busy machine draws examples slowly; that says nothing about the rule they are drawn for.
settings.register_profile("desk", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("desk")

# Whoever starts the tests in the background shuts SIGINT off, and every process would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(_FOLDER, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The server of this run, migrated; it need not survive a power cut."""
    config = _FOLDER / "pg-config"
    config.mkdir(mode=0o700)
    (config / "local.conf").write_text("fsync = off\nfull_page_writes = off\nsynchronous_commit = off\n")
    with running(_FOLDER) as server:
        call_command("migrate", database="owner", verbosity=0)
        connections.close_all()
        yield server


@pytest.fixture(scope="session")
def sweeper(cluster: Cluster) -> Callable[[], None]:
    """Empties what migrations left empty, past all guards, which only the server's own user can."""
    with psycopg.connect(cluster.url("postgres"), autocommit=True) as admin:
        names = [
            row[0] for row in admin.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        ]
        filled = [name for name in names if admin.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone()]
        statements = "; ".join(f"DELETE FROM {name}" for name in names if name not in filled)

    def sweep() -> None:
        # A connection a time: one that stays open would keep the database from being a template.
        with psycopg.connect(cluster.url("postgres"), autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            admin.execute(f"SET session_replication_role = replica; {statements}")

    return sweep


@pytest.fixture
def desk(sweeper: Callable[[], None]) -> Iterator[None]:
    """An empty desk, committed to for real; whatever a test leaves open is cut off."""
    connections.close_all()
    sweeper()
    policies.of_version.cache_clear()
    yield
    connections.close_all()


@pytest.fixture
def now() -> datetime:
    """One fixed instant, so that tests do not depend on the day they run."""
    return datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
