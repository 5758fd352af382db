"""`amends fake-network`: the fake network with the living sample on it."""

from __future__ import annotations

from collections.abc import Sequence

from amends.channels import fake_server
from amends.channels.fake_deeds import Clock
from amends.sample.teller import Telling


def main(argv: Sequence[str], *, now: Clock) -> int:
    """Run the network with its story until told to stop; the exit codes are those of `fake_server.main`."""
    return fake_server.main(argv, now=now, teller=Telling)
