"""Cases and facts for the tests of the rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from amends.core.case import Case, opening
from amends.core.decide import decide
from amends.core.events import Facts, PostsChanged
from amends.core.policy import Policy
from amends.core.values import Kind, Severity

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
POSTED = NOW - timedelta(minutes=10)
POLICY = Policy()


def facts(**changes: object) -> Facts:
    """One unanswered complaint of medium severity, ten minutes old, with `changes`."""
    plain = Facts(
        kind=Kind.COMPLAINT,
        severity=Severity.MEDIUM,
        first_post_at=POSTED,
        last_post_at=POSTED,
        oldest_waiting=POSTED,
        first_answer_at=None,
        posts_in=1,
        lead=71,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def fresh(now: datetime = NOW, policy: Policy = POLICY, **changes: object) -> Case:
    """A case just opened from `facts(**changes)`."""
    known = facts(**changes)
    born = opening(1, "fake", known, now)
    event = PostsChanged(known, offset=timedelta(0), joined=(71,), wants=True)
    return decide(born, event, policy, now).case
