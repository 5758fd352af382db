"""The policy as text: what a `policy.toml` holds, out and in."""

from __future__ import annotations

from typing import Annotated

from django.http import Http404, HttpRequest
from ninja import Router
from pydantic import Field

from amends.api import door
from amends.api.door import Token
from amends.api.words import Body, Id, Shape, Storable
from amends.core.policy import Policy
from amends.core.scopes import Scope
from amends.pipeline import rules
from amends.store import access, models, policies

router = Router()
LONGEST = 50_000
"""Characters of a policy; the time that reading a hostile one takes grows with their square."""


class PolicyText(Shape):
    """A policy as text."""

    version: Annotated[int, Field(description="Its version.")]
    toml: Annotated[str, Field(description="The whole of the rules, to keep as a `policy.toml`.")]


class PolicyTextBody(Body):
    """A policy to hold from now on, as text."""

    toml: Annotated[
        str,
        Storable,
        Field(
            max_length=LONGEST,
            description="The whole of a `policy.toml`; what is left out is default.",
            examples=['time_zone = "Europe/Berlin"\n'],
        ),
    ]
    based_on: Annotated[
        Id, Field(description="The version you started from; refused (409) if another holds by now.")
    ]


@router.get("/policy/toml", auth=Token(Scope.READ), response=PolicyText)
def get_policy_text(request: HttpRequest) -> PolicyText:
    """The policy that holds now, as the text of a `policy.toml`."""
    return _text(*policies.current(door.brand(request, access.AGENT).pk))


@router.put("/policy/toml", auth=Token(Scope.ADMIN), response=PolicyText)
def publish_policy_text(request: HttpRequest, body: PolicyTextBody) -> PolicyText:
    """Publish a policy from text; it holds as one that came as a document does."""
    brand, by = door.brand(request, access.ADMIN), door.key(request).user
    rules.publish(brand.pk, rules.from_toml(body.toml), body.based_on, by, door.now(request))
    return _text(*policies.current(brand.pk))


@router.get("/policy/versions/{version}/toml", auth=Token(Scope.READ), response=PolicyText)
def get_policy_version_text(request: HttpRequest, version: Id) -> PolicyText:
    """One version of the policy as text, in the form that the desk reads today."""
    brand = door.brand(request, access.AGENT)
    if not models.PolicyVersion.objects.filter(brand=brand, version=version).exists():
        raise Http404("The policy has no such version.")
    return _text(version, policies.of_version(brand.pk, version))


def _text(version: int, policy: Policy) -> PolicyText:
    return PolicyText(version=version, toml=rules.to_toml(policy))
