"""The settings about how the desk is reached and whom it reaches: address, proxies, webhooks, exceptions."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping

from amends.core import hosts, proxies
from amends.site import ports
from amends.site.setting import SettingError, shown, whole

URL = "AMENDS_URL"
TRUSTED = "AMENDS_TRUSTED_PROXIES"
HOOK_POSTS = "AMENDS_HOOK_POSTS_PER_MINUTE"
ALLOWED = "AMENDS_ALLOW_HOSTS"
DEFAULT_PORT = 8010
DEFAULT_HOOK_POSTS = 60_000


class PublicError(SettingError):
    """A setting about the desk's address cannot be understood."""


def address(environ: Mapping[str, str]) -> hosts.Origin | None:
    """The address that people open, as browsers spell it; None where none is set."""
    given = environ.get(URL, "").strip()
    try:
        return hosts.origin(given) if given else None
    except hosts.NotAnOrigin as error:
        raise PublicError(
            f"{URL} is “{shown(given)}”: {error}. Write it like https://desk.example.org. "
            "Nothing was started."
        ) from None


def default_address(host: str = "127.0.0.1", port: int = DEFAULT_PORT) -> hosts.Origin:
    """The address of a desk that is served there and was given no other."""
    try:
        return hosts.origin(ports.shown(host, port))
    except hosts.NotAnOrigin:
        return hosts.origin(ports.shown("127.0.0.1", port))


def settle(environ: MutableMapping[str, str], host: str, port: int) -> None:
    """From now on the environment names the address: the one given, else where the desk is served."""
    environ[URL] = str(address(environ) or default_address(host, port))


def trusted_proxies(environ: Mapping[str, str]) -> proxies.Networks:
    """The proxies whose word about a request is believed; none unless they are named."""
    try:
        return proxies.networks(environ.get(TRUSTED, ""))
    except proxies.NotANetwork as error:
        raise PublicError(
            f"{TRUSTED} names “{shown(str(error))}”, which is no address and no network. Write "
            "addresses with commas, like 127.0.0.1,10.0.0.0/8. Nothing was started."
        ) from None


def hook_posts_per_minute(environ: Mapping[str, str]) -> int:
    """How many posts a source of webhooks may bring in a minute, in each web process."""
    return whole(environ, HOOK_POSTS, DEFAULT_HOOK_POSTS, least=1, most=10**9 - 1)


def allow_hosts(environ: Mapping[str, str]) -> frozenset[str]:
    """The places inside the own network that the desk may talk with, as `hosts.named` spells them."""
    try:
        return hosts.places(environ.get(ALLOWED, ""))
    except hosts.NotAPlace as error:
        raise PublicError(
            f"{ALLOWED} names “{shown(str(error))}”, which is no host with a port. Write places with commas, "
            "like social.lan:443,10.0.0.1:8080. Nothing was started."
        ) from None


def check(environ: Mapping[str, str]) -> None:
    """Raise what any of these settings raises, before anything is started."""
    for read in (address, trusted_proxies, hook_posts_per_minute, allow_hosts):
        read(environ)
