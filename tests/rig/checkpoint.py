"""Run inside a desk's environment: signs what the record holds by now, as a worker does every minute."""

from __future__ import annotations

from amends.site.desk import desk


def sign() -> None:
    """One more line in checkpoints.jsonl."""
    from django.conf import settings

    from amends import clock
    from amends.store import checkpoints

    checkpoints.advance(settings.CHECKPOINTS, settings.HISTORY_KEY(), clock.now())


if __name__ == "__main__":
    with desk():
        sign()
