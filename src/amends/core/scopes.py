"""What an API token may be made for, and the role that each scope needs at the least."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from amends.core.values import Role


class Scope(StrEnum):
    """What a system may do with a token: read, answer and work on cases, bring posts in, or administer."""

    READ = "read"
    WRITE = "write"
    IMPORT = "import"
    ADMIN = "admin"

    @property
    def needs(self) -> Role:
        """The role that somebody must have for a token of theirs to have this scope."""
        return _NEEDS[self]


_NEEDS = {
    Scope.READ: Role.AGENT,
    Scope.WRITE: Role.AGENT,
    Scope.IMPORT: Role.SUPERVISOR,
    Scope.ADMIN: Role.ADMIN,
}


def within(role: Role, scopes: Iterable[Scope]) -> frozenset[Scope]:
    """Those of the scopes that the role covers; a token never gives more than its person's role."""
    return frozenset(scope for scope in scopes if role.covers(scope.needs))
