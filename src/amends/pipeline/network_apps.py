"""The desk as the servers know it: one app a channel, server and address to come back to.

An app is used again only where the server says that it still knows it; else the desk is registered anew. What
was begun with an app that was replaced can still be finished with it.
"""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from amends.channels import drive
from amends.channels.drive import Wire
from amends.channels.errors import Refused
from amends.channels.signing_in import SHOWN, App, Server, SignsIn
from amends.core.case import NotPossible
from amends.store import sealed
from amends.store.models import Account, NetworkApp, Revocation, SignIn

MOST_TRIES = 10


def opened(row: NetworkApp) -> App:
    """The app as a channel knows it; raises sealed.CannotOpen."""
    secret = sealed.open_(bytes(row.client_secret))
    return App(row.client_id, secret, row.redirect, tuple(row.scopes.split()))


def at(network: SignsIn, server: Server, redirect: str, now: datetime, wire: Wire) -> NetworkApp:
    """Our app at the server: the one there is if the server surely knows it, else a new one.

    A server that does not take our address is asked to show the code instead.
    """
    held = _held(network, server, redirect)
    if held and drive.run(network.knows(server, opened(held)), wire):
        return held
    try:
        made = drive.run(network.register(server, redirect), wire)
    except Refused:
        if redirect == SHOWN:
            raise
        return at(network, server, SHOWN, now, wire)
    return _keep(
        NetworkApp(
            channel=network.name,
            base_url=server.base_url,
            redirect=redirect,
            client_id=made.client_id,
            client_secret=sealed.seal(made.client_secret),
            scopes=" ".join(made.scopes),
            created_at=now,
        )
    )


def _held(network: SignsIn, server: Server, redirect: str) -> NetworkApp | None:
    """The app in use there, if it was made for what is wanted now and its secret opens."""
    rows = NetworkApp.objects.filter(channel=network.name, base_url=server.base_url, redirect=redirect)
    held = rows.filter(retired_at=None, scopes=" ".join(server.scopes)).first()
    try:
        return held if held and opened(held) else None
    except sealed.CannotOpen:
        return None


def _keep(app: NetworkApp) -> NetworkApp:
    """Let this app take the place of the one there was; what was begun with that one can be finished."""
    same = NetworkApp.objects.filter(channel=app.channel, base_url=app.base_url, redirect=app.redirect)
    for _ in range(MOST_TRIES):
        try:
            with transaction.atomic():
                same.filter(retired_at=None).update(retired_at=app.created_at)
                app.save(force_insert=True)
        except IntegrityError:  # somebody else registered at the same instant
            continue
        return app
    raise NotPossible("Several people sign in on this server just now. Try again.")


def retire(app: NetworkApp, now: datetime) -> None:
    """Use this app for no other sign-in."""
    NetworkApp.objects.filter(pk=app.pk, retired_at=None).update(retired_at=now)


def forget_retired() -> int:
    """Drop apps that were replaced and that nothing needs any more; returns how many."""
    needed = [Exists(table.objects.filter(app=OuterRef("pk"))) for table in (Account, SignIn, Revocation)]
    retired = NetworkApp.objects.filter(retired_at__isnull=False)
    return retired.exclude(needed[0] | needed[1] | needed[2]).delete()[0]
