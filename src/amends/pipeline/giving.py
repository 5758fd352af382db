"""Giving: cases that nobody has go to who is there, and what somebody left behind goes back to the team.

Whoever gives holds the brand, then its members, then the cases, in this order like all that change people:
so two sweeps at once neither pass anybody's limit nor give one case twice.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from django.db import transaction

from amends.core import assigning, events
from amends.core.assigning import Assignment, Colleague, How, Need
from amends.core.case import Case, Outcome
from amends.core.decide import decide
from amends.core.effects import Escalate
from amends.core.escalation import Does
from amends.core.policy import Policy
from amends.core.values import CaseState
from amends.pipeline.decide import SYSTEM, Settled, settle
from amends.pipeline.standing import hold_brand
from amends.store import at_work, cases, giving, policies
from amends.store.giving import Gone

_log = logging.getLogger(__name__)
BATCH = 200
_A_MOMENT = timedelta(microseconds=1)
_NEVER = datetime(2000, 1, 1, tzinfo=UTC)
"""Since when somebody is out of sight who never was seen: each case counts from when they had it."""
AWAY, LEFT = "Whoever had it is away.", "Whoever had it does not work here any more."


@dataclass(slots=True)
class Team:
    """Who works for a brand and how much each has, kept right while cases are given one after the other.

    Languages count once they are said of anybody.
    """

    brand_id: int
    rule: Assignment
    colleagues: dict[int, Colleague]
    now: datetime
    given: dict[int, datetime] = field(default_factory=dict)

    @property
    def has_room(self) -> bool:
        """Whether anybody could be given anything."""
        return any(assigning.free(one, self.rule) for one in self.colleagues.values())

    def give(self, need: Need) -> events.Assigned | None:
        """Who gets a case now, and why; it counts as theirs. None where nobody can take it."""
        if not any(one.languages for one in self.colleagues.values()):
            need = replace(need, lang="")
        to = assigning.choose(self.colleagues.values(), need, self.rule)
        if to is None:
            return None
        one = self.colleagues[to]
        turns = (each.last_given_at for each in self.colleagues.values())
        at = self.given[to] = max([self.now, *filter(None, turns)]) + _A_MOMENT
        self.colleagues[to] = replace(one, open_cases=one.open_cases + 1, last_given_at=at)
        return events.Assigned(to, assigning.why(one, need, self.rule))

    def keep(self) -> None:
        """Write down whose turn it was."""
        at_work.given(self.brand_id, self.given)


def held_team(brand_id: int, policy: Policy, now: datetime) -> Team:
    """The team of a brand, held until the transaction ends; to be asked for before any case is held."""
    hold_brand(brand_id)
    colleagues = {one.id: one for one in at_work.held_team(brand_id, now)}
    return Team(brand_id, policy.assignment, colleagues, now)


def give_out(now: datetime) -> int:
    """Give the cases that nobody has to who is there, the most urgent first; returns how many."""
    return sum(_give_out_of(brand_id, now) for brand_id in giving.brands())


def _give_out_of(brand_id: int, now: datetime) -> int:
    try:
        version, policy = policies.current(brand_id)
    except policies.BadPolicy:
        _log.exception("The cases of brand %d wait to be given to somebody.", brand_id)
        return 0
    done = 0
    while policy.assignment.how is not How.OFF and (given := _give_some(brand_id, version, policy, now)):
        done += given
    return done


def _give_some(brand_id: int, version: int, policy: Policy, now: datetime) -> int:
    with transaction.atomic():
        team = held_team(brand_id, policy, now)
        chosen = _chosen(team)
        held = cases.lock(chosen, free=True)
        results = [
            Settled(locked, decide(locked.case, chosen[case_id], policy, now))
            for case_id, locked in held.items()
            if _is_nobodys(locked.case)
        ]
        settle(results, SYSTEM, version, now)
        team.keep()
    return len(results)


def _chosen(team: Team) -> dict[int, events.Assigned]:
    chosen: dict[int, events.Assigned] = {}
    if not team.has_room:
        return chosen
    for case in giving.nobodys(team.brand_id, team.now):
        need = assigning.needed(case.kind, case.channel, case.lang, case.urgent, team.rule)
        if given := team.give(need):
            chosen[case.id] = given
            if len(chosen) == BATCH or not team.has_room:
                break
    return chosen


def _is_nobodys(case: Case) -> bool:
    return case.state is CaseState.OPEN and case.assignee is None and case.due_at is not None


def asks_for_another(outcome: Outcome) -> bool:
    """Whether the ladder says that the case is to go to somebody else."""
    return any(isinstance(each, Escalate) and each.does is Does.REASSIGN for each in outcome.effects)


def reassigned(results: Collection[Settled], team: Team, policy: Policy, now: datetime) -> list[Settled]:
    """The same, with each case that is to go to somebody else given to one who has not had it in this wait.

    Where nobody is there for it, that is on record; the alert of the step goes to the supervisors either way.
    """
    had = giving.had([result.held.case.id for result in results])
    ordered = sorted(results, key=lambda result: (-result.outcome.case.band, result.outcome.case.sort_at))
    given = [_given_on(result, had, team, policy, now) for result in ordered]
    team.keep()
    return given


def _given_on(
    result: Settled, had: Mapping[int, frozenset[int]], team: Team, policy: Policy, now: datetime
) -> Settled:
    if not asks_for_another(result.outcome):
        return result
    case = result.outcome.case
    not_to = had.get(case.id, frozenset()) | ({case.assignee} if case.assignee is not None else set())
    need = assigning.needed(case.kind, case.channel, case.lang, case.harm.urgent, team.rule, not_to)
    then = decide(case, team.give(need) or events.NobodyFree(), policy, now)
    before = result.outcome
    after = Outcome(then.case, (*before.entries, *then.entries), (*before.effects, *then.effects))
    return replace(result, outcome=after)


def give_back(now: datetime) -> int:
    """Put back what somebody left who is away too long or does not work here any more; returns how many."""
    return sum(_give_back(one, now) for one in giving.gone(now))


def _give_back(one: Gone, now: datetime) -> int:
    try:
        version, policy = policies.current(one.brand_id)
    except policies.BadPolicy:
        _log.exception("The cases of people away stay with them in brand %d.", one.brand_id)
        return 0
    due = _due(one, policy, now)
    if not due:
        return 0
    back = events.Assigned(None, AWAY if one.works else LEFT)
    with transaction.atomic():
        results = [
            Settled(locked, decide(locked.case, back, policy, now))
            for locked in cases.lock(due, free=True).values()
            if locked.case.assignee == one.person and locked.case.is_open
        ]
        settle(results, SYSTEM, version, now)
    return len(results)


def _due(one: Gone, policy: Policy, now: datetime) -> list[int]:
    """Which of their cases go back now; each counts from when they had it, should that be later."""
    since = _since(one, policy.assignment)
    rule, calendar = policy.assignment, policy.calendar("")
    if not one.works:
        return [left.held.case for left in giving.left_by(one, now)]
    if since is None:
        return []
    due = assigning.returns_at(since, rule, calendar)
    if due is None or due > now:
        return []
    return [
        left.held.case
        for left in giving.left_by(one, now)
        if assigning.goes_back([left.held], max(since, left.since or since), rule, calendar, now)
    ]


def _since(one: Gone, rule: Assignment) -> datetime | None:
    """Since when somebody is away: as they said, or, where cases are given by the desk, out of sight."""
    if rule.how is How.OFF:
        return one.away_since
    return min(filter(None, (one.away_since, one.seen_at or _NEVER)))
