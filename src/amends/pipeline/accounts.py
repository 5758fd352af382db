"""Accounts of ours: connected only after the network itself has said that the token is good.

A token is sealed before it reaches a row, and stands in no record, no message and no log. One that came by
signing in (`pipeline.connecting`) names its `app`, so that it can be ended on its server when it is given up.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django.db import transaction

from amends.channels import drive
from amends.channels.drive import Wire
from amends.channels.errors import AuthExpired, ChannelError, HostRefused, Refused
from amends.channels.protocol import Channel, Connected, Own
from amends.channels.registry import CHANNELS, driver
from amends.core import events
from amends.core.case import NotPossible
from amends.core.values import SendState
from amends.pipeline import decide, revoking
from amends.pipeline.people_checks import BadField
from amends.pipeline.standing import as_admin, on_record
from amends.store import models, sealed
from amends.store.plain import plain
from amends.store.sources import is_source

LONGEST_TOKEN = 4000
LONGEST_URL = 500
_LEFT = "The account was disconnected before this left."


class NotAccepted(BadField):
    """The network does not accept the token."""


class OtherAccount(BadField):
    """The token is good, but not the one of the account that was meant."""


def connect(
    brand_id: int,
    channel: str,
    *,
    base_url: str,
    handle: str,
    token: str,
    by: models.User,
    now: datetime,
    wire: Wire,
    app: models.NetworkApp | None = None,
) -> models.Account:
    """Connect an account, or one that was disconnected again, once its network accepts the token.

    An empty `handle` takes that of the token. Raises BadField or NotPossible, and keeps nothing then.
    """
    network, place, secret = _network(channel), _place(base_url), _secret(token)
    with transaction.atomic():
        as_admin(brand_id, by)
    own = _checked(network, Connected(place, handle, "", secret), wire)
    if handle.strip() and not _names(handle, own.handle):
        raise OtherAccount("handle", f"This token belongs to “{own.handle}”. Nothing was connected.")
    with transaction.atomic():
        as_admin(brand_id, by)
        there = models.Account.objects.filter(brand_id=brand_id, channel=channel, handle=own.handle).first()
        if there is not None and there.active:
            raise BadField("handle", f"“{own.handle}” is connected already; use “Reconnect” for a new token.")
        if there is not None and (there.base_url, there.remote_id) != (place, own.remote_id):
            raise BadField("handle", f"Another “{own.handle}”, on {there.base_url}, belongs to this brand.")
        account = there or models.Account(
            brand_id=brand_id, channel=channel, handle=own.handle, created_at=now
        )
        _keep(account, place, own, secret, app, now)
        on_record(brand_id, by, "account connected", _told(account), now)
    return account


def reconnect(
    account: models.Account,
    token: str,
    by: models.User,
    now: datetime,
    wire: Wire,
    app: models.NetworkApp | None = None,
) -> models.Account:
    """Give an account a new token, once its network says that it is the same account's.

    Raises BadField or NotPossible, and changes nothing then.
    """
    check_has_token(account)
    network, secret = _network(account.channel), _secret(token)
    with transaction.atomic():
        as_admin(account.brand_id, by)
    own = _checked(network, Connected(account.base_url, account.handle, account.remote_id, secret), wire)
    if account.remote_id not in ("", own.remote_id):
        raise OtherAccount(
            "token", f"This token belongs to another account (“{own.handle}”). Nothing was changed."
        )
    with transaction.atomic():
        as_admin(account.brand_id, by)
        held = models.Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        _keep(held, held.base_url, own, secret, app, now)
        on_record(held.brand_id, by, "account reconnected", _told(held), now)
    return held


def check_has_token(account: models.Account) -> None:
    """Raises NotPossible for a source of webhooks."""
    if is_source(account):
        raise NotPossible(
            f"“{account.handle}” is a source of webhooks: it has a secret and no token. "
            "Nothing was changed; give it a new secret instead."
        )


def disconnect(account: models.Account, by: models.User, now: datetime) -> int:
    """Stop using an account and forget its token; returns how many planned answers were taken back.

    A token that came by signing in is ended on its server too, by a worker, as well as that can be done.
    """
    with transaction.atomic():
        as_admin(account.brand_id, by)
        held = models.Account.objects.select_for_update(no_key=True).get(pk=account.pk)
        if not held.active:
            return 0
        _give_up(held, now)
        held.active, held.token, held.trouble, held.retry_at = False, None, "", None
        held.save(update_fields=["active", "token", "trouble", "retry_at"])
        taken_back = _take_back(held, by, now)
        body = _told(held) | {"answers taken back": taken_back}
        on_record(held.brand_id, by, "account disconnected", body, now)
    return taken_back


def channels() -> list[str]:
    """The networks that an account can be connected on."""
    return sorted(CHANNELS)


def _take_back(account: models.Account, by: models.User, now: datetime) -> int:
    """Nothing can leave through the account any more: what was planned goes back to its case."""
    count = 0
    planned = models.Send.objects.filter(account=account, state=SendState.PLANNED).order_by("pk")
    for send in list(planned):
        mine = models.Send.objects.filter(pk=send.pk, state=SendState.PLANNED)
        if mine.update(state=SendState.REFUSED, settled_at=now, why=_LEFT):
            event = events.ReplyFailed(str(send.key), _LEFT, certain=True)
            decide.happen(send.case_id, event, decide.person(by.pk), now)
            count += 1
    return count


def _keep(
    account: models.Account, place: str, own: Own, secret: str, app: models.NetworkApp | None, now: datetime
) -> None:
    _give_up(account, now)
    account.base_url, account.remote_id, account.token = place, own.remote_id, sealed.seal(secret)
    account.active, account.trouble, account.retry_at, account.app = True, "", None, app
    account.save()
    if app is not None:
        revoking.keep(app, secret)


def _give_up(account: models.Account, now: datetime) -> None:
    if account.token and account.app_id:
        revoking.plan(account.app_id, bytes(account.token), now)


def _checked(network: Channel, connected: Connected, wire: Wire) -> Own:
    """Whose token it is, having read the account's page once with it; raises in words for the admin."""
    try:
        own = drive.run(network.own(connected), wire)
        seen = Connected(connected.base_url, own.handle, own.remote_id, connected.token)
        drive.run(network.poll(seen, ""), wire)
    except AuthExpired:
        raise NotAccepted(
            "token", "The network does not accept this token. Nothing was kept; copy the whole token again."
        ) from None
    except Refused as error:
        field = "base_url" if isinstance(error, HostRefused) else "token"
        raise BadField(field, f"{error.text} Nothing was kept.") from None
    except ChannelError as error:
        raise NotPossible(
            f"{error.text} Nothing was kept; look at the address, or try again later."
        ) from None
    return own


