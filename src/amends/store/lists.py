"""The lists people and systems read: cases in their order, all posts, and how many there are.

Pages are cut by key (the place of the last row), so the hundredth page costs what the first does, and no
row carries more of a text than its first line needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Generic, TypeVar

from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Left

from amends.core.harm import Harm
from amends.core.values import CaseState, Direction, Kind, Severity
from amends.store import case_rows, finding, keyset
from amends.store.finding import Narrow, among_posts
from amends.store.keyset import BadCursor, Key
from amends.store.models import Author, Case, Post
from amends.store.plain import plain

__all__ = [
    "BadCursor",
    "CaseRow",
    "Counts",
    "Filter",
    "Listing",
    "PostRow",
    "View",
    "cases",
    "counts",
    "posts",
]

PAGE = 50
MOST = 100
EXCERPT = 280
QUERY_MAX = 200
WALKED_CASES = 3_000


class View(StrEnum):
    """Which cases: those in which a person waits, mine, nobody's, or by their state."""

    WAITING = "waiting"
    MINE = "mine"
    UNASSIGNED = "unassigned"
    OPEN = "open"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"
    ALL = "all"


UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Filter:
    """What a list is narrowed to. The caller has been through `access` for the brands.

    `query` is what a person typed: words of posts as web searches understand them, or an author's handle.
    `kind` may be `unread` for posts that no model has read yet.
    """

    brand_ids: tuple[int, ...]
    view: View = View.WAITING
    user_id: int | None = None
    severity: Severity | None = None
    channel: str | None = None
    kind: Kind | str | None = None
    assignee: int | None = None
    query: str = ""


Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Listing(Generic[Row]):
    """One page of a list, and the cursor of the next one where there is one."""

    rows: tuple[Row, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case as a list shows it; `excerpt` begins the post that says it best, empty when it is deleted."""

    id: int
    brand_id: int
    channel: str
    state: CaseState
    kind: Kind
    severity: Severity
    harm: Harm
    band: int
    sort_at: datetime
    opened_at: datetime
    last_post_at: datetime
    waiting_since: datetime | None
    due_at: datetime | None
    promised_until: datetime | None
    resolution_due_at: datetime | None
    customer_since: datetime | None
    first_answer_at: datetime | None
    clock_offset: timedelta
    snoozed_until: datetime | None
    resolution: str
    resolved_at: datetime | None
    assignee_id: int | None
    sends_open: int
    on_hold: bool
    posts_in: int
    author_id: int
    handle: str
    author_name: str
    assignee_name: str
    lead_id: int | None
    excerpt: str
    lang: str
    visibility: str
    lead_deleted_at: datetime | None


_CASE_NAMES = [field.name for field in fields(CaseRow)]
_CASE_SOURCES = {
    "handle": "author__handle",
    "author_name": "author__name",
    "assignee_name": "assignee__name",
    "lang": "lead__lang",
    "visibility": "lead__visibility",
    "lead_deleted_at": "lead__deleted_at",
}
_CASE_FIELDS = [_CASE_SOURCES.get(name, name) for name in _CASE_NAMES]
_NEVER_NULL = ("assignee_name", "excerpt", "lang", "visibility")
_RANKED = (Key("band", down=True), Key("sort_at"), Key("id"))
_NEWEST = (Key("last_post_at", down=True), Key("id"))
_WAKING = (Key("snoozed_until"), Key("id"))
_ENDED = (Key("resolved_at", down=True), Key("id"))
_ORDERS = {View.SNOOZED: _WAKING, View.RESOLVED: _ENDED, View.ALL: _NEWEST}


def cases(wanted: Filter, after: str | None = None, limit: int = PAGE) -> Listing[CaseRow]:
    """The cases that fit, in the order of their view, behind the cursor `after`; raises BadCursor."""
    order = _ORDERS.get(wanted.view, _RANKED)
    chosen = finding.first(_fitting_cases(wanted), _asked_of_cases(wanted), order, after, limit + 1)
    rows = Case.objects.filter(pk__in=chosen).order_by(*keyset.ordering(order))[: limit + 1]
    found = rows.annotate(excerpt=Left("lead__text", EXCERPT)).values_list(*_CASE_FIELDS, "reasons")
    return _listing([_case_row(row) for row in found], order, limit)


def _fitting_cases(wanted: Filter) -> QuerySet[Case]:
    """The cases that fit, whatever was said in them."""
    narrow: dict[str, object] = {
        "severity": wanted.severity,
        "channel": wanted.channel,
        "kind": wanted.kind,
        "assignee_id": wanted.assignee,
    }
    rows = _in_view(Case.objects.filter(brand_id__in=wanted.brand_ids), wanted)
    return rows.filter(**{name: value for name, value in narrow.items() if value is not None})


def _asked_of_cases(wanted: Filter) -> Narrow | None:
    """Those with such words in a post, and those of such an author."""
    if not wanted.query.strip():
        return None
    said = Post.objects.filter(brand_id__in=wanted.brand_ids, case__isnull=False, search=_query(wanted))
    by_author = Q(author__in=_authors(wanted))
    near = Q(Exists(Post.objects.filter(case=OuterRef("pk"), search=_query(wanted))))
    return Narrow((near, by_author), (Q(pk__in=said.values("case_id")), by_author), WALKED_CASES)


def _in_view(rows: QuerySet[Case], wanted: Filter) -> QuerySet[Case]:
    match wanted.view:
        case View.WAITING:
            return rows.filter(state=CaseState.OPEN, band__gte=0)
        case View.MINE:
            return rows.filter(state=CaseState.OPEN, assignee_id=wanted.user_id)
        case View.UNASSIGNED:
            return rows.filter(state=CaseState.OPEN, assignee_id=None)
        case View.OPEN | View.SNOOZED:
            return rows.filter(state=wanted.view.value)
        case View.RESOLVED:
            return rows.filter(state=wanted.view.value, merged_into=None)
        case View.ALL:
            return rows.filter(merged_into=None)


def _query(wanted: Filter) -> SearchQuery:
    return SearchQuery(plain(wanted.query), config="simple", search_type="websearch")


def _authors(wanted: Filter) -> QuerySet[Author, Any]:
    handle = plain(wanted.query).strip().removeprefix("@")
    named = Author.objects.filter(brand_id__in=wanted.brand_ids, handle__gt="")
    return named.filter(handle__iexact=handle).values("pk")


def _case_row(row: Sequence[Any]) -> CaseRow:
    values: dict[str, Any] = dict(zip(_CASE_NAMES, row[:-1], strict=True))
    values |= {name: values[name] or "" for name in _NEVER_NULL}
    values["state"], values["kind"] = CaseState(values["state"]), Kind(values["kind"])
    values["severity"] = Severity(values["severity"])
    values["harm"] = Harm(values["harm"], case_rows.reasons(row[-1]))
    return CaseRow(**values)


@dataclass(frozen=True, slots=True)
class PostRow:
    """One post as a list shows it; `kind` is empty while it is not read, `excerpt` when it was deleted."""

    id: int
    channel: str
    handle: str
    author_name: str
    direction: Direction
    visibility: str
    excerpt: str
    lang: str
    url: str
    posted_at: datetime
    read_at: datetime | None
    edited_at: datetime | None
    deleted_at: datetime | None
    kind: str
    severity: Severity
    complaint: float | None
    case_id: int | None


_POST_NAMES = [field.name for field in fields(PostRow)]
_POST_SOURCES = {"handle": "author__handle", "author_name": "author__name"}
_POST_FIELDS = [_POST_SOURCES.get(name, name) for name in _POST_NAMES]
_LATEST = (Key("posted_at", down=True), Key("id", down=True))


def posts(wanted: Filter, after: str | None = None, limit: int = PAGE) -> Listing[PostRow]:
    """All posts that fit, newest first, whatever was made of them; view, assignee and user do not matter."""
    asked = (
        among_posts(Q(search=_query(wanted)), Q(author__in=_authors(wanted)))
        if wanted.query.strip()
        else None
    )
    chosen = finding.first(_fitting_posts(wanted), asked, _LATEST, after, limit + 1)
    rows = Post.objects.filter(pk__in=chosen).order_by(*keyset.ordering(_LATEST))[: limit + 1]
    found = rows.annotate(excerpt=Left("text", EXCERPT)).values_list(*_POST_FIELDS)
    return _listing([_post_row(row) for row in found], _LATEST, limit)


def _fitting_posts(wanted: Filter) -> QuerySet[Post]:
    rows = Post.objects.filter(brand_id__in=wanted.brand_ids)
    if wanted.channel is not None:
        rows = rows.filter(channel=wanted.channel)
    if wanted.severity is not None:
        rows = rows.filter(severity=wanted.severity)
    if wanted.kind == UNREAD:
        rows = rows.filter(read_at=None)
    elif wanted.kind is not None:
        rows = rows.filter(kind=wanted.kind)
    return rows


def _post_row(row: Sequence[Any]) -> PostRow:
    values: dict[str, Any] = dict(zip(_POST_NAMES, row, strict=True))
    values["direction"], values["severity"] = Direction(values["direction"]), Severity(values["severity"])
    return PostRow(**values)


def _listing(found: list[Row], order: keyset.Order, limit: int) -> Listing[Row]:
    rows = found[:limit]
    more = keyset.cursor_of(order, rows[-1]) if len(found) > limit else None
    return Listing(tuple(rows), more)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many cases each view has, counted up to MOST and no further."""

    waiting: int
    mine: int
    unassigned: int
    open: int
    snoozed: int


_OPEN = "brand_id = ANY(%(brands)s) AND state = 'open'"
_COUNTED = {
    "waiting": f"{_OPEN} AND band >= 0",
    "mine": f"{_OPEN} AND assignee_id = %(user)s",
    "unassigned": f"{_OPEN} AND assignee_id IS NULL",
    "open": _OPEN,
    "snoozed": "brand_id = ANY(%(brands)s) AND state = 'snoozed'",
}
_COUNT = "(SELECT count(*) FROM (SELECT 1 FROM store_case WHERE {} LIMIT {}) AS counted)"
_COUNTS = "SELECT " + ", ".join(_COUNT.format(where, MOST) for where in _COUNTED.values())


def counts(wanted: Filter) -> Counts:
    """How full each view of these brands is, at a cost that does not grow with them."""
    with connection.cursor() as cursor:
        cursor.execute(_COUNTS, {"brands": list(wanted.brand_ids), "user": wanted.user_id})
        return Counts(*cursor.fetchone())
