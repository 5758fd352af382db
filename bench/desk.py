"""A desk of its own for each measure, on one PostgreSQL for the whole run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from amends.site.cluster import Cluster, running

_numbers = count(1)


@contextmanager
def machine() -> Iterator[Cluster]:
    """The server of this run with one migrated database as the pattern for the others."""
    with running(Path(settings.DATA)) as cluster:
        call_command("migrate", database="owner", verbosity=0)
        connections.close_all()
        yield cluster


@contextmanager
def fresh(cluster: Cluster) -> Iterator[str]:
    """An empty database that the application is connected to, by name; dropped afterwards."""
    name = f"bench_{next(_numbers)}"
    with psycopg.connect(cluster.url("postgres", "postgres"), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE amends OWNER amends_owner")
        admin.execute("CHECKPOINT")
        try:
            point_at(name)
            yield name
        finally:
            point_at("amends")
            _drop(cluster, name)


def _drop(cluster: Cluster, name: str) -> None:
    """Over a connection of its own, since a measure may have restarted the server meanwhile."""
    with psycopg.connect(cluster.url("postgres", "postgres"), autocommit=True) as admin:
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


def point_at(name: str) -> None:
    """Have all connections of this process go to another database."""
    connections.close_all()
    for alias in connections:
        connections.settings[alias]["NAME"] = name
        connections[alias].settings_dict["NAME"] = name
