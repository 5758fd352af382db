"""Posts in full, newest first, a page at a time: for programs, who want every word and every filter."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db.models import Q, QuerySet

from amends.core.values import Direction, Kind, Severity, Visibility
from amends.store import finding, keyset
from amends.store.finding import Narrow, among_posts
from amends.store.keyset import Key
from amends.store.lists import Listing
from amends.store.models import Author, Case, Post


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which posts; None and "" leave a question open. `words` are searched for in the texts.

    `unread` are those that no model has read yet; `handle` is an author's, in any case, with or without `@`.
    """

    channel: str = ""
    direction: Direction | None = None
    visibility: Visibility | None = None
    kind: Kind | None = None
    severity: Severity | None = None
    is_complaint: bool | None = None
    unread: bool | None = None
    author: int | None = None
    handle: str = ""
    case: int | None = None
    conversation: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    words: str = ""


_LATEST = (Key("posted_at", down=True), Key("id", down=True))


def page(brand_id: int, wanted: Wanted, after: str | None, limit: int) -> Listing[Post]:
    """The brand's posts that fit, newest first, with their authors; raises keyset.BadCursor. One query."""
    rows = _filtered(Post.objects.filter(brand_id=brand_id), wanted)
    chosen = finding.first(rows, _asked(brand_id, wanted), _LATEST, after, limit + 1)
    return _page(Post.objects.filter(pk__in=chosen), None, limit)


def _asked(brand_id: int, wanted: Wanted) -> Narrow | None:
    fitting = Q()
    if wanted.words.strip():
        fitting &= Q(search=SearchQuery(wanted.words, config="simple", search_type="websearch"))
    if wanted.handle.strip():
        fitting &= Q(author__in=_named(brand_id, wanted.handle))
    return among_posts(fitting) if fitting else None


def talk(case: Case, after: str | None, limit: int) -> Listing[Post]:
    """The posts of a case and of its conversation, newest first, with their authors. One query."""
    belongs = Q(conversation_id=case.conversation_id) | Q(case_id=case.pk)
    return _page(Post.objects.filter(belongs), after, limit)


def _page(rows: QuerySet[Post], after: str | None, limit: int) -> Listing[Post]:
    found = list(keyset.behind(rows, _LATEST, after).select_related("author").defer("search")[: limit + 1])
    more = keyset.cursor_of(_LATEST, found[limit - 1]) if len(found) > limit else None
    return Listing(tuple(found[:limit]), more)


def _named(brand_id: int, handle: str) -> QuerySet[Author, Any]:
    """The authors of this handle, as the lists of the desk find them; nobody has an empty one."""
    named = Author.objects.filter(brand_id=brand_id, handle__gt="")
    return named.filter(handle__iexact=handle.strip().removeprefix("@")).values("pk")


def _filtered(rows: QuerySet[Post], wanted: Wanted) -> QuerySet[Post]:
    exactly = {
        "channel": wanted.channel or None,
        "direction": wanted.direction,
        "visibility": wanted.visibility,
        "kind": wanted.kind,
        "severity": wanted.severity,
        "is_complaint": wanted.is_complaint,
        "read_at__isnull": wanted.unread,
        "author_id": wanted.author,
        "case_id": wanted.case,
        "conversation_id": wanted.conversation,
        "posted_at__gte": wanted.since,
        "posted_at__lt": wanted.until,
    }
    return rows.filter(**{name: value for name, value in exactly.items() if value is not None})
