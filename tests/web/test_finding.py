"""Searching long lists: near or far, page by page, what is found is what a slow look finds, in order."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.web.conftest import House

from amends.core.values import Severity
from amends.store import finding, lists, models, post_lists
from amends.store.lists import Filter, Listing, View

WORDS = ("common", "common", "common", "usual", "rare")


@pytest.fixture
def full(house: House) -> House:
    """Two hundred posts of thirty people; some words are common, some rare, one person is called like one."""
    chance = random.Random(11)
    items = []
    for number in range(200):
        word = chance.choice(WORDS) if number % 50 else "single"
        person = chance.choice(["common", *(f"p{n}" for n in range(30))])
        grade = chance.choice(["high", "low", "praise"])
        items.append(house.item(f"{grade} {word} number{number}", person, minutes=number % 40))
    house.arrive(*items)
    return house


@pytest.fixture(params=[(1, 1), (7, 3), (60, 40), (3_000, 1_000)], ids=str)
def walked(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """How far lists are walked before what is far is gathered: hardly at all, a little, all the way."""
    posts, cases = request.param
    monkeypatch.setattr(finding, "WALKED_POSTS", posts)
    monkeypatch.setattr(lists, "WALKED_CASES", cases)


def paged(read: Callable[[str | None], Listing[lists.CaseRow] | Listing[lists.PostRow]]) -> list[int]:
    found: list[int] = []
    after: str | None = None
    while True:
        page = read(after)
        found += [row.id for row in page.rows]
        after = page.next
        if after is None:
            return found


def fits(post: models.Post, query: str) -> bool:
    words = query.removeprefix("@").split()
    return all(word in post.text.split() for word in words) or post.author.handle == query.removeprefix("@")


@pytest.mark.parametrize(
    "query", ["common", "usual", "rare", "single", "nobody", "@p7", "@common", "rare number7"]
)
def test_posts_and_cases_are_found_as_a_slow_look_finds_them(full: House, walked: None, query: str) -> None:
    everything = list(models.Post.objects.select_related("author").order_by("-posted_at", "-id"))
    hits = [post for post in everything if fits(post, query)]
    brand = (full.brand.pk,)
    assert paged(lambda after: lists.posts(Filter(brand, query=query), after, 9)) == [p.pk for p in hits]

    rows = models.Case.objects.filter(state="open", band__gte=0).order_by("-band", "sort_at", "id")
    wanted = {post.case_id for post in hits if post.case_id}
    ranked = [case.pk for case in rows if case.pk in wanted]
    assert paged(lambda after: lists.cases(Filter(brand, View.WAITING, query=query), after, 4)) == ranked
    low = Filter(brand, View.WAITING, query=query, severity=Severity.LOW)
    of_low = set(models.Case.objects.filter(severity="low").values_list("pk", flat=True))
    assert paged(lambda after: lists.cases(low, after, 4)) == [pk for pk in ranked if pk in of_low]


def test_programs_find_the_same_with_every_filter(full: House, walked: None) -> None:
    since = full.now - timedelta(minutes=20)
    wanted = post_lists.Wanted(words="common", handle="@Common", since=since)
    there = models.Post.objects.filter(text__contains="common", author__handle="common", posted_at__gte=since)
    expected = list(there.order_by("-posted_at", "-id").values_list("pk", flat=True))
    found, after = [], None
    while True:
        page = post_lists.page(full.brand.pk, wanted, after, 2)
        found += [post.pk for post in page.rows]
        after = page.next
        if after is None:
            break
    assert found == expected
    assert expected
