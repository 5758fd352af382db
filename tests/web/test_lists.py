"""The inbox, the posts and the search: what stands there, in which order, at what cost."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.web.conftest import House, visitor

from amends.core.values import Role
from amends.store import lists, models
from amends.store.lists import BadCursor, Filter, View

INBOX = "/b/the-brand/"


def rows(client: Client, address: str) -> list[str]:
    """The first word of each row, in order."""
    page = client.get(address)
    assert page.status_code == 200
    found = re.findall(r'<a class="row-link"[^>]*>(.*?)</a>', page.content.decode(), re.S)
    return [re.sub("<.*?>", "", text).strip() for text in found]


def test_the_worst_stands_on_top_and_says_why(house: House, client: Client) -> None:
    house.case("low A scratch", "ann")
    house.case("critical Smoke in the cabin", "bob")
    house.case("medium Late again", "cyd", minutes=70)
    house.case("question Do you open on Sundays?", "dan")
    house.arrive(house.item("praise Lovely crew", "eve"))
    assert rows(client, INBOX) == [
        "critical Smoke in the cabin",
        "medium Late again",
        "low A scratch",
        "question Do you open on Sundays?",
    ]
    page = client.get(INBOX).content.decode()
    assert "5 min left" in page  # critical has 15 minutes and waits for 10
    assert "10 min over" in page  # medium has 60 and waits for 70
    assert "Severity medium" in page


def test_views_and_filters_narrow_the_list(house: House, client: Client, agent: models.User) -> None:
    mine = house.case("high Mine", "ann")
    house.case("low Nobody's", "bob")
    client.post(f"/cases/{mine.pk}/take/")
    assert rows(client, f"{INBOX}?view=mine") == ["high Mine"]
    assert rows(client, f"{INBOX}?view=unassigned") == ["low Nobody's".replace("'", "&#x27;")]
    assert rows(client, f"{INBOX}?severity=high") == ["high Mine"]
    assert rows(client, f"{INBOX}?assignee={agent.pk}") == ["high Mine"]
    assert rows(client, f"{INBOX}?kind=question") == []
    assert rows(client, f"{INBOX}?channel=elsewhere") == []
    assert rows(client, f"{INBOX}?view=resolved") == []
    assert len(rows(client, f"{INBOX}?view=all")) == 2


def test_search_finds_words_and_handles_but_no_deleted_words(house: House, client: Client) -> None:
    secret = house.item("high My secret suitcase", "ann")
    house.arrive(secret, house.item("high A lost umbrella", "bob"), house.item("praise nice umbrella", "eve"))
    assert rows(client, f"{INBOX}?q=umbrella") == ["high A lost umbrella"]
    assert rows(client, f"{INBOX}?q=@ANN") == ["high My secret suitcase"]
    assert rows(client, "/b/the-brand/search/?q=umbrella") == [
        "high A lost umbrella",
        "praise nice umbrella",
        "high A lost umbrella",
    ]
    house.arrive(house.item("", "ann", deleted=True, remote_id=secret.remote_id))
    assert rows(client, f"{INBOX}?q=suitcase&view=all") == []
    assert rows(client, "/b/the-brand/search/?q=suitcase") == []
    page = client.get(f"{INBOX}?view=all").content.decode()
    assert "deleted on the network" in page
    assert "suitcase" not in page


def test_all_posts_are_kept_and_seen(house: House, client: Client) -> None:
    house.arrive(house.item("praise Lovely"), house.item("spam Buy now", "spammer"), house.item("hello"))
    house.arrive(house.item("high Not read so far", "zoe", minutes=1), read=False)
    assert len(rows(client, "/b/the-brand/posts/")) == 4
    assert rows(client, "/b/the-brand/posts/?kind=praise") == ["praise Lovely"]
    assert rows(client, "/b/the-brand/posts/?kind=unread") == ["high Not read so far"]
    assert "not yet read" in client.get("/b/the-brand/posts/").content.decode()


def test_pages_follow_each_other_without_gap_or_repetition(house: House, client: Client) -> None:
    house.arrive(*(house.item(f"high number {n}", f"a{n}", minutes=n % 7) for n in range(123)))
    wanted = Filter((house.brand.pk,), View.WAITING)
    for view in (View.WAITING, View.OPEN, View.ALL, View.UNASSIGNED):
        seen, after = [], None
        while True:
            page = lists.cases(Filter(wanted.brand_ids, view), after, 10)
            seen += [row.id for row in page.rows]
            after = page.next
            if after is None:
                break
        assert len(seen) == len(set(seen)) == 123
    posts, after = [], None
    while True:
        listing = lists.posts(wanted, after, 50)
        posts += [row.id for row in listing.rows]
        after = listing.next
        if after is None:
            break
    assert len(posts) == len(set(posts)) == 123
    first = client.get(INBOX).content.decode()
    following = re.search(r'rel="next" href="(.*?)"', first)
    assert following is not None
    assert len(rows(client, INBOX + following[1].replace("&amp;", "&"))) == 50
    assert "99+" in first


@pytest.mark.parametrize("cursor", ["", "x", "1~2~3", "1~2026-01-01T00:00:00~3", "9" * 30 + "~x~1", "~~"])
def test_what_is_no_cursor_is_refused(desk: None, cursor: str) -> None:
    with pytest.raises(BadCursor):
        lists.cases(Filter((1,)), cursor)


def test_imported_history_keeps_its_own_clock(house: House, client: Client) -> None:
    years = timedelta(days=3000)
    old = house.item("high Ten years old", "ann")
    house.arrive(house.item("high Ten years old", "ann", posted_at=old.posted_at - years), offset=years)
    page = client.get(INBOX).content.decode()
    assert "20 min left" in page
    assert f"its clock stands at {house.now - years:%-d %b %Y}" in page


def test_nobody_sees_another_brand(house: House, client: Client) -> None:
    house.arrive(house.item("high Not for you", "zed"), brand=house.other)
    case = models.Case.objects.get()
    post = models.Post.objects.get()
    for address in (
        "/b/another/",
        "/b/another/posts/",
        "/b/another/search/",
        f"/cases/{case.pk}/",
        f"/posts/{post.pk}/",
    ):
        assert client.get(address).status_code == 404
    assert rows(client, INBOX) == []
    assert "Another" not in client.get(INBOX).content.decode()


def test_whoever_is_not_signed_in_sees_nothing(house: House) -> None:
    case = house.case()
    for address in ("/", INBOX, f"/cases/{case.pk}/", "/b/the-brand/posts/", "/b/the-brand/search/"):
        page = visitor().get(address)
        assert page.status_code == 302
        assert page.headers["Location"].startswith("/account/login/")
    in_background = visitor().get(INBOX, headers={"HX-Request": "true"})
    assert in_background.status_code == 401


def test_the_brand_looked_at_last_is_opened_first(house: House, agent: models.User, client: Client) -> None:
    assert client.get("/").headers["Location"] == "/b/the-brand/"
    models.Membership.objects.create(user=agent, brand=house.other, role=Role.AGENT)
    assert client.get("/").headers["Location"] == "/b/another/"
    client.get("/b/the-brand/")
    assert client.get("/").headers["Location"] == "/b/the-brand/"


def test_somebody_without_a_brand_is_told_so(house: House) -> None:
    page = house.enter(models.User.objects.create_user("new@example.org", name="New")).get("/")
    assert page.status_code == 200
    assert "You work for no brand yet" in page.content.decode()


@pytest.mark.parametrize(
    "address", [INBOX, f"{INBOX}?view=mine&q=parcel&severity=high", "/b/the-brand/posts/"]
)
def test_a_list_costs_six_queries_at_most(house: House, client: Client, address: str) -> None:
    house.arrive(*(house.item(f"high parcel {n}", f"a{n}") for n in range(80)))
    client.get(address)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    assert len(queries) <= 6, [query["sql"][:90] for query in queries.captured_queries]


def test_the_search_costs_six_queries_at_most(house: House, client: Client) -> None:
    house.arrive(*(house.item(f"high parcel {n}", f"a{n}") for n in range(80)))
    client.get("/b/the-brand/search/")
    with CaptureQueriesContext(connection) as queries:
        assert len(rows(client, "/b/the-brand/search/?q=parcel")) == 70
    assert len(queries) <= 6
