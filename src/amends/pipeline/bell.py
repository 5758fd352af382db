"""Tells the workers of deliveries without costing each of them a job: at once, then a few times a second."""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta

from django.db import Error as DatabaseError
from django.db import close_old_connections
from django.db.models import Q

from amends.pipeline import wake
from amends.store.models import Account

PAUSE = 0.1
"""Seconds between two hints of one process: what a person cannot tell from at once."""
EVENT_NOTED_EVERY = timedelta(seconds=5)
_log = logging.getLogger(__name__)


class Bell:
    """Rings for the workers in a thread of its own; however often it is pulled, one hint is left at a time.

    Losing a ring loses nothing: the workers look by themselves every few seconds.
    """

    def __init__(self) -> None:
        self._pulled = threading.Event()
        self._lock = threading.Lock()
        self._accounts: dict[int, datetime] = {}
        self._thread: threading.Thread | None = None

    def pull(self, account_id: int, now: datetime) -> None:
        """Something came to this account; returns at once."""
        with self._lock:
            self._accounts[account_id] = now
            if self._thread is None or not self._thread.is_alive():  # not there yet, or lost in a fork
                self._thread = threading.Thread(target=self._ring, name="bell", daemon=True)
                self._thread.start()
        self._pulled.set()

    def _ring(self) -> None:
        pause = threading.Event()
        while self._pulled.wait():
            self._pulled.clear()
            with self._lock:
                came, self._accounts = self._accounts, {}
            close_old_connections()
            wake.take()
            _note(came)
            pause.wait(PAUSE)


def _note(came: dict[int, datetime]) -> None:
    """When something last came to an account, to some seconds: a row that every delivery would write to
    would make them wait for each other."""
    try:
        for account_id, at in came.items():
            stale = Q(last_event_at=None) | Q(last_event_at__lt=at - EVENT_NOTED_EVERY)
            Account.objects.filter(stale, pk=account_id).update(last_event_at=at)
    except DatabaseError:
        _log.warning("When something last came could not be noted; what came is kept.")
