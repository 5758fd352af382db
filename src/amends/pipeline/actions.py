"""What a person may do with a case beyond one plain event: what needs a look at other rows first."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from amends.core import events
from amends.core.case import Case, NotPossible
from amends.pipeline.decide import Actor, happen
from amends.store import cases, history, models, policies


def assign(case: models.Case, to: int | None, actor: Actor, now: datetime) -> Case:
    """Give the case to somebody who works for its brand, or put it back; raises NotPossible."""
    with transaction.atomic():
        members = models.Membership.objects.select_for_update(no_key=True, of=("self",))
        members = members.filter(brand_id=case.brand_id, user__is_active=True)
        if to is not None and not members.filter(user_id=to).first():
            raise NotPossible("That person does not work for this brand; choose somebody who does.")
        return happen(case.pk, events.Assigned(to), actor, now)


def take(case: models.Case, by: int, was: int | None, actor: Actor, now: datetime) -> Case:
    """The case is `by`'s, unless somebody else than `was` has taken it meanwhile; raises NotPossible."""
    return happen(case.pk, events.Taken(by, was), actor, now)


def deleted_words(case: models.Case, post_id: int, why: str, actor: Actor, now: datetime) -> list[str]:
    """The words of a deleted post of the case, as evidence: only while a hold needs them, and on record."""
    reason = why.strip()
    if not reason:
        raise NotPossible("Say what you need the deleted words for; it goes on record.")
    with transaction.atomic():
        held = cases.lock([case.pk])[case.pk]
        if not held.case.on_hold:
            raise NotPossible("The words of a deleted post can be read only while a legal hold needs them.")
        post = models.Post.objects.filter(pk=post_id, case_id=case.pk, deleted_at__isnull=False).first()
        if post is None:
            raise NotPossible("That is no deleted post of this case.")
        version, _ = policies.current(case.brand_id)
        line = history.Line(
            now, actor.name, "evidence read", version, {"post": post_id, "why": reason}, actor.person_id
        )
        cases.put_on_record(case.pk, [line])
    return list(post.versions.order_by("version").values_list("text", flat=True))
