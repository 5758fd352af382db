"""Who is signed in: Django's sessions in the database, looked up without building the query anew each time.

Every request looks one up; by the ORM that took a fifth of the time of an open list drawn anew.
"""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db
from django.db import connection

from amends import clock

_SQL = "SELECT session_data FROM django_session WHERE session_key = %s AND expire_date > %s"


class SessionStore(db.SessionStore):
    """As Django's own; only looking up differs."""

    def load(self) -> dict[str, Any]:
        """What the session holds; empty, and no session any more, where there is none that still holds."""
        with connection.cursor() as cursor:
            cursor.execute(_SQL, [self.session_key, clock.now()])
            row = cursor.fetchone()
        if row is None:
            self._session_key = None
            return {}
        held: dict[str, Any] = self.decode(row[0])
        return held
