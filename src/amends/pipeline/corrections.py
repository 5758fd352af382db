"""A person corrects what was read: a post becomes a case, wants an answer, or its writer comes first."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from amends.core import events
from amends.core.case import Case, NotPossible
from amends.core.decide import decide
from amends.core.values import Direction, Kind, Severity, Standing
from amends.language.reading import Reading
from amends.pipeline import grievances
from amends.pipeline.decide import Actor, Settled, happen, settle
from amends.pipeline.take import arrival_of, store
from amends.store import case_facts, cases, history, models, policies, posts, raw

BY_PERSON = "person"
WANTING = (Kind.COMPLAINT, Kind.QUESTION, Kind.REQUEST)


def make_case(post: models.Post, kind: Kind, severity: Severity, actor: Actor, now: datetime) -> int:
    """Read the post as `kind` of `severity` and give it its case, new or joined; returns the case's id.

    The model's scores stay for the record, its judgement goes. Raises NotPossible with what to do.
    """
    if kind not in WANTING:
        raise NotPossible("Only a complaint, a question or a request makes a case.")
    if kind is Kind.COMPLAINT and severity is Severity.NONE:
        raise NotPossible("A complaint has a severity; choose one.")
    with transaction.atomic():
        raw.brand_lock(post.brand_id)
        fresh = models.Post.objects.get(pk=post.pk)
        if fresh.direction != Direction.IN or fresh.deleted_at is not None:
            raise NotPossible("Only a post that a person wrote and that still stands makes a case.")
        if fresh.case_id is not None:
            raise NotPossible("This post has its case already; set the severity there.")
        arrival = arrival_of(posts.one(fresh.pk))
        graded = severity if kind is Kind.COMPLAINT else Severity.NONE
        arrival.reading = _reading(fresh, kind, graded)
        arrival.wants = True
        version, policy = policies.current(fresh.brand_id)
        plan = grievances.join(fresh.brand_id, [arrival], policy)
        store(fresh.brand_id, [arrival], now)
        grievances.follow(plan, [arrival], version, policy, now, actor)
    if arrival.case_id is None:
        raise LookupError(f"post {post.pk} was given no case")
    return arrival.case_id


def needs_answer(post: models.Post, actor: Actor, now: datetime) -> Case:
    """Say that somebody waits for an answer to a post of a case, whatever was read in it; raises NotPossible.

    Where somebody said before that the case needs no answer, that goes on for what was written earlier.
    """
    with transaction.atomic():
        raw.brand_lock(post.brand_id)
        fresh = models.Post.objects.get(pk=post.pk)
        if fresh.direction != Direction.IN or fresh.deleted_at is not None:
            raise NotPossible("Only a post that a person wrote and that still stands needs an answer.")
        if fresh.case_id is None:
            raise NotPossible("This post has no case yet; make one of it.")
        models.Post.objects.filter(pk=post.pk).update(wants_answer=True)
        models.Post.objects.filter(pk=post.pk, answered_at=None).update(unanswered_then=True)
        cases.unsettle(fresh.case_id, fresh.posted_at)
        facts = case_facts.facts([fresh.case_id])[fresh.case_id]
        return happen(fresh.case_id, events.NeedsAnswer(post.pk, fresh.posted_at, facts), actor, now)


def set_standing(author: models.Author, standing: Standing, why: str, actor: Actor, now: datetime) -> None:
    """Say how the firm stands to a person; their open cases go by it at once. Raises NotPossible."""
    reason = why.strip()
    if not reason:
        raise NotPossible("Say in a few words why; it goes on record. Nothing was changed.")
    with transaction.atomic():
        raw.brand_lock(author.brand_id)
        changed = models.Author.objects.filter(pk=author.pk).exclude(standing=standing)
        if not changed.update(standing=standing):
            raise NotPossible("The person stands like that already; nothing was changed.")
        version, policy = policies.current(author.brand_id)
        body = {"author": author.pk, "standing": standing, "why": reason}
        line = history.Line(now, actor.name, "standing set", version, body, actor.person_id)
        history.record(author.brand_id, [line])
        held = cases.lock(cases.open_of([author.pk]))
        facts = case_facts.facts(held)
        results = [
            Settled(locked, decide(locked.case, events.PostsChanged(facts[case_id]), policy, now))
            for case_id, locked in held.items()
        ]
        settle(results, actor, version, now)


def _reading(post: models.Post, kind: Kind, severity: Severity) -> Reading:
    return Reading(
        complaint=post.complaint or 0.0,
        is_complaint=kind is Kind.COMPLAINT,
        kind=kind,
        severity=severity,
        urgent=tuple(post.labels.get("urgent", ())),
        abuse=float(post.labels.get("abuse", 0.0)),
        lang=post.lang,
        reasons=(),
        model=BY_PERSON,
        about=tuple(post.labels.get("about", ())),
        perhaps=tuple(post.labels.get("perhaps", ())),
    )
