"""Which case each arrival belongs to, and what follows for the cases: a case per grievance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from django.db import transaction

from amends.core import events
from amends.core.assigning import How
from amends.core.case import opening
from amends.core.decide import decide
from amends.core.joining import Arriving, Candidate, case_for, words_of
from amends.core.policy import CaseRules, Policy
from amends.pipeline import wake
from amends.pipeline.arrival import Arrival, Change
from amends.pipeline.decide import NETWORK, Actor, Settled, settle
from amends.store import case_facts, cases, history, live, persons, post_times, posts
from amends.store.cases import Locked

_LONG_AGO = datetime(1900, 1, 1, tzinfo=UTC)
_ByPerson = dict[int, dict[int, Candidate]]


@dataclass(slots=True)
class Plan:
    """The new cases of a batch (with who and where they are about), and all cases it touches."""

    brand_id: int
    opened: dict[int, Arrival] = field(default_factory=dict)
    touched: set[int] = field(default_factory=set)


def join(brand_id: int, arrivals: Sequence[Arrival], policy: Policy) -> Plan:
    """Give each arrival its case: the one it belongs to, a new one where it wants an answer, or none."""
    plan = Plan(brand_id)
    homeless = [a for a in arrivals if a.case_id is None and not a.item.deleted]
    incoming = [a for a in homeless if a.incoming]
    _reserve(incoming, policy, plan)
    by_key = {a.key: a.case_id for a in arrivals}
    for arrival in homeless:
        if not arrival.incoming:
            parent = (arrival.item.channel, arrival.item.in_reply_to)
            arrival.case_id = arrival.parent_case_id or by_key.get(parent)
            arrival.joins = arrival.case_id is not None
    plan.touched.update(a.case_id for a in arrivals if a.case_id)
    return plan


def _candidates(incoming: Sequence[Arrival], people: dict[int, int], rules: CaseRules) -> _ByPerson:
    found: _ByPerson = defaultdict(dict)
    since = min((a.item.posted_at for a in incoming), default=None)
    if since is not None:
        reopened_from = max(since, _LONG_AGO) - timedelta(days=rules.reopen_within_days)
        for author_id, candidate in cases.of_authors(people, reopened_from):
            found[people[author_id]][candidate.case] = candidate
    return found


def _reserve(incoming: Sequence[Arrival], policy: Policy, plan: Plan) -> None:
    """In the order of the network's time: what joins no case and wants an answer opens one."""
    ids = iter(cases.reserve(sum(1 for a in incoming if a.wants)))
    people = persons.people(a.author_id for a in incoming) if incoming else {}
    candidates = _candidates(incoming, people, policy.cases)
    for arrival in sorted(incoming, key=lambda a: (a.item.posted_at, a.item.remote_id)):
        own, post = candidates[people[arrival.author_id]], _arriving(arrival)
        found = case_for(own.values(), post, policy.cases)
        case_id = found.case
        if case_id is None and arrival.wants:
            case_id = next(ids)
            plan.opened[case_id] = arrival
        if case_id is None:
            continue
        arrival.case_id, arrival.joins, arrival.because = case_id, True, found.because
        own[case_id] = _joined(own.get(case_id), case_id, post)


def _arriving(arrival: Arrival) -> Arriving:
    item, reading = arrival.item, arrival.reading
    about = frozenset(reading.about) if reading else frozenset()
    answers = arrival.parent_case_id
    return Arriving(arrival.conversation_id, item.posted_at, item.text, about, answers)


def _joined(before: Candidate | None, case_id: int, post: Arriving) -> Candidate:
    """The case as it is to the posts after this one."""
    words = {words_of(post.text)} - {""}
    if before is None:
        talk = frozenset({post.conversation})
        return Candidate(case_id, talk, True, post.posted_at, post.about, frozenset(words))
    return replace(
        before,
        conversations=before.conversations | {post.conversation},
        is_open=True,
        last_post_at=post.posted_at,
        about=before.about | post.about,
        said=before.said | words,
    )


def follow(
    plan: Plan,
    arrivals: Sequence[Arrival],
    policy_version: int,
    policy: Policy,
    now: datetime,
    actor: Actor = NETWORK,
) -> None:
    """Once the posts are stored: tell each touched case, and write what the rules make of it.

    Open screens are told of the cases, and of conversations in which posts came that are in no case.
    """
    adopted = posts.adopt_answers({a.conversation_id for a in arrivals}) if plan.touched else set()
    plan.touched |= adopted
    elsewhere = {a.conversation_id for a in arrivals if a.case_id is None}
    results = _results(plan, arrivals, policy, now) if plan.touched else []
    if results:
        settle(results, actor, policy_version, now, elsewhere)
        if plan.opened and policy.assignment.how is not How.OFF:
            transaction.on_commit(wake.give)
    else:
        live.tell(plan.brand_id, conversations=elsewhere)


def _results(plan: Plan, arrivals: Sequence[Arrival], policy: Policy, now: datetime) -> list[Settled]:
    held = cases.lock(plan.touched - plan.opened.keys())
    facts = case_facts.facts(plan.touched)
    post_times.answered(case_id for case_id, told in facts.items() if told.first_answer_at)
    by_case: dict[int, list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        if arrival.case_id:
            by_case[arrival.case_id].append(arrival)
    results = []
    for case_id in sorted(facts):
        first = plan.opened.get(case_id)
        locked = held.get(case_id) or _unborn(plan.brand_id, case_id, first, facts[case_id], now)
        event = _event(facts[case_id], by_case[case_id])
        results.append(Settled(locked, decide(locked.case, event, policy, now), is_new=first is not None))
    return results


def _unborn(brand_id: int, case_id: int, first: Arrival | None, facts: events.Facts, now: datetime) -> Locked:
    if first is None:
        raise LookupError(f"case {case_id} is neither stored nor new")
    head = history.Head(history.chain_of(case_id), 0, b"", brand_id, case_id)
    case = opening(case_id, first.item.channel, facts, now)
    return Locked(case, brand_id, first.author_id, first.conversation_id, head, 0)


def _event(facts: events.Facts, arrivals: Sequence[Arrival]) -> events.PostsChanged:
    new = [a for a in arrivals if a.joins]
    return events.PostsChanged(
        facts,
        offset=min((a.offset for a in arrivals), default=None),
        joined=tuple(a.post_id for a in new if a.post_id),
        because=tuple(sorted({a.because for a in new if a.because is not None})),
        wants=any(a.wants for a in arrivals),
        edited=tuple(a.post_id for a in arrivals if a.change is Change.EDITED and a.post_id),
        deleted=tuple(a.post_id for a in arrivals if a.item.deleted and a.post_id),
        answered_at=max((a.item.posted_at for a in new if not a.incoming and not a.automatic), default=None),
    )
