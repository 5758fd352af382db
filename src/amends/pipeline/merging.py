"""Cases merged and split by hand, and accounts said to be one person's: each on record on every side."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import transaction

from amends.core import events
from amends.core.case import Case, NotPossible, opening
from amends.core.decide import decide
from amends.core.policy import Policy
from amends.core.values import CaseState
from amends.pipeline.decide import Actor, Settled, settle
from amends.store import alerts, case_facts, cases, history, models, persons, policies, raw, regroup
from amends.store.cases import Locked

MOST_POSTS = 500


def merge(case: models.Case, into: models.Case, why: str, actor: Actor, now: datetime) -> Case:
    """Everything of `case` goes on in the case `into`, which is given back; raises NotPossible.

    Whoever waits in either goes on waiting since the same time, answers on their way settle there, holds and
    promises stand. The record of each stays where it is and names the other. `split` undoes it.
    """
    if case.brand_id != into.brand_id:
        raise NotPossible("These cases belong to different brands; they cannot be merged.")
    with transaction.atomic():
        raw.brand_lock(case.brand_id)
        held = cases.lock([case.pk, into.pk])
        theirs, ours = held[case.pk], held[into.pk]
        version, policy = policies.current(case.brand_id)
        same = ours.author_id in persons.accounts(theirs.author_id)
        closing = events.MergedInto(into.pk, why, same)
        closed = Settled(theirs, decide(theirs.case, closing, policy, now))
        case_facts.keep_waits(held, now, quiet=_quiet(theirs.case, ours.case))
        moved = regroup.move_all(case.pk, into.pk)
        alerts.move(case.pk, into.pk)
        facts = case_facts.facts([into.pk])[into.pk]
        growing = events.Absorbed(theirs.case, facts, moved, why, same)
        grown = Settled(ours, decide(ours.case, growing, policy, now))
        settle([closed, grown], actor, version, now)
    return grown.outcome.case


def _quiet(theirs: Case, ours: Case) -> Collection[int]:
    """A case that has ended, or stands on the clock of imported history, brings nobody who waits."""
    over = theirs.state is CaseState.RESOLVED or theirs.clock_offset != ours.clock_offset
    return [theirs.id] if over else []


def split(case: models.Case, post_ids: Sequence[int], why: str, actor: Actor, now: datetime) -> int:
    """These posts of the person become a case of their own, whose id is given back; raises NotPossible.

    Our answers under them go with them, also those on their way. What was answered or settled stays so, what
    waited waits on since the same time. The person, the hold and whoever has the case are the same.
    """
    if len(post_ids) > MOST_POSTS:
        raise NotPossible(f"Choose {MOST_POSTS} posts at most; nothing was split.")
    with transaction.atomic():
        raw.brand_lock(case.brand_id)
        held = cases.lock([case.pk])[case.pk]
        chosen = regroup.chosen(case.pk, post_ids)
        if chosen is None or len(chosen.posts) != len(set(post_ids)):
            raise NotPossible("Choose posts that the person wrote in this case; nothing was split.")
        if len(chosen.posts) >= held.case.posts_in:
            raise NotPossible("One post of the person at least stays in the case; nothing was split.")
        (new_id,) = cases.reserve(1)
        case_facts.keep_waits([case.pk], now)
        regroup.move(chosen.posts, case.pk, new_id)
        version, policy = policies.current(case.brand_id)
        settle(_parted(held, new_id, chosen, why, policy, now), actor, version, now)
    return new_id


def _parted(
    held: Locked, new_id: int, chosen: regroup.Chosen, why: str, policy: Policy, now: datetime
) -> list[Settled]:
    """What stays and what was split off, each as the rules make it."""
    old_id = held.case.id
    facts, sends = case_facts.facts([old_id, new_id]), regroup.sends_open([old_id, new_id])
    takes_alerts = facts[old_id].oldest_waiting is None and facts[new_id].oldest_waiting is not None
    staying = events.Parted(new_id, facts[old_id], chosen.posts, why, sends[old_id])
    leaving = events.SplitOff(
        held.case, facts[new_id], chosen.posts, why, sends[new_id], takes_alerts=takes_alerts
    )
    head = history.Head(history.chain_of(new_id), 0, b"", held.brand_id, new_id)
    unborn = opening(new_id, chosen.channel, facts[new_id], now)
    born = Locked(unborn, held.brand_id, chosen.author_id, chosen.conversation_id, head, 0)
    if takes_alerts:
        alerts.move(old_id, new_id)
    return [
        Settled(held, decide(held.case, staying, policy, now)),
        Settled(born, decide(unborn, leaving, policy, now), is_new=True),
    ]


def link(case: models.Case, other: models.Author, why: str, actor: Actor, now: datetime) -> None:
    """Say that `other` is another account of the person of the case; raises NotPossible.

    From then on what they write from either joins the same cases. Nothing of it is shown in public.
    """
    reason = _reason(why)
    if case.brand_id != other.brand_id:
        raise NotPossible("That account is known to another brand; it cannot be linked here.")
    if models.Account.objects.filter(
        brand_id=other.brand_id, channel=other.channel, remote_id=other.remote_id
    ).exists():
        raise NotPossible("That is an account of the firm, not of a customer.")
    with transaction.atomic():
        raw.brand_lock(case.brand_id)
        numbers = persons.people([case.author_id, other.pk])
        if len(set(numbers.values())) == 1:
            raise NotPossible("That account is this person's already; nothing was changed.")
        persons.hold(set(numbers.values()))
        persons.number([list(numbers)])
        _tell(case, other, list(numbers), reason, actor, now, linked=True)


def unlink(case: models.Case, other: models.Author, why: str, actor: Actor, now: datetime) -> None:
    """Say that `other` is no account of the person of the case after all; raises NotPossible.

    Cases that were merged meanwhile stay merged; split them where that was wrong.
    """
    reason = _reason(why)
    with transaction.atomic():
        raw.brand_lock(case.brand_id)
        accounts = persons.accounts(case.author_id)
        if other.pk == case.author_id or other.pk not in accounts:
            raise NotPossible("That account is not linked with the person of this case.")
        rest = [account for account in accounts if account != other.pk]
        persons.hold({accounts[0], rest[0], other.pk})
        persons.number([rest, [other.pk]])
        _tell(case, other, accounts, reason, actor, now, linked=False)


def _tell(
    case: models.Case,
    other: models.Author,
    accounts: Sequence[int],
    why: str,
    actor: Actor,
    now: datetime,
    *,
    linked: bool,
) -> None:
    """Put it on record, for the brand and in the case and all open ones of these accounts, counted anew."""
    version, policy = policies.current(case.brand_id)
    body = {"author": case.author_id, "account": other.pk, "why": why}
    action = "people linked" if linked else "people unlinked"
    history.record(case.brand_id, [history.Line(now, actor.name, action, version, body, actor.person_id)])
    held = cases.lock([case.pk, *cases.open_of(accounts)])
    facts = case_facts.facts(held)
    results = []
    for case_id, locked in held.items():
        if case_id not in facts:  # it was merged into one that is told of it
            continue
        account = _called(case.author if locked.author_id == other.pk else other)
        event = events.PersonLinked(account, facts[case_id], why, linked)
        results.append(Settled(locked, decide(locked.case, event, policy, now)))
    settle(results, actor, version, now)


def _called(author: models.Author) -> str:
    return f"@{author.handle or author.remote_id} on {author.channel}"


def _reason(why: str) -> str:
    if not why.strip():
        raise NotPossible("Say in a few words how you know; it goes on record. Nothing was changed.")
    return why.strip()
