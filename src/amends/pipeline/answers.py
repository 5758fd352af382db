"""Answers: everything that is checked before a person's words may be planned to leave the desk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction

from amends.channels.protocol import NOTHING
from amends.channels.registry import driver
from amends.core import events
from amends.core.answering import check, set_aside
from amends.core.case import Case, NotPossible
from amends.core.values import Direction, SendState, Visibility
from amends.pipeline.decide import Actor, happen
from amends.store import accounts, answering, cases, models, persons, raw
from amends.store.plain import plain


@dataclass(frozen=True, slots=True)
class Insist:
    """Whether an answer is to go `all_the_same` while others answer the person: those whom its writer was
    `told` of (ids), or all where nobody was named."""

    all_the_same: bool = False
    told: frozenset[int] = frozenset()


QUIETLY = Insist()


def account_for(post: models.Post) -> models.Account | None:
    """The account of ours that can answer a post: the one it reached, else the brand's first there."""
    there = models.Account.objects.filter(brand_id=post.brand_id, channel=post.channel, active=True)
    reached = there.filter(pk=post.account_id).first() if post.account_id else None
    return reached or there.order_by("pk").first()


def length(
    channel: str, text: str, visibility: Visibility, *, to: str = "", settings: Mapping[str, object] = NOTHING
) -> tuple[int, int] | None:
    """How long a network counts a text said to the person with the handle `to`, and what it allows.

    `settings` are those of the account that says it, since every server may have limits of its own. None
    where the desk does not know the network.
    """
    known = driver(channel)
    if known is None:
        return None
    said = accounts.told(settings)
    return known.length(text, to, said), known.limits(said).of(visibility)


def length_in(
    case: models.Case, text: str, visibility: Visibility, to_post: int | None = None
) -> tuple[int, int] | None:
    """As `length`, for an answer in a case: to this post of the person, or to their last one."""
    asked = models.Post.objects.filter(case=case, direction=Direction.IN).select_related("author")
    post = asked.filter(pk=to_post).first() if to_post else asked.order_by("-posted_at", "-pk").first()
    account = account_for(post) if post else None
    if post is None or account is None:
        return length(case.channel, text, visibility)
    return length(case.channel, text, visibility, to=post.author.handle, settings=account.settings)


def reply(
    case: models.Case,
    post: models.Post,
    text: str,
    actor: Actor,
    now: datetime,
    key: UUID | None = None,
    *,
    hands_over: bool = False,
    insist: Insist = QUIETLY,
) -> Case:
    """Plan an answer under a post of the case; raises NotPossible, saying what to do instead.

    `key`, where given, is the send's own: a second answer under it is refused by the database
    (IntegrityError); `reply_once` is for callers who may ask twice. Once an answer that `hands_over` stands,
    we wait for the customer. Raises core.answering.AnsweredByAnother while somebody else answers the person,
    unless its writer does `insist`: of two who answer at once, in whichever processes, one is stopped.
    """
    if post.case_id != case.pk or post.direction != Direction.IN:
        raise NotPossible("Choose a post of the person in this case to answer to.")
    if post.deleted_at is not None:
        raise NotPossible("That post was deleted on the network, so nothing can stand under it.")
    visibility = Visibility(post.visibility)
    account = account_for(post)
    if account is None or driver(post.channel) is None:
        raise NotPossible(_cannot_speak(post, account))
    words = _words(text)
    counted = length(post.channel, words, visibility, to=post.author.handle, settings=account.settings)
    if counted and counted[0] > counted[1]:
        raise NotPossible(
            f"The answer counts {counted[0]}, the network allows {counted[1]}. Shorten it; it was kept."
        )
    with transaction.atomic():
        theirs = persons.lock(post.author_id)
        cases.lock([case.pk])
        if not models.Post.objects.filter(pk=post.pk, case_id=case.pk).exists():
            raise NotPossible("That post was put into another case meanwhile. Reload; your text was kept.")
        found = answering.others(case.pk, theirs, actor.person_id, now)
        others, despite = set_aside(found, insist.all_the_same, insist.told)
        event = events.ReplyWritten(
            str(key or uuid4()), words, post.pk, account.pk, visibility, hands_over, others, despite
        )
        return happen(case.pk, event, actor, now)


def _cannot_speak(post: models.Post, account: models.Account | None) -> str:
    why = (
        f"No account of this brand is connected on “{post.channel}”."
        if account is None
        else f"The desk receives “{post.channel}” but cannot answer there; your text was kept."
    )
    return f"{why} Open {post.url} and answer there." if post.url else why


class KeyUsed(NotPossible):
    """The key belongs to another answer already."""


def reply_once(
    case: models.Case,
    post: models.Post,
    text: str,
    actor: Actor,
    now: datetime,
    key: UUID,
    *,
    hands_over: bool = False,
    insist: Insist = QUIETLY,
) -> models.Send:
    """The answer under `key`: planned now, or the one planned when it was first asked for; never two.

    Raises KeyUsed when the first one was another answer, else NotPossible as `reply` does.
    """
    sends = models.Send.objects.filter(key=key)
    if not sends.exists():
        try:
            reply(case, post, text, actor, now, key, hands_over=hands_over, insist=insist)
        except IntegrityError:  # asked for twice at once: the other one planned it
            if not sends.exists():
                raise
    send = sends.get()
    if (send.to_post_id, send.text) != (post.pk, _words(text)):
        raise KeyUsed("Another answer was planned under this key; this one was not. Use a new key for it.")
    return send


def _words(text: str) -> str:
    return plain(text).replace("\r\n", "\n").strip()


def settle_unknown(send: models.Send, again: bool, why: str, actor: Actor, now: datetime) -> Case:
    """A person, having looked at the network, sends an answer of unknown fate again or gives it up.

    Raises NotPossible; AnsweredByAnother where it is to be sent while somebody else answers the person.
    """
    reason = why.strip()
    if not reason:
        raise NotPossible("Say what you saw on the network; it goes on record.")
    state = SendState.PLANNED if again else SendState.REFUSED
    with transaction.atomic():
        raw.brand_lock(send.brand_id)  # nobody merges or splits its case meanwhile
        send.refresh_from_db(fields=["case"])
        theirs = persons.lock(send.to_post.author_id)
        if again:
            check(answering.others(send.case_id, theirs, actor.person_id, now, besides_send=send.pk))
        changed = models.Send.objects.filter(pk=send.pk, state=SendState.UNKNOWN).update(
            state=state, not_before=now, claimed_at=None, settled_at=None if again else now, why=reason[:500]
        )
        if not changed:
            raise NotPossible("The fate of this answer is known by now. Reload the case.")
        event = events.SendSettled(str(send.key), again, reason, send.automatic)
        return happen(send.case_id, event, actor, now)
