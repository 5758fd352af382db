"""Run inside a desk's environment: make a source of webhooks. Prints its address and its secret."""

from __future__ import annotations

import sys

from amends.site.desk import desk


def plant(brand_name: str, channel: str) -> tuple[str, str]:
    """Path of the address and secret of a new source of the brand."""
    from amends import clock
    from amends.pipeline import sources
    from amends.store.models import Brand, User

    brand, admin = Brand.objects.get(name=brand_name), User.objects.earliest("pk")
    account, secret = sources.make(brand.pk, channel, admin, clock.now())
    return sources.address(account, ""), secret


if __name__ == "__main__":
    with desk():
        told = plant(sys.argv[1], sys.argv[2])
    sys.stdout.write(" ".join(told))
