"""The settings about how the desk is reached: the proxies that are believed, and what webhooks may bring."""

from __future__ import annotations

from collections.abc import Mapping

from amends.core import proxies
from amends.site.errors import SiteError

TRUSTED = "AMENDS_TRUSTED_PROXIES"
HOOK_POSTS = "AMENDS_HOOK_POSTS_PER_MINUTE"
DEFAULT_HOOK_POSTS = 60_000


class PublicError(SiteError):
    """A setting about the desk's address cannot be understood."""


def trusted_proxies(environ: Mapping[str, str]) -> proxies.Networks:
    """The proxies whose word about a request is believed; none unless they are named."""
    try:
        return proxies.networks(environ.get(TRUSTED, ""))
    except proxies.NotANetwork as error:
        raise PublicError(
            f"{TRUSTED} names “{error}”, which is no address and no network. Write addresses with commas, "
            "like 127.0.0.1,10.0.0.0/8. Nothing was started."
        ) from None


def hook_posts_per_minute(environ: Mapping[str, str]) -> int:
    """How many posts a source of webhooks may bring in a minute, in each web process."""
    given = environ.get(HOOK_POSTS, "").strip() or str(DEFAULT_HOOK_POSTS)
    if not (given.isascii() and given.isdigit() and 0 < int(given[:12]) < 10**9):
        raise PublicError(f"{HOOK_POSTS} is “{given}”; it must be a whole number. Nothing was started.")
    return int(given)
