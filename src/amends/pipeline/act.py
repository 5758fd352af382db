"""Act: send what is planned, once each, and look up on the network what may have gone out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from amends.channels import drive
from amends.channels.drive import Wire
from amends.channels.errors import AuthExpired, ChannelError, Maybe, RateLimited, Refused
from amends.channels.protocol import Connected, Intent, Sent
from amends.channels.registry import driver
from amends.core import events
from amends.core.times import bounded
from amends.core.values import Direction, SendState
from amends.pipeline import decide
from amends.store import accounts, case_facts, models, outbox, post_rows, post_times, posts, raw, sealed
from amends.store.cases import interval
from amends.store.outbox import Claimed
from amends.store.post_rows import Labels, NewPost

FIRST_LOOK = timedelta(seconds=5)
LOOKS = (timedelta(seconds=20), timedelta(seconds=60), timedelta(minutes=5))
SURE_AFTER = 2
"""Looks that found nothing, after which a send is repeated where the network takes a key once only."""
LOOKING = timedelta(minutes=2)
"""Longer than any look-up takes; one that was cut off is made again after it."""
PAUSE = timedelta(seconds=10)
MOST_PAUSE = timedelta(minutes=10)
MOST_ATTEMPTS = 8
RECONNECT_PAUSE = timedelta(minutes=5)
STUCK_AFTER = timedelta(minutes=1)
"""Longer than any sending takes; should one take longer still, its end is taken all the same."""
_CUT_SHORT = "The worker ended while it was sending."
_REPEATED = "Not found there; it is sent again under its key, which the network takes once only."
_UNFOUND = "The network does not show it. Look there, then send it again or give it up."

Clock = Callable[[], datetime]


def send_next(wire: Wire, clock: Clock) -> bool:
    """Send the next planned answer, if one is due; whatever happens, it has a state afterwards."""
    claimed = outbox.claim_planned(clock())
    if claimed is None:
        return False
    try:
        sent = _drive(claimed, wire, look=False)
    except ChannelError as error:
        _troubled(claimed, error, clock())
    else:
        _stands(claimed, sent, clock()) if sent else _unknown(claimed, _CUT_SHORT, clock())
    return True


def look_next(wire: Wire, clock: Clock) -> bool:
    """Look up the next answer of unknown fate on its network; never sends."""
    now = clock()
    claimed = outbox.claim_unknown(now, now + LOOKING)
    if claimed is None:
        return False
    pause = LOOKS[min(claimed.looks, len(LOOKS)) - 1]
    try:
        sent = _drive(claimed, wire, look=True)
    except ChannelError as error:
        again = error.retry_at if isinstance(error, RateLimited) else now + pause
        outbox.settle(claimed, SendState.UNKNOWN, now, not_before=again, why=error.text)
        return True
    if sent:
        _stands(claimed, sent, clock())
    elif claimed.looks >= SURE_AFTER and _repeatable(claimed, now):
        outbox.settle(claimed, SendState.PLANNED, now, not_before=now, why=_REPEATED)
    elif claimed.looks < len(LOOKS):
        why = "Not found yet; looking again."
        outbox.settle(claimed, SendState.UNKNOWN, now, not_before=now + pause, why=why)
    else:
        outbox.settle(claimed, SendState.UNKNOWN, now, not_before=now + outbox.NEVER, why=_UNFOUND)
    return True


def _repeatable(claimed: Claimed, now: datetime) -> bool:
    """Whether the network surely still knows the send's key, so that a repetition stands there once."""
    account = models.Account.objects.get(pk=claimed.account_id)
    channel = driver(account.channel)
    if channel is None or not account.active:
        return False
    return now < claimed.written_at + channel.limits(accounts.told(account.settings)).keeps_keys


def find_stuck(now: datetime) -> int:
    """Sends whose worker died mid-way become unknown, to be looked up."""
    found = outbox.stuck(now - STUCK_AFTER)
    for claimed in found:
        _unknown(claimed, _CUT_SHORT, now)
    return len(found)


def connected(account: models.Account) -> Connected:
    """What a channel may know of an account; opens its sealed token."""
    token = sealed.open_(bytes(account.token)) if account.token else ""
    told = accounts.told(account.settings)
    return Connected(account.base_url, account.handle, account.remote_id, token, told)


def _drive(claimed: Claimed, wire: Wire, *, look: bool) -> Sent | None:
    account = models.Account.objects.get(pk=claimed.account_id)
    channel = driver(account.channel)
    if channel is None:
        raise Refused(f"This desk cannot speak with “{account.channel}”.")
    post = models.Post.objects.select_related("author", "conversation").get(pk=claimed.to_post_id)
    key = post.conversation.key
    intent = Intent(
        key=claimed.key,
        text=claimed.text,
        in_reply_to=post.remote_id,
        conversation_id=key.removeprefix("c:") if key.startswith("c:") else None,
        visibility=claimed.visibility,
        recipient=post.author.remote_id,
        created_at=claimed.written_at,
        others=outbox.said_alike(claimed) if look else frozenset(),
        recipient_handle=post.author.handle,
    )
    ask = channel.read_back if look else channel.send
    return drive.run(ask(_connected(account), intent), wire)


