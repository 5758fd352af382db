"""A person reads what the model missed: a post becomes a complaint, question or request with a case."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from amends.core.case import NotPossible
from amends.core.values import Direction, Kind, Severity
from amends.language.reading import Reading
from amends.pipeline import grievances
from amends.pipeline.decide import Actor
from amends.pipeline.take import arrival_of, store
from amends.store import models, policies, posts, raw

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
