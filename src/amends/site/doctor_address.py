"""What is wrong with the way to the desk: its address, the proxies before it, and what lacks a public one."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from email.message import Message
from typing import IO, Any

from amends.core import addresses
from amends.site import public
from amends.site.errors import SiteError
from amends.site.finding import Finding, Level

PATIENCE = 5.0
_MOST_BYTES = 4096
_DOCS = "docs/run.md, “Behind a proxy”, says how"


def address() -> Finding:
    """What the address itself tells."""
    try:
        given = public.address(os.environ)
    except SiteError as error:
        return Finding("address", Level.BAD, str(error), f"{_DOCS[0].upper()}{_DOCS[1:]}.")
    if not given:
        return Finding("address", Level.OK, f"AMENDS_URL is not set: {_default()} or as served")
    url = str(given)
    if _is_open(url):
        return Finding(
            "address",
            Level.BAD,
            f"{url} is not encrypted: passwords can be read on the way",
            f"Put a proxy with a certificate in front and set AMENDS_URL to its https address; {_DOCS}.",
        )
    return Finding("address", Level.OK, url)


def trusted() -> Finding:
    """Which proxies are believed, and whether that can be right."""
    try:
        named = public.trusted_proxies(os.environ)
    except SiteError as error:
        return Finding("proxies", Level.BAD, str(error), f"{_DOCS[0].upper()}{_DOCS[1:]}.")
    told = ", ".join(str(network) for network in named)
    if any(network.prefixlen == 0 for network in named):
        text = f"everybody is believed about who they are ({told})"
        return Finding("proxies", Level.WARN, text, "Name the addresses of your own proxies only.")
    if _url().startswith("https:") and not named:
        text = "none is trusted, though one must stand before the desk: all visitors look like one"
        return Finding("proxies", Level.WARN, text, f"Name it in {public.TRUSTED}; {_DOCS}.")
    return Finding("proxies", Level.OK, f"trusted: {told}" if told else "none is trusted")


def features() -> Finding:
    """Which features lack an address that everybody can open; asks the database what is in use."""
    from amends.store import models
    from amends.store.sources import MARK

    url = _url() or _default()
    if addresses.is_public(url):
        return Finding("public address", Level.OK, url)
    sources = models.Account.objects.filter(active=True, settings__has_key=MARK).count()
    where = "this machine" if addresses.is_here(url) else "your own network"
    lacking = [
        "links in invitations",
        "coming back by itself from an account's server (its code can be pasted)",
    ]
    waiting = f"deliveries by webhook ({sources} source{'' if sources == 1 else 's'})"
    text = f"none, {url} opens only on {where}. Beyond it these do not work: {waiting}, {', '.join(lacking)}"
    if asked := _asked():
        text += f". What is asked from here works without: {asked}"
    advice = f"Set AMENDS_URL to an https address whose proxy leads to this desk; {_DOCS}."
    return Finding("public address", Level.WARN if sources else Level.OK, text, advice if sources else "")


def _asked() -> str:
    """The channels that need nobody to reach us, with how many accounts are on each."""
    from collections import Counter

    from amends.channels.protocol import Receipt
    from amends.channels.registry import driver
    from amends.store import models

    held = Counter(models.Account.objects.filter(active=True).values_list("channel", flat=True))
    return ", ".join(
        f"{name} ({count} account{'' if count == 1 else 's'})"
        for name, count in sorted(held.items())
        if (found := driver(name)) and Receipt.WEBHOOK not in found.capabilities.receipts
    )


def reached() -> Iterator[Finding]:
    """Ask the desk by its own address what it sees of us, where it has one that may be asked."""
    url = _url()
    if not url or address().level is Level.BAD:
        return
    try:
        seen = _asked_for(url)
    except (OSError, ValueError) as error:
        yield Finding(
            "way in",
            Level.WARN,
            f"{url} does not answer from this machine ({_words(error)})",
            "Start the desk; then see name, proxy and certificate. If only this machine cannot, all is well.",
        )
        return
    yield _judged(url, seen)


def _judged(url: str, seen: dict[str, Any]) -> Finding:
    if not seen:
        return Finding(
            "way in",
            Level.WARN,
            f"something answers at {url}, but it is not this desk",
            f"Have the proxy pass all requests on to the desk, its processes with one secret key; {_DOCS}.",
        )
    peer = seen.get("peer", "")
    if seen.get("told") and not seen.get("trusted"):
        return Finding(
            "way in",
            Level.WARN,
            f"the proxy at {peer} is not trusted: to throttles everybody is one and the same visitor",
            f"Set AMENDS_TRUSTED_PROXIES={peer} if that is your proxy.",
        )
    parts = urllib.parse.urlsplit(url)
    if (seen.get("scheme"), seen.get("host")) != (parts.scheme, parts.netloc):
        return Finding(
            "way in",
            Level.WARN,
            f"the desk sees {seen.get('scheme')}://{seen.get('host')} where people open {url}",
            f"Have the proxy tell X-Forwarded-For, -Proto and -Host, and trust it; {_DOCS}.",
        )
    return Finding("way in", Level.OK, f"{url} leads to this desk")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """What the desk is asked is for the desk alone."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        """Go nowhere else."""


def _asked_for(url: str) -> dict[str, Any]:
    """What the desk sees of a request of ours; empty where something else answers."""
    from amends.web.reach import HEADER, token

    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())
    request = urllib.request.Request(f"{url}/reach/", headers={HEADER: token()})  # noqa: S310 - http or https, looked at before
    try:
        with opener.open(request, timeout=PATIENCE) as answer:
            found = json.loads(answer.read(_MOST_BYTES))
    except (urllib.error.HTTPError, json.JSONDecodeError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _words(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return (str(reason).strip().splitlines() or [type(error).__name__])[0]


def _url() -> str:
    """The address that is set; "" where none is, or none that can be read: `address` says so."""
    try:
        return str(public.address(os.environ) or "")
    except SiteError:
        return ""


def _default() -> str:
    return str(public.default_address())


def _is_open(url: str) -> bool:
    return urllib.parse.urlsplit(url).scheme == "http" and not addresses.is_here(url)
