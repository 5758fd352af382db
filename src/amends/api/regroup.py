"""Which posts and accounts belong together: cases merged and split, accounts linked as one person's."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Router, Status
from pydantic import Field

from amends.api import case_views, door
from amends.api.case_shapes import Case
from amends.api.door import Token
from amends.api.words import Body, Id, Why
from amends.core.case import NotPossible
from amends.core.scopes import Scope
from amends.pipeline import merging
from amends.store import access, models

router = Router()


class MergeBody(Body):
    """Which case goes on in this one."""

    case: Annotated[Id, Field(description="The other case; it ends as `merged`.", examples=[2])]
    why: Annotated[
        Why, Field(description="The reason; needed where it is another person's.", examples=["A couple."])
    ] = ""


class SplitBody(Body):
    """Which posts are a case of their own."""

    posts: Annotated[
        list[Id],
        Field(
            min_length=1,
            max_length=merging.MOST_POSTS,
            description="Posts of the person in it.",
            examples=[[1]],
        ),
    ]
    why: Annotated[Why, Field(description="The reason.", examples=["The invoice is another matter."])]


class LinkBody(Body):
    """Which account is (not) the same person's."""

    author: Annotated[Id, Field(description="The other account, as an author's id.", examples=[2])]
    why: Annotated[Why, Field(description="How that is known.", examples=["She says so in her mail."])]


@router.post("/cases/{case_id}/merge", auth=Token(Scope.WRITE), response=Case)
def merge(request: HttpRequest, case_id: Id, body: MergeBody) -> Case:
    """Merge another case into this one; the record of each stays where it is and names the other.

    Posts, answers, alerts and holds move. Whoever waits in either waits on since the same time; answers on
    their way settle here. The other case keeps its address. Splitting undoes it.
    """
    case = door.case(request, case_id, access.AGENT)
    other = door.case(request, body.case, access.AGENT)
    merging.merge(other, case, body.why, door.actor(request), door.now(request))
    return _now_stands(request, case_id)


@router.post("/cases/{case_id}/split", auth=Token(Scope.WRITE), response={201: Case})
def split(request: HttpRequest, case_id: Id, body: SplitBody) -> Status[Case]:
    """Make posts of a case a case of their own; our answers under them go with them.

    What was answered or settled stays so. The new case is given back.
    """
    case = door.case(request, case_id, access.AGENT)
    new_id = merging.split(case, body.posts, body.why, door.actor(request), door.now(request))
    return Status(201, _now_stands(request, new_id))


@router.post("/cases/{case_id}/link", auth=Token(Scope.WRITE), response=Case)
def link(request: HttpRequest, case_id: Id, body: LinkBody) -> Case:
    """Say that another account is the same person's; what either writes joins the same cases from then on."""
    case = door.case(request, case_id, access.AGENT)
    merging.link(case, _author(case, body.author), body.why, door.actor(request), door.now(request))
    return _now_stands(request, case_id)


@router.post("/cases/{case_id}/unlink", auth=Token(Scope.WRITE), response=Case)
def unlink(request: HttpRequest, case_id: Id, body: LinkBody) -> Case:
    """Say that an account is not the same person's after all; what was merged stays merged."""
    case = door.case(request, case_id, access.AGENT)
    merging.unlink(case, _author(case, body.author), body.why, door.actor(request), door.now(request))
    return _now_stands(request, case_id)


def _author(case: models.Case, author_id: int) -> models.Author:
    found = models.Author.objects.filter(brand_id=case.brand_id, pk=author_id).first()
    if found is None:
        raise NotPossible("Nobody of that id has written to this brand.")
    return found


def _now_stands(request: HttpRequest, case_id: int) -> Case:
    return case_views.case(door.case(request, case_id, access.AGENT), door.now(request))
