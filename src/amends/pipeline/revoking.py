"""Tokens that the desk uses no more are ended on their server too: soon, by a worker, as far as possible.

Nothing waits for it. A server may give the same token for the same app and account again, so a token is left
alone while any account still has it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from django.db import connection, transaction

from amends.channels import drive
from amends.channels.drive import Wire
from amends.channels.errors import ChannelError, Refused
from amends.channels.registry import signs_in
from amends.pipeline import network_apps, wake
from amends.store import sealed
from amends.store.models import Account, NetworkApp, Revocation

PAUSE, MOST_PAUSE = 60.0, 4 * 3600.0
"""Seconds before the next try: ever more, up to the most."""
MOST_TRIES = 12
_CLAIM = """
UPDATE store_revocation
SET tries = tries + 1, not_before = %s + make_interval(secs => LEAST(%s, %s * power(2, tries)))
WHERE id = (SELECT id FROM store_revocation WHERE not_before <= %s
    ORDER BY not_before, id LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id
"""
_log = logging.getLogger(__name__)


def plan(app_id: int, token: bytes, now: datetime) -> None:
    """Have a sealed token ended once the caller's transaction has been committed."""
    Revocation.objects.create(app_id=app_id, token=token, asked_at=now, not_before=now)
    transaction.on_commit(wake.revoke)


def keep(app: NetworkApp, secret: str) -> None:
    """Do not end this token after all: an account was given it again."""
    for row in Revocation.objects.filter(app__channel=app.channel, app__base_url=app.base_url):
        if _is(bytes(row.token), secret):
            row.delete()


def revoke_next(wire: Wire, clock: Callable[[], datetime]) -> bool:
    """Tell the next token's server that it is over, if one is due; whoever claims it tries it alone."""
    now = clock()
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, [now, MOST_PAUSE, PAUSE, now])
        row = cursor.fetchone()
    claimed = row and Revocation.objects.select_related("app").filter(pk=row[0]).first()
    if not claimed:
        return bool(row)
    if _over(claimed, wire) or claimed.tries >= MOST_TRIES:
        claimed.delete()
    return True


def _over(claimed: Revocation, wire: Wire) -> bool:
    """Whether nothing more is to be done about it: it was told, refused for good, or the token is in use."""
    app, network = claimed.app, signs_in(claimed.app.channel)
    try:
        secret = sealed.open_(bytes(claimed.token))
        if network is None or _in_use(app, secret):
            return True
        drive.run(network.revoke(app.base_url, network_apps.opened(app), secret), wire)
    except (Refused, sealed.CannotOpen) as error:
        _log.warning("A token that is used no more was not revoked at %s: %s", app.base_url, error)
    except ChannelError as error:
        _log.info("A token is yet to be revoked at %s: %s", app.base_url, error)
        return False
    return True


def _in_use(app: NetworkApp, secret: str) -> bool:
    held = Account.objects.filter(active=True, channel=app.channel, base_url=app.base_url).exclude(token=None)
    return any(_is(bytes(token or b""), secret) for token in held.values_list("token", flat=True))


def _is(token: bytes, secret: str) -> bool:
    try:
        return sealed.open_(token) == secret
    except sealed.CannotOpen:
        return False
