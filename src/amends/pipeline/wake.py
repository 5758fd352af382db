"""Hints to the workers that there is something to do. Losing one loses nothing: the sweep looks too."""

from __future__ import annotations

import logging

from django.db import Error as DatabaseError
from procrastinate import exceptions
from procrastinate.contrib.django import app

_log = logging.getLogger(__name__)


def act() -> None:
    """There is something to send."""
    _hint("act")


def take() -> None:
    """There are kept items to take in."""
    _hint("take")


def revoke() -> None:
    """There is a token to be ended on its server."""
    _hint("revoke")


def _hint(task: str) -> None:
    """One waiting hint a task is enough. Called outside a transaction, so that a clash harms nothing."""
    try:
        app.configure_task(f"amends.{task}", queueing_lock=task, lock=None).defer()
    except exceptions.AlreadyEnqueued:
        return
    except (exceptions.ConnectorException, DatabaseError):
        _log.warning("The hint “%s” could not be left; the sweep will find the work.", task)
