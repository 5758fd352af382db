"""Around: what the rules must know of a case's surroundings when its time has come."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import uuid4

from amends.channels.registry import driver
from amends.core import clocks
from amends.core.case import Case
from amends.core.events import Around, HoldingReply
from amends.core.policy import Policy
from amends.core.values import Visibility
from amends.pipeline import answers
from amends.store import around, models
from amends.store.around import Person


def of(cases: Collection[Case], policy: Policy, now: datetime) -> dict[int, Around]:
    """What goes on around each of these cases of one brand; two statements for all, some for each reply."""
    touched = around.touched([case.id for case in cases if case.assignee is not None])
    people = around.people([case.id for case in cases if _may_be_held(case, policy, now)], now)
    replies = {case_id: _reply(person) for case_id, person in people.items()}
    return {case.id: Around(case.id in touched, replies.get(case.id)) for case in cases}


def _may_be_held(case: Case, policy: Policy, now: datetime) -> bool:
    due = clocks.holding_at(case, policy, policy.calendar(case.channel))
    return due is not None and due <= now


def _reply(person: Person) -> HoldingReply | None:
    """How a holding reply to this person would go; None where no account of ours can say it."""
    post = models.Post.objects.get(pk=person.post)
    account, known = answers.account_for(post), driver(post.channel)
    if account is None or known is None:
        return None
    return HoldingReply(
        key=str(uuid4()),
        to_post=post.pk,
        account=account.pk,
        visibility=Visibility(post.visibility),
        automation=known.capabilities.automation,
        answering=person.answering,
        wrote_to_us=person.wrote_to_us,
        answered_at=person.answered_at,
        held_at=person.held_at,
    )
