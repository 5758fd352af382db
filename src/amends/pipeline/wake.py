"""Hints to the workers that there is something to do. Losing one loses nothing: the sweep looks too."""

from __future__ import annotations

import logging
from typing import Any

from django.db import Error as DatabaseError
from procrastinate import exceptions
from procrastinate.contrib.django import app

_log = logging.getLogger(__name__)


def act() -> None:
    """There is something to send."""
    _hint("act")


def deliver() -> None:
    """There is an alert to deliver."""
    _hint("deliver")


def take() -> None:
    """There are kept items to take in."""
    _hint("take")


def give() -> None:
    """There are cases that nobody has, or somebody who may be given some."""
    _hint("give")


def revoke() -> None:
    """There is a token to be ended on its server."""
    _hint("revoke")


def poll(account_id: int) -> None:
    """There may be something new of an account."""
    key = f"poll {account_id}"
    _hint("poll_account", key, key, account_id=account_id)


def look_at(account_id: int, remote_ids: list[str]) -> None:
    """Posts of an account may have changed on their network."""
    _hint("look_at", f"look {account_id} {','.join(remote_ids)}"[:100], account_id=account_id, ids=remote_ids)


def _hint(task: str, waiting: str | None = None, lock: str | None = None, **about: Any) -> None:
    """One waiting hint a task is enough. Called outside a transaction, so that a clash harms nothing."""
    try:
        app.configure_task(f"amends.{task}", queueing_lock=waiting or task, lock=lock).defer(**about)
    except exceptions.AlreadyEnqueued:
        return
    except (exceptions.ConnectorException, DatabaseError):
        _log.warning("The hint “%s” could not be left; the sweep will find the work.", task)
