"""All operations of `/api/v1`."""

from __future__ import annotations

from amends.api import (
    accounts,
    actions,
    alerting,
    alerts,
    at_work,
    brand,
    cases,
    failures,
    installation,
    live,
    now,
    people,
    policy_text,
    posts,
    regroup,
    sends,
    sign_ins,
    sources,
    stats,
    tokens,
)
from amends.api.desk import Desk, addresses

api = Desk("1")
api.add_router("", posts.router, tags=["Posts"])
api.add_router("", cases.router, tags=["Cases"])
api.add_router("", actions.router, tags=["Work on a case"])
api.add_router("", regroup.router, tags=["Work on a case"])
api.add_router("", alerts.router, tags=["Work on a case"])
api.add_router("", alerting.router, tags=["Work on a case"])
api.add_router("", sends.router, tags=["Sends"])
api.add_router("", live.router, tags=["Live"])
api.add_router("", now.router, tags=["Figures"])
api.add_router("", brand.router, tags=["Brand and policy"])
api.add_router("", policy_text.router, tags=["Brand and policy"])
api.add_router("", people.router, tags=["People"])
api.add_router("", at_work.router, tags=["People"])
api.add_router("", sign_ins.router, tags=["Accounts"])
api.add_router("", accounts.router, tags=["Accounts"])
api.add_router("", sources.router, tags=["Accounts"])
api.add_router("", tokens.router, tags=["Tokens"])
api.add_router("", stats.router, tags=["Figures"])
api.add_router("", failures.router, tags=["Figures"])
api.add_router("", installation.router, tags=["Installation"])

patterns = addresses(api)
