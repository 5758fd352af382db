"""Decide: hold the case, ask the rules, and write what follows - case, history and outbox - as one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from amends.core.case import Case, Outcome
from amends.core.decide import decide
from amends.core.effects import Escalate, Send
from amends.core.escalation import Does
from amends.core.events import Event
from amends.pipeline import wake
from amends.store import alerts, cases, deliveries, history, live, outbox, policies
from amends.store.cases import Locked, Saved


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person (with their id), the system, or somebody on a network."""

    name: str
    person_id: int | None = None


SYSTEM = Actor(history.SYSTEM)
NETWORK = Actor(history.NETWORK)


def person(user_id: int) -> Actor:
    """The actor for somebody who signed in."""
    return Actor(history.person(user_id), user_id)


@dataclass(frozen=True, slots=True)
class Settled:
    """One case with what followed for it; `is_new` when its row is yet to be made."""

    held: Locked
    outcome: Outcome
    is_new: bool = False


def happen(case_id: int, event: Event, actor: Actor, now: datetime) -> Case:
    """Let one event happen to a case: the whole change or none of it; raises core.case.NotPossible.

    The caller has been through `access`. Whoever waits for work is woken after the commit.
    """
    with transaction.atomic():
        held = cases.lock([case_id])[case_id]
        version, policy = policies.current(held.brand_id)
        outcome = decide(held.case, event, policy, now)
        settle([Settled(held, outcome)], actor, version, now)
    return outcome.case


def settle(
    results: Sequence[Settled],
    actor: Actor,
    policy_version: int,
    now: datetime,
    conversations: Collection[int] = (),
) -> None:
    """Write the outcomes of one decision or of a batch of one brand, in the caller's transaction.

    Open screens are told of them, and of the `conversations` in which other posts came.
    """
    ends = history.append([(r.held.head, _lines(r.outcome, actor, policy_version, now)) for r in results])
    fresh: list[Saved] = []
    changed: list[Saved] = []
    for result, end in zip(results, ends, strict=True):
        saved = _saved(result, end, policy_version)
        if result.is_new:
            fresh.append(saved)
        elif _differs(result, policy_version):
            changed.append(saved)
    cases.insert(fresh)
    cases.update(changed)
    _plan(results, actor, now)
    if results:
        told = [saved.case.id for saved in (*fresh, *changed)]
        live.tell(results[0].held.brand_id, told, conversations)


def _differs(result: Settled, policy_version: int) -> bool:
    outcome, held = result.outcome, result.held
    return bool(outcome.entries) or outcome.case != held.case or policy_version != held.policy_version


def _lines(outcome: Outcome, actor: Actor, policy_version: int, now: datetime) -> list[history.Line]:
    entries = [(entry.action, entry.content) for entry in outcome.entries]
    return history.lines(now, actor.name, policy_version, entries, actor.person_id)


def _saved(result: Settled, end: history.Head, policy_version: int) -> Saved:
    held = result.held
    return Saved(
        result.outcome.case, held.brand_id, held.author_id, held.conversation_id, end, policy_version
    )


def _plan(results: Sequence[Settled], actor: Actor, now: datetime) -> None:
    """Write down what is to be done after the commit: answers to send, and whom to alert."""
    effects = [(result, effect) for result in results for effect in result.outcome.effects]
    sends = [(result.held, effect) for result, effect in effects if isinstance(effect, Send)]
    for held, send in sends:
        outbox.plan(held, send, actor.person_id, now)
    if sends:
        transaction.on_commit(wake.act)
    put = [
        alerts.put(result.held, effect, _told(result, effect), now)
        for result, effect in effects
        if isinstance(effect, Escalate)
    ]
    if deliveries.plan([alert for alert in put if alert is not None], now):
        transaction.on_commit(wake.deliver)
    alerts.end([r.held.case.id for r in results if _is_over(r)], now)


def _told(result: Settled, step: Escalate) -> int | None:
    """Whom a step tells: who has the case; of a case to be given on, only who has got it by that."""
    before, after = result.held.case.assignee, result.outcome.case.assignee
    return None if step.does is Does.REASSIGN and after == before else after


def _is_over(result: Settled) -> bool:
    """Whether a silence that the ladder was climbed in has ended."""
    before, after = result.held.case, result.outcome.case
    return before.climbed is not None and before.due_at is not None and after.due_at is None
