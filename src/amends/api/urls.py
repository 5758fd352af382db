"""All operations of `/api/v1`."""

from __future__ import annotations

from amends.api import actions, cases, posts, sends
from amends.api.desk import Desk, addresses

api = Desk("1")
api.add_router("", posts.router, tags=["Posts"])
api.add_router("", cases.router, tags=["Cases"])
api.add_router("", actions.router, tags=["Work on a case"])
api.add_router("", sends.router, tags=["Sends"])

patterns = addresses(api)
