"""What people say of themselves at work: what they know, how much they get, and that they are away."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import transaction

from amends.core import assigning
from amends.core.values import Role
from amends.pipeline import wake
from amends.pipeline.people_checks import BadField, NotForYou, PeopleError
from amends.pipeline.standing import hold_brand, on_record, role_in
from amends.store import at_work
from amends.store.models import Membership, User
from amends.store.plain import plain

MOST_WORDS = 20
LARGEST_LIMIT = 10_000


def set_work(
    membership: Membership,
    languages: Iterable[str],
    skills: Iterable[str],
    case_limit: int | None,
    by: User,
    now: datetime,
) -> Membership:
    """Say what somebody knows and how many open cases they are given at most (None: as the policy says).

    Supervisors say so of everybody, others of themselves, and not the limit. Raises PeopleError.
    """
    spoken = _words("languages", languages, _language)
    able = _words("skills", skills, assigning.skill)
    if case_limit is not None and not 0 <= case_limit <= LARGEST_LIMIT:
        raise BadField("case_limit", f"Give a number from 0 to {LARGEST_LIMIT}, or nothing.")
    with transaction.atomic():
        hold_brand(membership.brand_id)
        supervises = role_in(membership.brand_id, by).covers(Role.SUPERVISOR)
        if not supervises and by.pk != membership.user_id:
            raise NotForYou("Only a supervisor can say that of somebody else; nothing was changed.")
        held = Membership.objects.select_for_update(no_key=True).filter(pk=membership.pk).first()
        if held is None:
            raise PeopleError("That person has left the brand meanwhile; nothing was changed.")
        if not supervises and case_limit != held.case_limit:
            raise NotForYou("How many cases you are given is for a supervisor to say; nothing was changed.")
        if (held.languages, held.skills, held.case_limit) == (spoken, able, case_limit):
            return held
        held.languages, held.skills, held.case_limit = spoken, able, case_limit
        held.save(update_fields=["languages", "skills", "case_limit"])
        body = {"person": held.user_id, "languages": spoken, "skills": able, "case_limit": case_limit}
        on_record(held.brand_id, by, "work set", body, now)
        transaction.on_commit(wake.give)
    return held


def set_away(user: User, brand_ids: Iterable[int], away: bool, now: datetime) -> None:
    """Somebody goes away from these brands, or is back; said twice it is so since the first time."""
    if not away:
        at_work.seen([user.pk], now)
    for brand_id in sorted(set(brand_ids)):
        with transaction.atomic():
            of = Membership.objects.filter(brand_id=brand_id, user=user, away_since__isnull=away)
            if of.update(away_since=now if away else None):
                on_record(brand_id, user, "went away" if away else "came back", {"person": user.pk}, now)
                if not away:
                    transaction.on_commit(wake.give)


def _language(given: str) -> str:
    spelled = given.strip().lower()
    if not (2 <= len(spelled) <= 3 and spelled.isascii() and spelled.isalpha()):  # ISO 639: de, or gsw
        raise ValueError("write a language as its code, like de")
    return spelled


def _words(field: str, given: Iterable[str], spelled: Callable[[str], str]) -> list[str]:
    try:
        words = sorted({spelled(plain(word)) for word in given if word.strip()})
    except ValueError as error:
        raise BadField(field, f"Nothing was changed: {error}.") from None
    if len(words) > MOST_WORDS:
        raise BadField(field, f"At most {MOST_WORDS}, please.")
    return words
