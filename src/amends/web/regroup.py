"""Which posts and accounts belong together, as people say: cases merged and split, accounts linked."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from amends.core.case import NotPossible
from amends.pipeline import merging
from amends.store import access, models, persons
from amends.web import asked, place
from amends.web.deeds import actor, deed


@deed()
def merge(request: HttpRequest, case: models.Case) -> str:
    """Another case goes on in this one."""
    given = asked.text(request.POST, "other").strip()
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        raise NotPossible("Give the number of the case that is to be merged into this one.")
    number = int(given)
    try:
        other = access.case(place.reader(request), number, access.AGENT)
    except (Http404, PermissionDenied):
        raise NotPossible(f"There is no case {number}, or you do not work for its brand.") from None
    why = asked.text(request.POST, "why")
    merging.merge(other, case, why, actor(request), place.instant(request))
    return f"Case {number} goes on here, with all its posts and answers. Its own record stays where it is."


@deed()
def split(request: HttpRequest, case: models.Case) -> str:
    """Chosen posts are a case of their own."""
    given = request.POST.getlist("post")
    if not all(number.isascii() and number.isdigit() and len(number) < 19 for number in given):
        raise NotPossible("This form was broken. Choose the posts again; nothing was split.")
    why = asked.text(request.POST, "why")
    numbers = [int(number) for number in given]
    new_id = merging.split(case, numbers, why, actor(request), place.instant(request))
    return f"These posts are case {new_id} now. What was answered stays answered."


@deed()
def link(request: HttpRequest, case: models.Case) -> str:
    """Another account is the same person's."""
    handle, channel = asked.text(request.POST, "handle"), asked.text(request.POST, "channel")
    found = persons.named(case.brand_id, handle, channel)
    if not found:
        raise NotPossible("Nobody of that handle has written to this brand. Nothing was linked.")
    if len(found) > 1:
        there = ", ".join(sorted({account.channel for account in found}))
        raise NotPossible(f"Several accounts have that handle (on {there}). Choose the network.")
    other = models.Author.objects.get(pk=found[0].id)
    merging.link(case, other, asked.text(request.POST, "why"), actor(request), place.instant(request))
    return f"@{other.handle} is known as the same person now. Only colleagues see that."


@deed()
def unlink(request: HttpRequest, case: models.Case) -> str:
    """Another account is not the same person's after all."""
    other = models.Author.objects.filter(
        brand_id=case.brand_id, pk=asked.number(request.POST, "author") or 0
    ).first()
    if other is None:
        raise NotPossible("That account is not linked with the person of this case.")
    merging.unlink(case, other, asked.text(request.POST, "why"), actor(request), place.instant(request))
    return f"@{other.handle} is somebody else again. Cases that were merged stay merged until you split them."
