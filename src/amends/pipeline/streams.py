"""Streams: which ones are to be open, and what is kept of what they tell. Polls find what a stream lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from amends.channels.protocol import Channel, Connected, Event, Heard, Receipt, Request
from amends.channels.registry import driver
from amends.pipeline import wake
from amends.pipeline.act import connected
from amends.pipeline.poll import ASKED, STREAMED, keep
from amends.store import models, sealed


@dataclass(frozen=True, slots=True)
class Source:
    """One account's stream: what to open, and how to understand what it tells."""

    channel: Channel
    account: Connected
    request: Request

    def hear(self, event: Event) -> Heard:
        """What an event means."""
        return self.channel.hear(self.account, event)


def wanted() -> dict[int, Source]:
    """The accounts whose network offers a stream, by id; those that were never polled wait for that."""
    found = {}
    for account in models.Account.objects.filter(active=True, settings__has_key=ASKED):
        channel = driver(account.channel)
        if channel is None or Receipt.STREAM not in channel.capabilities.receipts:
            continue
        try:
            known = connected(account)
        except sealed.CannotOpen:  # polls say so on the account
            continue
        if request := channel.stream(known):
            found[account.pk] = Source(channel, known, request)
    return found


def store(account_id: int, heard: Sequence[Heard], now: datetime) -> None:
    """Keep what a stream told, and have done at once what it asks for."""
    account = models.Account.objects.filter(pk=account_id, active=True).first()
    if account is None:
        return
    items = [item for one in heard for item in one.items]
    unread = [item for one in heard for item in one.unread]
    if items:
        models.Account.objects.filter(pk=account_id).update(last_event_at=now)
    if (items or unread) and keep(account, items, unread, STREAMED, now):
        wake.take()
    if again := list(dict.fromkeys(remote_id for one in heard for remote_id in one.again)):
        wake.look_at(account_id, again)
    if any(one.poll for one in heard):
        wake.poll(account_id)
