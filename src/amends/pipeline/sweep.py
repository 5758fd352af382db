"""The sweep: finds whatever is due or stuck, so that losing every hint loses nothing."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.db import connection, transaction

from amends.channels.registry import driver
from amends.core import events
from amends.core.assigning import How
from amends.core.decide import decide
from amends.core.policy import Policy
from amends.pipeline import around, giving
from amends.pipeline.act import find_stuck
from amends.pipeline.decide import SYSTEM, Settled, settle
from amends.store import cases, policies, retention

_log = logging.getLogger(__name__)
BATCH = 200

_DUE = """
SELECT brand_id, array_agg(id) FROM (
    (SELECT id, brand_id FROM store_case WHERE state <> 'resolved' AND look_at <= %s
        ORDER BY look_at LIMIT %s)
    UNION
    (SELECT id, brand_id FROM store_case WHERE state = 'snoozed' AND snoozed_until <= %s
        ORDER BY snoozed_until LIMIT %s)
    UNION
    (SELECT c.id, c.brand_id FROM (
        SELECT brand_id, max(version) AS version FROM store_policyversion GROUP BY brand_id
    ) AS holds CROSS JOIN LATERAL (
        SELECT id, brand_id FROM store_case
        WHERE brand_id = holds.brand_id AND state = 'open' AND policy_version < holds.version LIMIT %s
    ) AS c)
) AS due GROUP BY brand_id
"""


def sweep(now: datetime) -> int:
    """Do everything that is due; returns how much.

    Cases are lifted, woken, or put on the clock of a policy published since; what somebody left behind goes
    back and what nobody has is given out; sends whose worker died become unknown; words of deleted posts are
    erased.
    """
    done = find_stuck(now)
    while changed := _due_cases(now):
        done += changed
    done += giving.give_back(now) + giving.give_out(now)
    return done + erase(now)


def _due_cases(now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_DUE, [now, BATCH, now, BATCH, BATCH])
        due = cursor.fetchall()
    return sum(_time_passed(brand_id, ids, now) for brand_id, ids in due)


def _time_passed(brand_id: int, ids: list[int], now: datetime) -> int:
    """One brand's due cases; a policy that cannot be read stops that brand and no other."""
    try:
        version, policy = policies.current(brand_id)
    except policies.BadPolicy:
        _log.exception("The due cases of brand %d wait.", brand_id)
        return 0
    with transaction.atomic():
        results = _decided(ids, policy, now)
        gives = policy.assignment.how is not How.OFF
        moving = [r.held.case.id for r in results if gives and giving.asks_for_another(r.outcome)]
        settle([r for r in results if r.held.case.id not in moving], SYSTEM, version, now)
    if moving:
        with transaction.atomic():  # anew, because the team is held before its cases
            team = giving.held_team(brand_id, policy, now)
            settle(giving.reassigned(_decided(moving, policy, now), team, policy, now), SYSTEM, version, now)
    return len(ids)


def _decided(ids: list[int], policy: Policy, now: datetime) -> list[Settled]:
    held = cases.lock(ids)
    about = around.of([locked.case for locked in held.values()], policy, now)
    return [
        Settled(locked, decide(locked.case, events.TimePassed(about[case_id]), policy, now))
        for case_id, locked in held.items()
    ]


def erase(now: datetime) -> int:
    """Erase the words of deleted posts whose time has come and that no hold keeps; returns how many."""
    done = 0
    for brand_id, channel in retention.deleted_on():
        try:
            _, policy = policies.current(brand_id)
        except policies.BadPolicy:
            _log.exception("Deleted words of brand %d wait to be erased.", brand_id)
            continue
        done += retention.erase(brand_id, channel, now - erase_after(channel, policy), now)
    return done


def erase_after(channel: str, policy: Policy) -> timedelta:
    """How long the words of a deleted post may be kept: the brand's term or the channel's, if shorter."""
    own = timedelta(hours=policy.retention.erase_deleted_after_hours)
    known = driver(channel)
    return min(own, known.capabilities.erase_within) if known else own
