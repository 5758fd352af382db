"""A desk as it looks after months of work: most cases wait, some are taken, put aside or resolved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import psycopg
from django.db import transaction

from amends import clock
from amends.core import events
from amends.core.values import Resolution, Role
from amends.language.stand_in import StandIn
from amends.pipeline import decide, standing
from amends.site.cluster import Cluster
from amends.store import brands
from amends.store.models import Brand, Case, User
from bench import importer, made

BRAND = "Bench"
COMPLAINTS = 0.5
"""High, so that every view of even the small desk fills a page and only the size around it differs."""

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Seeded:
    """A brand with posts and cases, and somebody who works for it."""

    brand: Brand
    reader: User


def seed(cluster: Cluster, database: str, posts: int) -> Seeded:
    """Fill the desk this process is connected to, and have people work on it."""
    importer.seconds(importer.content(list(made.lines(posts))), StandIn(COMPLAINTS), BRAND)
    return staff(cluster, database)


def staff(cluster: Cluster, database: str) -> Seeded:
    """Have people work on the cases of a filled desk, and let PostgreSQL know what is in it."""
    brand = brands.get_or_create(BRAND, clock.now())
    people = [_person(brand, name) for name in ("reader", "colleague")]
    cases = list(Case.objects.order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(cases), _AT_ONCE):
        with transaction.atomic():
            for case_id in cases[start : start + _AT_ONCE]:
                _work(case_id, people)
    with psycopg.connect(cluster.url("postgres", database), autocommit=True) as owner:
        owner.execute("VACUUM ANALYZE")
    return Seeded(brand, people[0])


def _person(brand: Brand, name: str) -> User:
    with transaction.atomic():
        email = f"{name}@bench.example"
        user = User.objects.create_user(email, None, name=name.capitalize(), date_joined=clock.now())
        standing.join(brand.pk, user, Role.AGENT, None, clock.now())
    return user


def _work(case_id: int, people: list[User]) -> None:
    """Of twenty cases eight are the reader's, two a colleague's, three resolved, three put aside."""
    now = clock.now()
    turn = case_id % 20
    actor = decide.person(people[turn % 2].pk)
    if turn < 10:
        decide.happen(case_id, events.Assigned(people[turn // 8].pk), actor, now)
    elif turn < 13:
        decide.happen(case_id, events.Resolved(Resolution.ANSWERED, "it was put right"), actor, now)
    elif turn < 16:
        decide.happen(case_id, events.Snoozed(now + timedelta(hours=turn)), actor, now)
