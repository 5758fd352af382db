"""Sources: how an admin lets another system deliver posts of one channel by signed webhook.

The secret is shown once and kept sealed. A new one leaves the old one good for a day, so that no delivery
is lost while the other system is told; disconnecting (`accounts.disconnect`) ends all of them at once.
"""

from __future__ import annotations

import re
import secrets
from datetime import datetime, timedelta

from django.db import transaction

from amends.channels.registry import CHANNELS
from amends.core import signed
from amends.core.case import NotPossible
from amends.pipeline import hooks
from amends.pipeline.import_fields import DEFAULT_CHANNEL
from amends.pipeline.people_checks import BadField
from amends.pipeline.standing import as_admin, on_record
from amends.store import sealed
from amends.store import sources as kept
from amends.store.models import Account, User
from amends.store.plain import plain
from amends.store.sources import MARK, Secret, is_source

OVERLAP = timedelta(hours=24)
KEY_BYTES, SECRET_BYTES = 18, 32
PATH = "/hooks/"
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?\Z", re.ASCII)


def make(brand_id: int, channel: str, by: User, now: datetime) -> tuple[Account, str]:
    """A source for one channel of a brand, and its secret, which is shown once.

    One that was disconnected comes back under its address with a new secret. Raises BadField or NotForYou.
    """
    name = _name(channel)
    with transaction.atomic():
        as_admin(brand_id, by)
        there = Account.objects.filter(brand_id=brand_id, channel=name).first()
        if there is not None and (there.active or not is_source(there)):
            raise BadField("channel", f"“{name}” has a source already; give that one a new secret.")
        account = there or Account(
            brand_id=brand_id,
            channel=name,
            handle=name,
            remote_id=secrets.token_urlsafe(KEY_BYTES),
            settings={MARK: 0},
            created_at=now,
        )
        account.active = True
        secret = _give(account, ())
        on_record(brand_id, by, "source made", {"channel": name}, now)
    hooks.known.forget()
    return account, secret


def renew(account: Account, by: User, now: datetime) -> str:
    """A new secret for a source, shown once; the one of before ends a day from now, any older one now."""
    with transaction.atomic():
        as_admin(account.brand_id, by)
        held = Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        if not (held.active and is_source(held)):
            raise NotPossible("This source is disconnected; nothing was changed. Make it anew instead.")
        secret = _give(held, _ending(held, now + OVERLAP))
        on_record(held.brand_id, by, "source given a new secret", {"channel": held.channel}, now)
    hooks.known.forget()
    return secret


def old_secret_until(account: Account, now: datetime) -> datetime | None:
    """Until when the secret of before is good, if one still is."""
    try:
        found = [s.until for s in kept.secrets_of(account)[1:] if s.holds(now)]
    except sealed.CannotOpen:
        return None
    return found[0] if found else None


def address(account: Account, site: str) -> str:
    """Where a source's deliveries are posted to."""
    return f"{site}{PATH}{account.remote_id}"


def _give(account: Account, others: tuple[Secret, ...]) -> str:
    secret = signed.spelled(secrets.token_bytes(SECRET_BYTES))
    account.token = kept.seal([Secret(secret), *others])
    account.settings = {**account.settings, MARK: int(account.settings[MARK]) + 1}
    account.trouble, account.retry_at = "", None
    account.save()
    return secret


def _ending(account: Account, until: datetime) -> tuple[Secret, ...]:
    """The newest secret, good until then; none where it cannot be opened any more."""
    try:
        return tuple(Secret(newest.spelled, until) for newest in kept.secrets_of(account)[:1])
    except sealed.CannotOpen:
        return ()


def _name(channel: str) -> str:
    name = plain(channel).strip().lower()
    if not _NAME.match(name):
        raise BadField(
            "channel",
            "Name the channel in at most 40 small letters, digits, dots and hyphens, like “forum”.",
        )
    if name in CHANNELS or name == DEFAULT_CHANNEL:
        raise BadField("channel", f"“{name}” is a channel of the desk's own; choose another name.")
    return name
