"""The installation, for programs of who runs it: what the desk runs on, and its brands.

Such a program sees that other brands are there and may give one an admin; its token stays in its own brand.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

from django.http import Http404, HttpRequest
from ninja import Router
from pydantic import Field

from amends.api import door
from amends.api.door import Token
from amends.api.words import Id, Shape
from amends.core.scopes import Scope
from amends.pipeline import installation, people
from amends.store import models

router = Router()


class BrandOfDesk(Shape):
    """One brand of the installation, as far as who runs it needs to know."""

    id: Annotated[int, Field(description="The desk's id.")]
    name: Annotated[str, Field(description="What it is called.")]
    created_at: Annotated[datetime, Field(description="When it was made.")]
    people: Annotated[int, Field(description="How many work for it.")]
    has_admin: Annotated[bool, Field(description="Whether it has an admin; if not, you may adopt it.")]


class Database(Shape):
    """The database."""

    embedded: Annotated[bool, Field(description="Whether the desk runs it; else it is a server of its own.")]
    version: Annotated[str, Field(description="PostgreSQL's version.")]
    size: Annotated[int, Field(description="Bytes.")]


class Backup(Shape):
    """A backup that was read back whole."""

    when: Annotated[datetime, Field(description="When it was made.")]
    file: Annotated[str, Field(description="Its file.")]
    size: Annotated[int, Field(description="Bytes.")]
    old: Annotated[bool, Field(description="Whether a newer one should be there: it is over 26 hours old.")]


class Seal(Shape):
    """The newest signed checkpoint of the record; `amends verify-history` says whether it is true."""

    at: Annotated[datetime, Field(description="When.")]
    entries: Annotated[int, Field(description="How many entries it seals.")]


class Installation(Shape):
    """What the desk runs on, and whether what must not be lost is safe."""

    version: Annotated[str, Field(description="The version of Amends.")]
    address: Annotated[str, Field(description="Where people reach the desk.")]
    mailed: Annotated[bool, Field(description="Whether a mail server is set.")]
    database: Annotated[Database, Field(description="The database.")]
    backup: Annotated[Backup | None, Field(description="The last good one that the desk made.")]
    sealed: Annotated[Seal | None, Field(description="The newest checkpoint of the record.")]
    brands: Annotated[list[BrandOfDesk], Field(description="All brands, by name.")]


class Adopted(Shape):
    """A brand that has an admin now."""

    brand: Annotated[int, Field(description="The desk's id of the brand.")]
    name: Annotated[str, Field(description="What it is called.")]
    admin: Annotated[int, Field(description="The person who is its admin now; the token gains nothing.")]


@router.get("/desk", auth=Token(Scope.ADMIN), response=Installation)
def get_installation(request: HttpRequest) -> Installation:
    """The installation, its last backup, its sealed record and its brands; only for who runs it."""
    door.staff(request)
    facts = installation.facts(door.now(request))
    seal = facts.checkpoint
    return Installation(
        version=facts.version,
        address=facts.address,
        mailed=facts.mailed,
        database=Database(**asdict(facts.database)),
        backup=Backup(**asdict(facts.backup)) if facts.backup else None,
        sealed=Seal(at=seal.at, entries=seal.entries) if seal else None,
        brands=[BrandOfDesk(**asdict(each)) for each in installation.brands()],
    )


@router.post("/desk/brands/{brand_id}/adopt", auth=Token(Scope.ADMIN), response=Adopted)
def adopt_brand(request: HttpRequest, brand_id: Id) -> Adopted:
    """Make the token's person admin of a brand that has none; only for who runs the installation.

    The token stays in its own brand and opens nothing of the other; make one there in the desk.
    """
    by = door.staff(request)
    found = models.Brand.objects.filter(pk=brand_id).first()
    if found is None:
        raise Http404("There is no such brand.")
    made = people.adopt(found.pk, by, door.now(request))
    return Adopted(brand=found.pk, name=found.name, admin=made.user_id)
