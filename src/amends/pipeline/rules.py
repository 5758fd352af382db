"""A new version of a brand's policy, written by a person who has seen the one before."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from pydantic import ValidationError

from amends.core.case import NotPossible
from amends.core.policy import Policy
from amends.pipeline.standing import as_admin
from amends.store import policies, toml
from amends.store.models import User


class BadPolicy(NotPossible):
    """The document is no policy; `faults` has a text for each place in it, and nothing was changed."""

    def __init__(self, faults: Mapping[str, str]) -> None:
        super().__init__("The policy was not changed. " + " ".join(f"{k}: {v}." for k, v in faults.items()))
        self.faults = faults


class Overtaken(NotPossible):
    """Somebody has published another version meanwhile."""


def checked(document: Mapping[str, Any]) -> Policy:
    """The document as a policy; raises BadPolicy with what is wrong where (`targets.high`)."""
    try:
        return Policy.model_validate(document)
    except ValidationError as error:
        faults: dict[str, str] = {}
        for fault in error.errors(include_url=False, include_input=False, include_context=False):
            place = ".".join(map(str, fault["loc"])) or "policy"
            faults.setdefault(place, _said(fault["type"], fault["msg"]))
        raise BadPolicy(faults) from None


def _said(kind: str, words: str) -> str:
    """A fault in words for an admin, where pydantic's are for a programmer."""
    if kind.startswith("time_"):
        return "write times like 09:00-12:30, 13:30-18:00"
    if kind.startswith("date_"):
        return "write dates like 2026-12-24"
    return words.removeprefix("Value error, ").replace("Input should be", "must be")


LONGEST_TEXT = 50_000


def from_toml(text: str) -> Policy:
    """The policy of a `policy.toml`; raises BadPolicy. Long dotted keys take `tomllib` quadratic time."""
    if len(text) > LONGEST_TEXT:
        raise BadPolicy({"policy.toml": f"A policy has at most {LONGEST_TEXT} characters as text."})
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadPolicy({"policy.toml": str(error)}) from None
    return checked(document)


def to_toml(policy: Policy) -> str:
    """The whole policy as a `policy.toml` that `from_toml` reads back the same."""
    document = policy.model_dump(mode="json")
    document["cases"]["open_for"] = sorted(document["cases"]["open_for"])
    return toml.write(document)


def publish(brand_id: int, policy: Policy, seen: int, by: User, now: datetime) -> int | None:
    """Make the policy hold from now on; its version, or None when it says what held before.

    Raises Overtaken unless `seen` is the version that holds: nobody undoes another's change unknowing.
    """
    with transaction.atomic():
        as_admin(brand_id, by)
        version, present = policies.current(brand_id)
        if policy == present:
            return None
        if seen != version:
            raise Overtaken(
                f"Version {version} was published meanwhile; nothing was changed and what you wrote is kept "
                "below. Look at the new version, then publish again."
            )
        return policies.publish(brand_id, policy, by, now)
