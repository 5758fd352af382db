"""Connecting an account by signing in on its own server: begun here, consented to there.

`pipeline.coming_back` finishes it. No network is spoken to inside a transaction.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction

from amends.channels import drive
from amends.channels.drive import Wire
from amends.channels.errors import ChannelError, HostRefused, Refused
from amends.channels.registry import driver, signs_in
from amends.channels.signing_in import SHOWN, Place, Server, SignsIn
from amends.core.case import NotPossible
from amends.pipeline import accounts, network_apps
from amends.pipeline.people_checks import BadField, PeopleError
from amends.pipeline.standing import as_admin
from amends.store import sealed
from amends.store.models import Account, SignIn, User
from amends.store.plain import plain

HOLDS_FOR = timedelta(minutes=10)
KEPT_FOR = timedelta(days=1)
MOST_BEGUN = 20
"""Sign-ins that one person may begin within `HOLDS_FOR`."""
SECRET_BYTES = 32
VERIFIER_BYTES = 48
BACK = "/connect/back"
"""The path that servers send people back to."""


class SignInGone(PeopleError):
    """What came back fits no sign-in that this person began in this browser and has not finished."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A sign-in under way; `url` is the server's consent page and holds the `state`."""

    sign_in: SignIn
    url: str = field(repr=False)

    @property
    def shows_code(self) -> bool:
        """Whether the server will show a code to be pasted, instead of sending the person back."""
        return shows_code(self.sign_in)


def channels() -> list[str]:
    """The networks whose accounts can be connected by signing in."""
    return [name for name in accounts.channels() if signs_in(name)]


def back() -> str:
    """The address that servers send people back to."""
    return settings.URL + BACK


def is_elsewhere(here: str) -> bool:
    """Whether somebody reaches the desk at another address than the one that servers send people back to."""
    return urlsplit(here)[:2] != urlsplit(settings.URL)[:2]


def shows_code(sign_in: SignIn) -> bool:
    """Whether this sign-in ends with a code to be pasted."""
    return sign_in.app.redirect == SHOWN


def begin(
    brand_id: int,
    channel: str,
    server: str,
    *,
    session: str,
    pasted: bool,
    by: User,
    now: datetime,
    wire: Wire,
) -> Begun:
    """Begin to connect an account on a server, however its address was typed.

    `session` names the browser's session, or is empty for a program. Raises BadField or NotPossible.
    """
    network = way_of(channel)
    place, wish = _read(network, server), _Wish(brand_id, session, by, None, pasted)
    return _begin(network, place, wish, now, wire)


def begin_again(
    account: Account, *, session: str, pasted: bool, by: User, now: datetime, wire: Wire
) -> Begun:
    """Begin to get a new token for an account that is known already. Raises BadField or NotPossible."""
    accounts.check_has_token(account)
    network, wish = way_of(account.channel), _Wish(account.brand_id, session, by, account, pasted)
    return _begin(network, _read(network, account.base_url), wish, now, wire)


def consent_page(sign_in: SignIn, session: str, now: datetime) -> str:
    """The consent page of a sign-in that ends with a pasted code, and so needs no state; or SignInGone."""
    if not _waits(sign_in, session, now):
        raise SignInGone("This sign-in is over. If the account is not in the list, begin again.")
    try:
        return _consent_page(sign_in, "")
    except sealed.CannotOpen as error:
        raise SignInGone(f"{error} Begin again after that.") from None


def _waits(sign_in: SignIn, session: str, now: datetime) -> bool:
    """Whether a sign-in of this browser can still be finished by pasting."""
    mine = shows_code(sign_in) and sign_in.session_hash in ("", session_hash(session))
    return mine and sign_in.used_at is None and sign_in.expires_at > now


def forget(now: datetime) -> int:
    """Drop old sign-ins, and apps that nothing needs any more; returns how many rows went."""
    gone = SignIn.objects.filter(expires_at__lt=now - KEPT_FOR).delete()[0]
    return gone + network_apps.forget_retired()


@dataclass(frozen=True, slots=True)
class _Wish:
    """Who wants what."""

    brand_id: int
    session: str = field(repr=False)
    by: User
    account: Account | None
    pasted: bool


def _read(network: SignsIn, typed: str) -> Place:
    try:
        return network.read(plain(typed))
    except HostRefused as error:
        raise BadField("server", error.text) from None


def _begin(network: SignsIn, place: Place, wish: _Wish, now: datetime, wire: Wire) -> Begun:
    with transaction.atomic():
        as_admin(wish.brand_id, wish.by)
    recent = SignIn.objects.filter(person=wish.by, created_at__gt=now - HOLDS_FOR)
    if recent.count() >= MOST_BEGUN:
        raise NotPossible("You have begun very many sign-ins. Finish one, or wait ten minutes.")
    try:
        server = drive.run(network.look_up(place), wire)
        _same_server(network, wish.account, server)
        app = network_apps.at(network, server, SHOWN if wish.pasted else back(), now, wire)
    except Refused as error:
        raise BadField("server", f"{error.text} Nothing was connected.") from None
    except ChannelError as error:
        raise NotPossible(f"{error.text} Nothing was connected; try again later.") from None
    state, verifier = secrets.token_urlsafe(SECRET_BYTES), secrets.token_urlsafe(VERIFIER_BYTES)
    made = SignIn.objects.create(
        app=app,
        brand_id=wish.brand_id,
        person=wish.by,
        account=wish.account,
        state_hash=sealed.secret_hash(state),
        session_hash=session_hash(wish.session),
        verifier=sealed.seal(verifier) if server.takes_challenge else None,
        issuer=server.issuer,
        issuer_told=server.tells_issuer,
        scopes=" ".join(server.scopes),
        handle=place.handle,
        created_at=now,
        expires_at=now + HOLDS_FOR,
    )
    return Begun(made, _consent_page(made, "" if shows_code(made) else state))


def _same_server(network: SignsIn, account: Account | None, server: Server) -> None:
    """A new token for an account must come from its own server."""
    if account is not None and network.read(account.base_url).base_url != server.base_url:
        raise Refused(f"The account is on {account.base_url}, which now points to {server.base_url}.")


def _consent_page(sign_in: SignIn, state: str) -> str:
    network, app = way_of(sign_in.app.channel), network_apps.opened(sign_in.app)
    server = Server(sign_in.app.base_url, app.scopes)
    return network.sign_in_url(server, app, state=state, verifier=verifier_of(sign_in))


def verifier_of(sign_in: SignIn) -> str:
    """The secret half of a sign-in's challenge, if its server takes one; raises sealed.CannotOpen."""
    return sealed.open_(bytes(sign_in.verifier)) if sign_in.verifier else ""


def session_hash(session: str) -> str:
    """How a browser's session is kept; empty for none."""
    return sealed.secret_hash(session) if session else ""


def way_of(channel: str) -> SignsIn:
    """How accounts of this channel are signed in; raises BadField where they are not."""
    found = signs_in(channel)
    if found is None or driver(channel) is None:
        raise BadField("channel", f"Choose one of: {', '.join(channels())}.")
    return found
