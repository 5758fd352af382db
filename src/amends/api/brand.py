"""The token's brand, its policy, and new brands."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from django.http import Http404, HttpRequest
from ninja import Router, Status
from pydantic import Field, JsonValue

from amends.api import door
from amends.api.door import Token
from amends.api.words import Body, Id, Line, Shape
from amends.core.policy import Policy
from amends.core.scopes import Scope
from amends.core.values import Role
from amends.pipeline import people, rules
from amends.store import access, models, policies

router = Router()
MOST_VERSIONS = 200


class Brand(Shape):
    """One firm or label."""

    id: Annotated[int, Field(description="The desk's id.")]
    name: Annotated[str, Field(description="What it is called.")]
    slug: Annotated[str, Field(description="Its word in addresses of the desk; it never changes.")]
    created_at: Annotated[datetime, Field(description="When it was made.")]


class BrandBody(Body):
    """What a brand is to be called."""

    name: Annotated[Line, Field(description="At most 120 characters.", examples=["Example Parcels"])]


class NewBrand(BrandBody):
    """A new brand."""

    time_zone: Annotated[Line, Field(description="Where it is at home.", examples=["Europe/Berlin"])] = "UTC"


class PolicyInForce(Shape):
    """The policy that holds."""

    version: Annotated[int, Field(description="Its version; decisions name the one they used.")]
    document: Annotated[Policy, Field(description="The rules.")]


class PolicyBody(Body):
    """A policy to hold from now on."""

    document: Annotated[Policy, Field(description="The whole of the rules; what is left out is default.")]
    based_on: Annotated[
        Id, Field(description="The version you started from; refused (409) if another holds by now.")
    ]


class PolicyAsKept(Shape):
    """A policy that holds or held."""

    version: Annotated[int, Field(description="Its number.")]
    document: Annotated[dict[str, JsonValue], Field(description="The rules, in the form of their time.")]


class PolicyVersion(Shape):
    """One version of the policy."""

    version: Annotated[int, Field(description="Its number.")]
    created_at: Annotated[datetime, Field(description="Since when it held.")]
    created_by: Annotated[int | None, Field(description="Who published it; null for the desk itself.")]


@router.get("/brand", auth=Token(Scope.READ), response=Brand)
def get_brand(request: HttpRequest) -> Brand:
    """The brand that the token belongs to."""
    return _brand(door.key(request).brand)


@router.patch("/brand", auth=Token(Scope.ADMIN), response=Brand)
def rename_brand(request: HttpRequest, body: BrandBody) -> Brand:
    """Give the brand another name."""
    brand = door.brand(request, access.ADMIN)
    return _brand(people.rename(brand.pk, body.name, door.key(request).user, door.now(request)))


@router.post("/brands", auth=Token(Scope.ADMIN), response={201: Brand})
def make_brand(request: HttpRequest, body: NewBrand) -> Status[Brand]:
    """Make a brand, with the token's person as its admin; only for who runs the installation."""
    made = people.make_brand(body.name, body.time_zone, door.key(request).user, door.now(request))
    return Status(201, _brand(made.brand))


@router.get("/policy", auth=Token(Scope.READ), response=PolicyInForce)
def get_policy(request: HttpRequest) -> PolicyInForce:
    """The policy that holds now."""
    version, document = policies.current(door.brand(request, Role.AGENT).pk)
    return PolicyInForce(version=version, document=document)


@router.put("/policy", auth=Token(Scope.ADMIN), response=PolicyInForce)
def publish_policy(request: HttpRequest, body: PolicyBody) -> PolicyInForce:
    """Publish a policy; it holds for every decision from now on. What changes nothing is no new version."""
    brand = door.brand(request, access.ADMIN)
    rules.publish(brand.pk, body.document, body.based_on, door.key(request).user, door.now(request))
    version, document = policies.current(brand.pk)
    return PolicyInForce(version=version, document=document)


@router.get("/policy/versions", auth=Token(Scope.READ), response=list[PolicyVersion])
def list_policy_versions(request: HttpRequest) -> list[PolicyVersion]:
    """The last 200 versions, newest first."""
    brand = door.brand(request, Role.AGENT)
    rows = models.PolicyVersion.objects.filter(brand=brand).defer("document").order_by("-version")
    return [
        PolicyVersion(version=row.version, created_at=row.created_at, created_by=row.created_by_id)
        for row in rows[:MOST_VERSIONS]
    ]


@router.get("/policy/versions/{version}", auth=Token(Scope.READ), response=PolicyAsKept)
def get_policy_version(request: HttpRequest, version: Id) -> PolicyAsKept:
    """One version of the policy, as it was kept."""
    brand = door.brand(request, Role.AGENT)
    found = models.PolicyVersion.objects.filter(brand=brand, version=version).first()
    if found is None:
        raise Http404("The policy has no such version.")
    return PolicyAsKept(version=found.version, document=found.document)


def _brand(row: models.Brand) -> Brand:
    return Brand(id=row.pk, name=row.name, slug=row.slug, created_at=row.created_at)
