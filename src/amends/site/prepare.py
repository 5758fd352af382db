"""What `amends serve` does before all else, in a process of its own: the tables, and the sample."""

from __future__ import annotations

import argparse
import json
import sys
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from amends.site import sample as samples
from amends.site.commands.say import say
from amends.site.desk import desk
from amends.site.sample import Person, Sample, SampleError

if TYPE_CHECKING:
    from amends.store.models import Brand, User

NAME = "prepare"
HELP = "Make the desk ready to be served."
EXITS = "0 ready, 1 not."
PATIENCE = 60.0
"""Seconds for the network to tell its past."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where the sample's network is, if there is to be one."""
    parser.add_argument("--network", default="", help="the address of the sample's network")


def run(args: argparse.Namespace) -> int:
    """Make ready; one JSON object on standard output says who may sign in."""
    with desk(say) as ready:
        from amends.store.models import User

        changed: list[str] = []
        if args.network:
            planted = plant(samples.read(ready.folder), args.network)
            changed = [person.email for person, old in planted if old]
            kept = samples.read(ready.folder)
            samples.write(ready.folder, replace(kept, people=tuple(person for person, _ in planted)))
        told: dict[str, Any] = {"people": User.objects.filter(is_active=True).count(), "changed": changed}
        if not told["people"]:
            from amends.pipeline import set_up_code

            set_up_code.write_down(ready.folder)
            told["code"] = set_up_code.code()
    sys.stdout.write(json.dumps(told) + "\n")
    return 0


def plant(sample: Sample, network: str) -> list[tuple[Person, bool]]:
    """People, brand and account of the sample; says of each person whether the password was changed."""
    from amends.pipeline.people_checks import PeopleError

    try:
        brand, admin = _brand(sample, _name_on(network, sample.token))
        _account(brand, admin, network, sample.token)
        return [_person(brand, admin, person) for person in sample.people]
    except PeopleError as error:
        raise SampleError(f"The sample could not be made: {error.text}") from error


def _name_on(network: str, token: str) -> str:
    """What the brand is called on the sample's network, once that is up."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    request = urllib.request.Request(f"{network}/api/me", headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            with opener.open(request, timeout=5) as answer:
                told: dict[str, Any] = json.load(answer)
                return str(told.get("name") or told["handle"])
        except (OSError, ValueError, KeyError):
            time.sleep(0.1)
    raise SampleError(f"The sample's network did not come up within {PATIENCE:.0f} s; the tables are ready.")


def _brand(sample: Sample, name: str) -> tuple[Brand, User]:
    """The sample's brand and its admin: the first of the desk where nobody is there yet."""
    from django.db import transaction

    from amends import clock
    from amends.core.values import Role
    from amends.pipeline import people
    from amends.pipeline.standing import join
    from amends.store import brands
    from amends.store.models import Membership, User

    first, now = sample.people[0], clock.now()
    if people.needs_first_admin():
        made = people.first_admin(
            email=first.email, name=first.name, password=first.password, brand=name, time_zone="", now=now
        )
        return made.brand, made.user
    with transaction.atomic():
        brand = brands.get_or_create(name, now)
        admin = User.objects.filter(email=first.email).first() or _user(first)
        if not Membership.objects.filter(brand=brand, user=admin).exists():
            join(brand.pk, admin, Role.ADMIN, None, now)
    return brand, admin


def _person(brand: Brand, admin: User, person: Person) -> tuple[Person, bool]:
    from django.db import transaction

    from amends import clock
    from amends.core.values import Role
    from amends.pipeline.standing import join
    from amends.store.models import Membership, User

    with transaction.atomic():
        user = User.objects.filter(email=person.email).first() or _user(person)
        if not Membership.objects.filter(brand=brand, user=user).exists():
            join(brand.pk, user, Role(person.role), admin, clock.now())
    if person.kept in ("", user.password):
        return replace(person, kept=user.password), False
    return person, True


def _user(person: Person) -> User:
    from amends import clock
    from amends.store.models import User

    return User.objects.create_user(person.email, person.password, name=person.name, date_joined=clock.now())


def _account(brand: Brand, admin: User, network: str, token: str) -> None:
    """The brand's account on the sample's network; one that was disconnected on purpose stays so."""
    from django.db import transaction

    from amends import clock
    from amends.channels.drive import Http
    from amends.pipeline import accounts
    from amends.pipeline.standing import on_record
    from amends.store import sealed
    from amends.store.models import Account

    now = clock.now()
    known = Account.objects.filter(brand=brand, channel="fake").order_by("pk").first()
    with Http(allow_hosts=frozenset({network.removeprefix("http://")}), now=clock.now) as wire:
        if known is None:
            accounts.connect(
                brand.pk, "fake", base_url=network, handle="", token=token, by=admin, now=now, wire=wire
            )
            return
        if not known.active:
            return
        if known.base_url != network:
            with transaction.atomic():
                Account.objects.filter(pk=known.pk).update(base_url=network, retry_at=None, trouble="")
                on_record(brand.pk, None, "account moved", {"account": known.pk, "to": network}, now)
            known.refresh_from_db()
        try:
            same = sealed.open_(bytes(known.token or b"")) == token
        except sealed.CannotOpen:
            same = False
        if not same:
            accounts.reconnect(known, token, admin, now, wire)


def main(argv: Sequence[str]) -> int:
    """As `amends` runs its commands, without being one of them."""
    from amends.site import command

    return command.run_one(sys.modules[__name__], argv)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
