"""Signed deliveries: who may bring them, and what of them is kept. What is called kept is on disk."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from amends.core import signed
from amends.core.signed import Envelope
from amends.pipeline import offered
from amends.pipeline.bell import Bell
from amends.pipeline.import_fields import Rules
from amends.pipeline.offered import Told
from amends.pipeline.receive import Item, NotAPost, as_raw
from amends.store import raw, sources
from amends.store.raw import NewRaw
from amends.store.sources import Source

MOST_POSTS = 500
LOOK_AGAIN = timedelta(seconds=1)
"""How soon after the last look what is not known, or wrongly signed, makes us look again: a new source or
secret works within a second in every process, and strangers cost one small query a second at most."""
MOST_KEYS = 2
"""Keys that a source can have at once: so many are tried for everybody, so that the time tells nothing."""
_NOBODY = tuple(secrets.token_bytes(32) for _ in range(MOST_KEYS))
bell = Bell()


class Known:
    """The sources as this process has read them. That may be old: `sources.keep` finds out."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sources: dict[str, Source] = {}
        self._read_at: datetime | None = None

    def get(self, key: str, now: datetime) -> Source | None:
        """The source that is posted to under this key; they are read at the first question."""
        if self._read_at is None:
            self.look_again(now)
        return self._sources.get(key)

    def look_again(self, now: datetime) -> bool:
        """Read them anew, unless that was done just now; whether it was worth it."""
        with self._lock:
            if self._read_at is not None and timedelta() <= now - self._read_at < LOOK_AGAIN:
                return False
            self._sources = {source.key: source for source in sources.active()}
            self._read_at = now
            return True

    def forget(self) -> None:
        """Read them anew at the next question."""
        self._read_at = None


known = Known()


def let_in(key: str, envelope: Envelope, body: bytes, now: datetime) -> Source | None:
    """The source that signed this body, or None: nobody is told whether there is one under this key."""
    if not signed.is_timely(envelope, now):
        return None
    found = _signer(known.get(key, now), envelope, body, now)
    if found is None and known.look_again(now):
        return _signer(known.get(key, now), envelope, body, now)
    return found


def _signer(source: Source | None, envelope: Envelope, body: bytes, now: datetime) -> Source | None:
    keys = [signed.key_of(s.spelled) for s in source.secrets if s.holds(now)] if source else []
    if signed.is_signed(keys, envelope, body):
        return source
    signed.is_signed(_NOBODY[len(keys) :], envelope, body)
    return None


def keep(source: Source, offers: Sequence[object], body: bytes, now: datetime) -> list[Told] | None:
    """Keep what was offered, and the refused as failed with their reasons; what became of each, in order.

    None, and nothing is kept, where the source is not what it was when it was let in.
    """
    rules = Rules(now, brand=source.brand, channel=source.channel)
    posts, why = offered.read_all(offers, lambda offer: _own(offer, rules))
    whole = len(offers) == 1
    rows = [as_raw(item, body if whole else payload) for item, payload in posts]
    fresh = _stored(source, rows, [(_bytes(offers[place]), why[place]) for place in why], now)
    if fresh is None:
        return None
    bell.pull(source.account_id, now)
    return offered.tell(offers, why, fresh)


def _own(offer: object, rules: Rules) -> tuple[Item, bytes]:
    """The post, if it is of the one channel that the source speaks for."""
    item, payload = offered.read(offer, rules)
    if item.channel != rules.channel:
        raise NotAPost(f"channel is “{item.channel}”; this source brings posts of “{rules.channel}” only")
    return item, payload


def _stored(
    source: Source, rows: Sequence[NewRaw], bad: Sequence[tuple[bytes, str]], now: datetime
) -> list[bool] | None:
    if not bad:
        return sources.keep(source, rows, now)
    with transaction.atomic():
        fresh = sources.keep(source, rows, now)
        if fresh is not None:
            raw.insert_failed(
                source.brand_id, source.account_id, source.channel, bad, now, sources.ARRIVED_BY
            )
    return fresh


def _bytes(offer: object) -> bytes:
    try:
        return offered.payload_of(offer)
    except NotAPost as error:
        return str(error).encode()
