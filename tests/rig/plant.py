"""Run inside a desk's environment: connect the brand's account, if its network is named, and make a token.

Prints the token.
"""

from __future__ import annotations

import os
import sys

from amends.site.desk import desk


def plant(brand_name: str, network: str, token: str) -> str:
    """The secret of a new API token of the brand's admin; an account on `network` is connected first."""
    from amends import clock
    from amends.channels.drive import Http
    from amends.core.scopes import Scope
    from amends.pipeline import accounts, tokens
    from amends.store.models import Brand, User

    brand, admin, now = Brand.objects.get(name=brand_name), User.objects.earliest("pk"), clock.now()
    if network:
        with Http(allow_hosts=frozenset({network.removeprefix("http://")}), now=clock.now) as wire:
            accounts.connect(
                brand.pk, "fake", base_url=network, handle="", token=token, by=admin, now=now, wire=wire
            )
    return tokens.make_token(admin, brand.pk, "rig", list(Scope), None, now)[1]


if __name__ == "__main__":
    with desk():
        secret = plant(sys.argv[1], sys.argv[2], os.environ["AMENDS_FAKE_TOKEN"])
    sys.stdout.write(secret)
