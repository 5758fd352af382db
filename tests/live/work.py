"""What is done on the desk while somebody listens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.rig.desk import BRAND, Rig
from tests.rig.processes import until


def sign_in(place: Rig, who: str, brand: str = BRAND) -> str:
    """A session of somebody, as in `Ann:agent`."""
    return place.inside("people", brand, who)


def complain(place: Rig, number: str) -> None:
    """A complaint comes in by the API."""
    at = (datetime.now(UTC) - timedelta(minutes=2)).isoformat()  # noqa: TID251
    post = {
        "id": number,
        "channel": "shop",
        "author_id": number,
        "text": "My parcel has been lost for two weeks and nobody answers me!",
        "created_at": at,
    }
    assert place.api("POST", "/posts", {"posts": [post]}).json()["kept"] == 1


def a_case(place: Rig, number: str) -> int:
    """The case that a complaint has become."""
    complain(place, number)
    question = "SELECT case_id FROM store_post WHERE remote_id = %s AND case_id IS NOT NULL"
    rows = until(lambda: place.ask(question, number), 30, "the post has a case")
    return int(rows[0][0])
