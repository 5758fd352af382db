"""Look again: find edits and deletions where no poll tells of them, often at first, then ever more rarely."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from amends.channels import drive
from amends.channels.drive import Wire
from amends.channels.errors import ChannelError
from amends.channels.protocol import Channel, Standing
from amends.channels.registry import driver
from amends.pipeline.act import connected
from amends.pipeline.poll import POLLED, keep
from amends.store import accounts, looking, models, sealed

LOOKED, EVERY = "looked_at", timedelta(minutes=1)
AGES = (
    *(timedelta(minutes=minutes) for minutes in (1, 4, 15)),
    *(timedelta(hours=hours) for hours in (1, 3, 8)),
    *(timedelta(days=days) for days in (1, 2, 4, 7)),
)
"""The ages at which a post is looked at again; after the last one only a stream may tell of a change."""
MOST = 100
"""Posts in one look; of more, the newest. The others are looked at again at their next age."""


def look_again(account_id: int, wire: Wire, now: datetime) -> int:
    """Look at the account's posts that have come of age since the last look; returns how many changed."""
    account = _account(account_id, now)
    channel = driver(account.channel) if account else None
    if account is None or channel is None or channel.capabilities.tells_changes:
        return 0
    before = accounts.moment(account.settings, LOOKED) or now - EVERY
    if now - before < EVERY:
        return 0
    spans = [(before - age, now - age) for age in AGES]
    changed = _look(
        account, channel, looking.posted_within(account.brand_id, account.pk, spans, MOST), wire, now
    )
    if changed is not None:
        accounts.remember(account_id, {LOOKED: now})
    return changed or 0


def look_at(account_id: int, remote_ids: Collection[str], wire: Wire, now: datetime) -> int:
    """Look at these posts, if the desk has them; returns how many have changed."""
    account = _account(account_id, now)
    channel = driver(account.channel) if account else None
    if account is None or channel is None:
        return 0
    found = looking.named(account.brand_id, account.channel, remote_ids)
    return _look(account, channel, found, wire, now) or 0


def _account(account_id: int, now: datetime) -> models.Account | None:
    return models.Account.objects.filter(pk=account_id, active=True).exclude(retry_at__gt=now).first()


def _look(
    account: models.Account, channel: Channel, posts: Sequence[looking.Post], wire: Wire, now: datetime
) -> int | None:
    """How many have changed; None when the network could not be asked."""
    if not posts:
        return 0
    standing = [_standing(post) for post in posts]
    try:
        changed = drive.run(channel.look_again(connected(account), standing), wire)
    except (ChannelError, sealed.CannotOpen):  # the next poll says what is wrong
        return None
    return keep(account, changed, (), POLLED, now)


def _standing(post: looking.Post) -> Standing:
    return Standing(
        id=post.remote_id,
        author_id=post.author_id,
        created_at=post.posted_at,
        direction=post.direction,
        visibility=post.visibility,
        edited_at=post.edited_at,
    )
