"""Cases: the inbox as a list, one case in full, and its record."""

from __future__ import annotations

from typing import Annotated

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from amends.api import case_views, door, post_shapes
from amends.api.case_shapes import CaseCounts, CaseInFull, CasePage, History
from amends.api.door import Token
from amends.api.post_shapes import PostPage
from amends.api.words import Body, Cursor, Id, Limit, Storable
from amends.core.scopes import Scope
from amends.core.values import Kind, Severity
from amends.store import access, lists, post_lists, record
from amends.store.lists import Filter, View

router = Router()


class CaseQuery(Body):
    """Which cases, and which page of them."""

    view: Annotated[View, Field(description="Which cases, in the order that fits them.")] = View.WAITING
    q: Annotated[str, Storable, Field(max_length=200, description="Words of its posts, or a handle.")] = ""
    severity: Annotated[Severity | None, Field(description="Only this severity.")] = None
    channel: Annotated[str | None, Storable, Field(max_length=40, description="Only this network.")] = None
    kind: Annotated[Kind | None, Field(description="Only this kind.")] = None
    assignee: Annotated[Id | None, Field(description="Only what this person has in hand.")] = None
    cursor: Annotated[Cursor, Field(description="`next` of the page before.")] = None
    limit: Annotated[Limit, Field(description="How many at most.")] = 50


class PageQuery(Body):
    """Which page."""

    cursor: Annotated[Cursor, Field(description="`next` of the page before.")] = None
    limit: Annotated[Limit, Field(description="How many at most.")] = 100


@router.get("/cases", auth=Token(Scope.READ), response=CasePage)
def list_cases(request: HttpRequest, wanted: Query[CaseQuery]) -> CasePage:
    """Cases as the inbox shows them: what is worst and nearest to its limit comes first."""
    key = door.key(request)
    question = Filter(
        brand_ids=(key.brand.pk,),
        view=wanted.view,
        user_id=key.user.pk,
        severity=wanted.severity,
        channel=wanted.channel,
        kind=wanted.kind,
        assignee=wanted.assignee,
        query=wanted.q,
    )
    listing = lists.cases(question, wanted.cursor, wanted.limit)
    now = door.now(request)
    return CasePage(items=[case_views.line(row, now) for row in listing.rows], next=listing.next)


@router.get("/cases/counts", auth=Token(Scope.READ), response=CaseCounts)
def count_cases(request: HttpRequest) -> CaseCounts:
    """How full the views of the inbox are; each is counted up to 100 and no further."""
    key = door.key(request)
    found = lists.counts(Filter(brand_ids=(key.brand.pk,), user_id=key.user.pk))
    return CaseCounts(**{name: getattr(found, name) for name in CaseCounts.model_fields})


@router.get("/cases/{case_id}", auth=Token(Scope.READ), response=CaseInFull)
def get_case(request: HttpRequest, case_id: Id) -> CaseInFull:
    """One case with its conversation as it stood on the network, its clocks, sends and notes."""
    case = door.case(request, case_id, access.AGENT)
    return case_views.case_in_full(case, door.now(request))


@router.get("/cases/{case_id}/posts", auth=Token(Scope.READ), response=PostPage)
def list_case_posts(request: HttpRequest, case_id: Id, wanted: Query[PageQuery]) -> PostPage:
    """The posts of the case and of its whole conversation, newest first."""
    case = door.case(request, case_id, access.AGENT)
    page = post_lists.talk(case, wanted.cursor, wanted.limit)
    return PostPage(items=[post_shapes.post(row) for row in page.rows], next=page.next)


@router.get("/cases/{case_id}/history", auth=Token(Scope.READ), response=History)
def get_history(request: HttpRequest, case_id: Id, wanted: Query[PageQuery]) -> History:
    """The append-only record of a case: who did what, when and why; each entry chained to the one before."""
    case = door.case(request, case_id, access.AGENT)
    page = record.of_case(case.pk, wanted.cursor, wanted.limit)
    return History(items=[case_views.entry(row) for row in page.entries], next=page.next)
