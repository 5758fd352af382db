"""Posts in, and posts out."""

from __future__ import annotations

from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Status
from pydantic import Field

from amends.api import door, post_shapes
from amends.api.door import Token
from amends.api.post_shapes import Batch, Outcomes, PostInFull, PostPage, outcomes
from amends.api.words import Body, Cursor, Id, Instant, Limit, Shape, Storable
from amends.core.scopes import Scope
from amends.core.values import Direction, Kind, Severity, Visibility
from amends.pipeline import corrections, offered, receive, wake
from amends.pipeline.import_fields import Rules
from amends.store import access, post_lists

router = Router()


class PostQuery(Body):
    """Which posts, and which page of them."""

    q: Annotated[str, Storable, Field(max_length=500, description="Words to search for in the texts.")] = ""
    channel: Annotated[str, Storable, Field(max_length=40, description="Only this network.")] = ""
    direction: Annotated[Direction | None, Field(description="Only this direction.")] = None
    visibility: Annotated[Visibility | None, Field(description="Only what is public, or private.")] = None
    kind: Annotated[Kind | None, Field(description="Only what was read as this.")] = None
    severity: Annotated[Severity | None, Field(description="Only this severity.")] = None
    is_complaint: Annotated[bool | None, Field(description="Only complaints, or all but complaints.")] = None
    unread: Annotated[bool | None, Field(description="Only what no model has read yet, or all but that.")] = (
        None
    )
    author: Annotated[Id | None, Field(description="Only of this author (the desk's id).")] = None
    handle: Annotated[str, Storable, Field(max_length=200, description="Only of authors of this handle.")] = (
        ""
    )
    case: Annotated[Id | None, Field(description="Only of this case.")] = None
    conversation: Annotated[Id | None, Field(description="Only of this conversation (the desk's id).")] = None
    since: Annotated[Instant | None, Field(description="Posted at this time or later.")] = None
    until: Annotated[Instant | None, Field(description="Posted before this time.")] = None
    cursor: Annotated[Cursor, Field(description="`next` of the page before.")] = None
    limit: Annotated[Limit, Field(description="How many at most.")] = 50

    def wanted(self) -> post_lists.Wanted:
        """The question for the store."""
        named: dict[str, Any] = self.model_dump(exclude={"q", "cursor", "limit"})
        return post_lists.Wanted(words=self.q, **named)


@router.post("/posts", auth=Token(Scope.IMPORT), response=Outcomes)
def add_posts(request: HttpRequest, batch: Batch) -> Outcomes:
    """Bring posts in, at most 500 at a time.

    Every item has its own outcome; one bad item does not refuse the others. The same (channel, id) twice is
    one post, however often it is sent; with other words it is an edit (give `edited_at`), with `deleted` its
    words go. What the answer calls `kept` is stored for good and is read within seconds.
    """
    now, brand = door.now(request), door.key(request).brand
    rules = Rules(now, brand=brand.name)
    offers = [offer.raw for offer in batch.posts]
    items, why = offered.read_all(offers, lambda offer: offered.read(offer, rules))
    fresh = receive.receive_each(brand.pk, items, source="api", now=now)
    if items:
        wake.take()
    return outcomes(offered.tell(offers, why, fresh))


@router.get("/posts", auth=Token(Scope.READ), response=PostPage)
def list_posts(request: HttpRequest, wanted: Query[PostQuery]) -> PostPage:
    """Posts of the brand, of every kind and both directions, newest first."""
    page = post_lists.page(door.key(request).brand.pk, wanted.wanted(), wanted.cursor, wanted.limit)
    return PostPage(items=[post_shapes.post(row) for row in page.rows], next=page.next)


@router.get("/posts/{post_id}", auth=Token(Scope.READ), response=PostInFull)
def get_post(request: HttpRequest, post_id: Id) -> PostInFull:
    """One post with its earlier words and what was read in it."""
    found = access.post(door.key(request).user, post_id, access.AGENT)
    return post_shapes.post_in_full(door.mine(request, found))


class CaseBody(Body):
    """What a person reads in a post that the model passed over."""

    kind: Annotated[Kind, Field(description="complaint, question or request.")] = Kind.COMPLAINT
    severity: Annotated[Severity, Field(description="How bad it is, if it is a complaint.")] = Severity.NONE


class MadeCase(Shape):
    """Where the post is now."""

    case: Annotated[int, Field(description="The case, new or joined.")]


@router.post("/posts/{post_id}/case", auth=Token(Scope.WRITE), response={201: MadeCase})
def make_case(request: HttpRequest, post_id: Id, body: CaseBody) -> Status[MadeCase]:
    """Make a case of a post that the model passed over: the person's open case, or a new one."""
    post = door.mine(request, access.post(door.key(request).user, post_id, access.AGENT))
    made = corrections.make_case(post, body.kind, body.severity, door.actor(request), door.now(request))
    return Status(201, MadeCase(case=made))
