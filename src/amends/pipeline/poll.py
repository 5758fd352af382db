"""Poll: ask each connected account's network what is new; the cursor is saved with the rows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from amends.channels import drive
from amends.channels.drive import Wire
from amends.channels.errors import AuthExpired, ChannelError, RateLimited
from amends.channels.protocol import Channel, Connected, Page, Seen, Unread
from amends.channels.registry import driver
from amends.pipeline.act import connected
from amends.pipeline.receive import Item, NotAPost, checked, receive
from amends.store import accounts, models, raw, sealed, streams

MOST_PAGES = 50
PAUSE, MOST_PAUSE = timedelta(seconds=3), timedelta(seconds=30)
RECONNECT_PAUSE = timedelta(minutes=10)
ASKED, ASK_AGAIN = "told_at", timedelta(hours=1)
"""How often a server is asked what it says of itself: limits and where its stream is."""
EARLY = timedelta(seconds=2)
"""Whoever asks which accounts are due comes round every few seconds; rather early than a round late."""
POLLED, STREAMED = "poll", "stream"


def poll_account(account_id: int, wire: Wire, now: datetime) -> int:
    """Fetch everything new of one account; returns how many items were new.

    One poller an account at a time. A failure leaves the cursor where it was, and the trouble on the account.
    """
    new = 0
    for _ in range(MOST_PAGES):
        with transaction.atomic():
            account = (
                models.Account.objects.select_for_update(skip_locked=True, no_key=True)
                .filter(pk=account_id, active=True)
                .first()
            )
            if account is None or (account.retry_at and account.retry_at > now):
                return new
        page = _fetch(account, wire, now)
        if page is None:
            return new
        new += _keep(account, page, now)
        if not page.more or page.rest_until:
            return new
    return new


def due_accounts(now: datetime) -> list[int]:
    """Accounts that are to be polled now: less often where a stream tells what happens."""
    rows = models.Account.objects.filter(active=True).exclude(retry_at__gt=now)
    streamed = streams.open_now()
    due = []
    for pk, channel, polled_at in rows.values_list("pk", "channel", "polled_at"):
        if known := driver(channel):
            can = known.capabilities
            every = can.poll_beside_stream if pk in streamed else can.poll_every
            if polled_at is None or polled_at + every <= now + EARLY:
                due.append(pk)
    return due


def _fetch(account: models.Account, wire: Wire, now: datetime) -> Page | None:
    channel = driver(account.channel)
    if channel is None:
        return None
    try:
        known = _told(account, channel, wire, now)
        return drive.run(channel.poll(known, account.cursor), wire)
    except (ChannelError, sealed.CannotOpen) as error:
        retry_at = _retry_at(account, error, now)
        models.Account.objects.filter(pk=account.pk).update(trouble=str(error)[:300], retry_at=retry_at)
        return None


def _told(account: models.Account, channel: Channel, wire: Wire, now: datetime) -> Connected:
    """The account, with what its server says of itself: asked once in a while, and before anything else."""
    known, asked_at = connected(account), accounts.moment(account.settings, ASKED)
    if asked_at and now - asked_at < ASK_AGAIN:
        return known
    try:
        told = drive.run(channel.about(known), wire)
    except ChannelError:
        if asked_at is None:
            raise
        return known
    accounts.remember(account.pk, {accounts.SERVER: told, ASKED: now})
    return replace(known, settings=told)


def _retry_at(account: models.Account, error: ChannelError | sealed.CannotOpen, now: datetime) -> datetime:
    """When to ask again: soon after a hiccup, ever later the longer the network has not answered."""
    if isinstance(error, RateLimited):
        return error.retry_at
    if isinstance(error, AuthExpired | sealed.CannotOpen):
        return now + RECONNECT_PAUSE
    silent = now - (account.polled_at or account.created_at)
    return now + min(MOST_PAUSE, max(PAUSE, silent / 2))


def _keep(account: models.Account, page: Page, now: datetime) -> int:
    """Store the page and the new cursor as one, unless somebody else has moved the cursor meanwhile."""
    with transaction.atomic():
        moved = models.Account.objects.filter(pk=account.pk, cursor=account.cursor).update(
            cursor=page.cursor,
            polled_at=now,
            trouble="",
            retry_at=page.rest_until,
            **({"last_event_at": now} if page.items else {}),
        )
        return keep(account, page.items, page.unread, POLLED, now) if moved else 0


def keep(
    account: models.Account, items: Iterable[Seen], unread: Iterable[Unread], source: str, now: datetime
) -> int:
    """Store what an account's network has shown, once, and what of it cannot be a post; returns how many
    items were new."""
    good: list[tuple[Item, bytes]] = []
    bad: list[tuple[bytes, str]] = [(item.raw, item.reason) for item in unread]
    for seen in items:
        try:
            good.append((checked(_item(account.channel, seen), now), seen.raw))
        except NotAPost as error:
            bad.append((seen.raw, str(error)))
    with transaction.atomic():
        received = receive(account.brand_id, good, source=source, account_id=account.pk, now=now)
        _keep_bad(account, bad, now)
    return received.new


def _keep_bad(account: models.Account, bad: Sequence[tuple[bytes, str]], now: datetime) -> None:
    raw.insert_failed(account.brand_id, account.pk, account.channel, bad, now)


def _item(channel: str, seen: Seen) -> Item:
    return Item(
        channel=channel,
        remote_id=seen.id,
        author_id=seen.author_id,
        text=seen.text,
        posted_at=seen.created_at,
        author_handle=seen.author_handle,
        author_name=seen.author_name,
        in_reply_to=seen.in_reply_to or "",
        conversation_id=seen.conversation_id or "",
        direction=seen.direction,
        visibility=seen.visibility,
        url=seen.url,
        lang=seen.lang,
        edited_at=seen.edited_at,
        deleted=seen.deleted,
        noticed_at=seen.noticed_at,
        author_followers=seen.author_followers,
    )
