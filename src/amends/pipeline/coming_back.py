"""What comes back from a server's consent page: believed only for the sign-in that was begun for it.

A state is random, kept as a hash, good once and for ten minutes, for the person, brand and browser that
began it. A code goes to the server that its state was made for and to no other.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from amends.channels import drive
from amends.channels.drive import Wire
from amends.channels.errors import AppUnknown, ChannelError, Refused
from amends.channels.signing_in import SHOWN, Granted, SignsIn, missing
from amends.core.case import NotPossible
from amends.pipeline import accounts, connecting, network_apps, revoking
from amends.pipeline.connecting import SignInGone
from amends.pipeline.people_checks import BadField
from amends.pipeline.standing import as_admin
from amends.store import sealed
from amends.store.models import Account, SignIn, User
from amends.store.plain import plain

LONGEST_CODE = 2000


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person came back with, as it stood in the address."""

    state: str = field(repr=False)
    code: str = field(default="", repr=False)
    error: str = ""
    issuer: str = ""


def claim(answer: Answer, *, session: str, by: User, now: datetime) -> SignIn:
    """The sign-in that this answer belongs to, whose state is good no more; SignInGone if there is none such.

    Whoever claims it finishes it, with `finish`, however that ends.
    """
    return _claimed(Q(state_hash=sealed.secret_hash(plain(answer.state))), session, by, now)


def finish(claimed: SignIn, answer: Answer, *, by: User, now: datetime, wire: Wire) -> Account:
    """The account that is connected now; raises NotPossible, with nothing kept, when it was to no avail."""
    if answer.error:
        raise _refusal(claimed, answer.error, now)
    _check_issuer(claimed, answer.issuer)
    return _finish(claimed, answer.code, by, now, wire)


def paste(sign_in: SignIn, code: str, *, session: str, by: User, now: datetime, wire: Wire) -> Account:
    """Finish a sign-in with the code that its server showed; a wrong code can be put right while it holds."""
    held = _claimed(Q(pk=sign_in.pk, app__redirect=SHOWN), session, by, now)
    try:
        return _finish(held, code.strip(), by, now, wire)
    except BadField as error:
        if error.field == "code":
            SignIn.objects.filter(pk=held.pk).update(used_at=None)
        raise


def _claimed(which: Q, session: str, by: User, now: datetime) -> SignIn:
    """The one sign-in, taken in one statement so that it is good once; whose it is not cannot spend it."""
    mine = Q(person=by, session_hash__in=["", connecting.session_hash(session)])
    if SignIn.objects.filter(which, mine, used_at=None, expires_at__gt=now).update(used_at=now):
        return SignIn.objects.select_related("app", "account", "brand").get(which)
    found = SignIn.objects.filter(which).first()
    begin = "Begin again under Settings, Accounts."
    if found is None:
        raise SignInGone(f"The desk knows of no such sign-in. Nothing was connected. {begin}")
    if found.person_id != by.pk or found.session_hash not in ("", connecting.session_hash(session)):
        raise SignInGone(
            "This sign-in was begun by somebody else or in another browser. Nothing was connected. "
            "Whoever began it finishes it there, or you begin your own under Settings, Accounts."
        )
    if found.used_at is not None:
        raise SignInGone(f"This sign-in was used before. If the account is not in the list: {begin}")
    raise SignInGone(f"This sign-in took longer than ten minutes. Nothing was connected. {begin}")


def _check_issuer(sign_in: SignIn, issuer: str) -> None:
    """A server that names itself must be the one that was asked (RFC 9207): else its code goes nowhere."""
    expected = sign_in.issuer or sign_in.app.base_url
    if issuer.rstrip("/") == expected.rstrip("/") or not (issuer or sign_in.issuer_told):
        return
    raise NotPossible(
        f"The answer did not come from {sign_in.app.base_url}. Its code was sent nowhere and nothing was "
        "connected. Begin again; if this comes back, tell whoever runs the desk."
    )


def _refusal(sign_in: SignIn, error: str, now: datetime) -> NotPossible:
    where = sign_in.app.base_url
    if error == "access_denied":
        return NotPossible(f"You said no on {where}. Nothing was connected; the desk has no access there.")
    if error in ("temporarily_unavailable", "server_error"):
        return NotPossible(f"{where} could not do it at present. Nothing was connected; try again later.")
    network_apps.retire(sign_in.app, now)  # whatever it dislikes, a fresh start is the best that can be tried
    return NotPossible(f"{where} refused the sign-in. Nothing was connected; begin again.")


def _finish(sign_in: SignIn, code: str, by: User, now: datetime, wire: Wire) -> Account:
    with transaction.atomic():
        as_admin(sign_in.brand_id, by)
    network, app = connecting.way_of(sign_in.app.channel), sign_in.app
    granted = _exchanged(network, sign_in, code, now, wire)
    try:
        _check_scopes(sign_in, granted)
        made = _connected(sign_in, granted.token, by, now, wire)
    except accounts.NotAccepted:
        raise NotPossible(
            f"{app.base_url} gave access and did not accept it at once. Nothing was connected; begin again."
        ) from None
    except accounts.OtherAccount as error:
        revoking.plan(app.pk, sealed.seal(granted.token), now)
        raise NotPossible(
            f"{error.text} To sign in as another account, sign out on {app.base_url} first."
        ) from None
    except NotPossible:
        revoking.plan(app.pk, sealed.seal(granted.token), now)
        raise
    SignIn.objects.filter(pk=sign_in.pk).update(finished_at=now, account=made)
    return made


def _exchanged(network: SignsIn, sign_in: SignIn, code: str, now: datetime, wire: Wire) -> Granted:
    if not code or len(code) > LONGEST_CODE or not (code.isascii() and code.isprintable()):
        raise BadField("code", "Paste the code as the server shows it, in one piece.")
    app = sign_in.app
    try:
        known, verifier = network_apps.opened(app), connecting.verifier_of(sign_in)
        return drive.run(network.exchange(app.base_url, known, code, verifier), wire)
    except AppUnknown:
        network_apps.retire(app, now)
        raise NotPossible(
            f"{app.base_url} has forgotten the desk meanwhile. Nothing was connected; begin again."
        ) from None
    except Refused as error:
        raise BadField(
            "code", f"{error.text} Nothing was connected; begin again, or copy it again."
        ) from None
    except (ChannelError, sealed.CannotOpen) as error:
        raise NotPossible(f"{error} Nothing was connected; begin again.") from None


def _connected(sign_in: SignIn, token: str, by: User, now: datetime, wire: Wire) -> Account:
    if sign_in.account is not None:
        return accounts.reconnect(sign_in.account, token, by, now, wire, sign_in.app)
    return accounts.connect(
        sign_in.brand_id,
        sign_in.app.channel,
        base_url=sign_in.app.base_url,
        handle=sign_in.handle,
        token=token,
        by=by,
        now=now,
        wire=wire,
        app=sign_in.app,
    )


def _check_scopes(sign_in: SignIn, granted: Granted) -> None:
    if lacking := missing(tuple(sign_in.scopes.split()), granted.scopes):
        raise NotPossible(
            f"{sign_in.app.base_url} did not grant all that the desk needs; missing: {', '.join(lacking)}. "
            "Nothing was connected."
        )