def _connected(account: models.Account) -> Connected:
    """As `connected`, with a token that does not open as one that is no good: nothing went out."""
    try:
        return connected(account)
    except sealed.CannotOpen as error:
        raise AuthExpired(str(error)) from error


def _troubled(claimed: Claimed, error: ChannelError, now: datetime) -> None:
    match error:
        case Maybe():
            _unknown(claimed, error.text, now)
        case RateLimited():
            outbox.settle(claimed, SendState.PLANNED, now, not_before=error.retry_at, why=error.text)
        case AuthExpired():
            models.Account.objects.filter(pk=claimed.account_id).update(trouble=error.text[:300])
            outbox.settle(claimed, SendState.PLANNED, now, not_before=now + RECONNECT_PAUSE, why=error.text)
        case Refused():
            _refused(claimed, error.text, now)
        case _ if claimed.attempts >= MOST_ATTEMPTS:
            _refused(claimed, f"Given up after {claimed.attempts} tries. {error.text}", now)
        case _:
            pause = min(MOST_PAUSE, PAUSE * 2 ** (claimed.attempts - 1))
            outbox.settle(claimed, SendState.PLANNED, now, not_before=now + pause, why=error.text)


def _refused(claimed: Claimed, why: str, now: datetime) -> None:
    with transaction.atomic():
        raw.brand_lock(claimed.brand_id)
        if outbox.settle(claimed, SendState.REFUSED, now, why=why):
            event = events.ReplyFailed(claimed.key, why, certain=True, automatic=claimed.automatic)
            decide.happen(outbox.case_of(claimed), event, decide.NETWORK, now)


def _unknown(claimed: Claimed, why: str, now: datetime) -> None:
    with transaction.atomic():
        raw.brand_lock(claimed.brand_id)
        if outbox.settle(claimed, SendState.UNKNOWN, now, not_before=now + FIRST_LOOK, why=why):
            event = events.ReplyFailed(claimed.key, why, certain=False, automatic=claimed.automatic)
            decide.happen(outbox.case_of(claimed), event, decide.SYSTEM, now)


def _stands(claimed: Claimed, sent: Sent, now: datetime) -> None:
    """The answer stands on the network: keep it as a post of the case and stop the clock."""
    with transaction.atomic():
        raw.brand_lock(claimed.brand_id)
        if sent.remote_id in outbox.said_alike(claimed):  # another look-up was quicker
            return
        if not outbox.settle(claimed, SendState.SENT, now, remote_id=sent.remote_id):
            return
        claimed = replace(claimed, case_id=outbox.case_of(claimed))
        _keep(claimed, sent, now)
        post_times.answered([claimed.case_id])
        facts = case_facts.facts([claimed.case_id])[claimed.case_id]
        answered_at = min(sent.posted_at, now)
        stood = events.ReplyStood(claimed.key, facts, answered_at, claimed.written_at, claimed.automatic)
        decide.happen(claimed.case_id, stood, decide.NETWORK, now)


def _keep(claimed: Claimed, sent: Sent, now: datetime) -> None:
    question = models.Post.objects.select_related("account").get(pk=claimed.to_post_id)
    key = (question.channel, sent.remote_id)
    if known := posts.known(claimed.brand_id, [key]).get(key):
        models.Post.objects.filter(pk=known.id, case=None).update(case_id=claimed.case_id)
        models.Post.objects.filter(pk=known.id).update(automatic=claimed.automatic)
        return
    account = models.Account.objects.get(pk=claimed.account_id)
    person = posts.NewAuthor(
        account.channel, account.remote_id or account.handle, account.handle, account.handle
    )
    author_id = posts.authors(claimed.brand_id, [person])[account.channel, person.remote_id]
    posted_at = bounded(sent.posted_at, now)
    post = NewPost(
        channel=question.channel,
        remote_id=sent.remote_id,
        account_id=account.pk,
        author_id=author_id,
        conversation_id=question.conversation_id,
        direction=Direction.OUT,
        visibility=claimed.visibility,
        text=claimed.text,
        url=sent.url,
        in_reply_to=question.remote_id,
        posted_at=posted_at,
        claimed_at=sent.posted_at if sent.posted_at != posted_at else None,
        received_at=now,
        clock_offset=interval(timedelta(0)),
        edited_at=None,
        automatic=claimed.automatic,
    )
    labels = Labels(read_at=now, lang="", case_id=claimed.case_id)
    post_rows.insert(claimed.brand_id, [(post, labels)])