def _network(channel: str) -> Channel:
    found = driver(channel)
    if found is None:
        raise BadField("channel", f"Choose one of: {', '.join(channels())}.")
    return found


def _place(base_url: str) -> str:
    """The address of a network: a bare http(s) URL, since anything more could hold a secret."""
    text = plain(base_url).strip().rstrip("/")
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and parts.hostname and not (parts.query or parts.fragment)
        inside = parts.username is None and parts.password is None and (parts.port is None or parts.port > 0)
    except ValueError:
        whole = inside = False
    if not (whole and inside and text.isprintable() and len(text) <= LONGEST_URL):
        raise BadField("base_url", "Write the address of the network's server like https://social.example.")
    return text


def _secret(token: str) -> str:
    secret = token.strip()
    if not secret or len(secret) > LONGEST_TOKEN or not (secret.isascii() and secret.isprintable()):
        raise BadField("token", "Paste the access token as the network shows it, in one piece.")
    return secret


def _names(handle: str, own: str) -> bool:
    """Whether a handle, with or without its server, is this one of ours."""
    asked, ours = (text.strip().lstrip("@").casefold() for text in (handle, own))
    return asked == ours or ("@" not in asked and asked == ours.partition("@")[0])


def _told(account: models.Account) -> dict[str, object]:
    return {"channel": account.channel, "handle": account.handle, "server": account.base_url}
