"""Alerts beyond the screen: each delivered once by mail or webhook, and a way that fails told as an alert.

A mail that the server may have had is never sent again; a webhook is repeated under the same id until its
receiver says yes, so that the receiver can drop what it has. Whatever fails is told once for its cause on
the screen and by the ways that work.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.core.mail import EmailMessage
from django.db import transaction

from amends.channels.drive import Http
from amends.channels.errors import ChannelError
from amends.channels.exchange import Request, Response
from amends.core import signed
from amends.core.values import SendState
from amends.pipeline import alert_words, mail, wake
from amends.store import deliveries, models, sealed, ways
from amends.store.deliveries import Claimed

Clock = Callable[[], datetime]

PAUSE, MOST_PAUSE = timedelta(seconds=10), timedelta(minutes=15)
GIVE_UP_AFTER = timedelta(hours=24)
STUCK_AFTER = timedelta(minutes=2)
"""Longer than any try takes; a worker that was cut off in one is not waited for longer."""
HOOK_SECONDS = 10.0
NO_SERVER = "No mail server is set for this desk."
_CUT_SHORT = "The worker ended in the middle of it."
_UNWANTED = "They do not work for the brand any more, or want no mail."
_OVER = "It was over, or somebody had seen it, before it could go."


def send_hook_next(wire: Http, clock: Clock) -> bool:
    """Post the next alert that is due to its webhook; whatever happens, it has a state afterwards."""
    claimed = deliveries.claim_hook(clock())
    if claimed is None:
        return False
    way = ways.hook(claimed.hook_id or 0)
    try:
        status, again = _posted(claimed, wire, clock())
    except (ChannelError, sealed.CannotOpen) as error:
        _failed([claimed], way, str(error), clock())
        return True
    if 200 <= status < 300:
        _sent([claimed], [way], clock())
    else:
        _failed([claimed], way, f"{claimed.host} answered {status}.", clock(), again)
    return True


def _posted(claimed: Claimed, wire: Http, now: datetime) -> tuple[int, datetime | None]:
    """The receiver's status, and when it asks us to come again; its words are not read."""
    body = alert_words.body(claimed, now)
    key = signed.key_of(sealed.open_(claimed.secret))
    envelope = signed.sign(key, str(claimed.key), now, body)
    headers = {
        "content-type": "application/json",
        "webhook-id": envelope.id,
        "webhook-timestamp": envelope.timestamp,
        "webhook-signature": envelope.signatures,
    }
    address = sealed.open_(claimed.address)
    with wire.opened(Request("POST", address, headers, body=body, timeout=HOOK_SECONDS)) as answer:
        told = {name.lower(): value for name, value in answer.headers.items()}
        return answer.status_code, Response(answer.status_code, told, b"", now).retry_at()


def send_mails_next(clock: Clock) -> bool:
    """Mail what is due to the next person, all as one; it has a state afterwards. Not in a transaction."""
    if not mail.configured():
        return False
    claimed = deliveries.claim_mails(clock())
    if not claimed:
        return False
    told = deliveries.told(one.alert_id for one in claimed if one.alert_id)
    stale = [
        one for one in claimed if one.alert_id and (told[one.alert_id].seen or told[one.alert_id].over_at)
    ]
    deliveries.settle(stale, SendState.REFUSED, clock(), why=_OVER)
    if fresh := [one for one in claimed if one not in stale]:
        _mail(fresh, [told[one.alert_id] for one in fresh if one.alert_id], clock)
    return True


def _mail(claimed: Sequence[Claimed], told: Sequence[deliveries.Told], clock: Clock) -> None:
    wants = models.Membership.objects.select_related("user", "brand").filter(alerts_by_mail=True)
    chosen = wants.filter(
        user_id=claimed[0].person_id or 0, brand_id=claimed[0].brand_id, user__is_active=True
    ).first()
    if chosen is None:
        deliveries.settle(claimed, SendState.REFUSED, clock(), why=_UNWANTED)
        return
    person, brand = chosen.user, chosen.brand
    subject, words = alert_words.letter(person, brand, told)
    letter = EmailMessage(subject, words, None, [person.email])
    state, why, of_address = mail.deliver(letter, lambda: deliveries.handed(claimed, clock()))
    to = ways.mail_to(person.pk)
    match state:
        case SendState.SENT:
            _sent(claimed, [ways.MAIL, to], clock())
        case SendState.PLANNED:
            _failed(claimed, ways.MAIL, why, clock())
        case _:
            with transaction.atomic():
                deliveries.settle(claimed, state, clock(), why=why)
                refused = of_address and state is SendState.REFUSED
                _count(claimed[0], to if refused else ways.MAIL, why, clock(), for_good=refused)


def _sent(claimed: Sequence[Claimed], way: Sequence[str], now: datetime) -> None:
    with transaction.atomic():
        deliveries.settle(claimed, SendState.SENT, now)
        ways.worked(claimed[0].brand_id, way, now)


def _failed(
    claimed: Sequence[Claimed], way: str, why: str, now: datetime, again: datetime | None = None
) -> None:
    """Try again later what surely or possibly failed."""
    retry_at = max(now + _pause(claimed[0].attempts), again or now)
    with transaction.atomic():
        deliveries.settle(claimed, SendState.PLANNED, now, not_before=retry_at, why=why)
        _count(claimed[0], way, why, now, retry_at)


def _count(
    one: Claimed,
    way: str,
    why: str,
    now: datetime,
    retry_at: datetime | None = None,
    *,
    for_good: bool = False,
) -> None:
    if ways.failed(one.brand_id, way, why, now, retry_at or now + PAUSE, for_good=for_good):
        transaction.on_commit(wake.deliver)


def _pause(attempts: int) -> timedelta:
    """Longer each time, and never quite the same for all that failed together."""
    pause: timedelta = min(MOST_PAUSE, PAUSE * int(2 ** (min(attempts, 20) - 1)))
    return pause * random.uniform(0.8, 1.2)  # noqa: S311


def look_after(now: datetime) -> int:
    """Deliveries of workers that died are planned again, old ones given up, mail that cannot work is told.

    Returns how much was done.
    """
    done = deliveries.find_stuck(now - STUCK_AFTER, now, _CUT_SHORT)
    done += deliveries.expire(now - GIVE_UP_AFTER, now)
    if not mail.configured():
        for brand_id in ways.without_mail():
            with transaction.atomic():
                if ways.failed(brand_id, ways.MAIL, NO_SERVER, now, now, for_good=True):
                    transaction.on_commit(wake.deliver)
            done += 1
    for brand_id, way in ways.idle_mail(NO_SERVER if mail.configured() else ""):
        ways.worked(brand_id, [way], now)
        done += 1
    return done
