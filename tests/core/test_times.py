"""What is believed of a time that others have set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amends.core.times import bounded

NOON = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TIMES = st.datetimes(timezones=st.just(UTC))
MAYBE = st.none() | TIMES


@pytest.mark.parametrize(
    ("claimed", "noticed", "believed"),
    [
        (-3, None, -3),
        (0, None, 0),
        (5, None, 0),
        (-300, -1, -1),
        (-2, -1, -1),
        (-1, -2, -1),
        (5, -1, 0),
        (-300, 5, 0),
        (5, 5, 0),
    ],
    ids=[
        "the network's own clock is believed",
        "at the very moment",
        "nothing is said after it is heard",
        "a clock that is slow",
        "the way from server to server",
        "a clock that is a little ahead",
        "a clock that is far ahead",
        "our server's clock is ahead of ours and the author's slow",
        "all clocks are ahead of ours",
    ],
)
def test_bounded_in_minutes_from_receipt(claimed: int, noticed: int | None, believed: int) -> None:
    told = None if noticed is None else NOON + noticed * MINUTE
    assert bounded(NOON + claimed * MINUTE, NOON, told) == NOON + believed * MINUTE


@settings(deadline=None)
@given(TIMES, TIMES, MAYBE)
def test_never_after_receipt_nor_before_the_first_notice(
    claimed: datetime, received: datetime, noticed: datetime | None
) -> None:
    at = bounded(claimed, received, noticed)
    assert at <= received
    assert noticed is None or at >= min(noticed, received)


@settings(deadline=None)
@given(TIMES, TIMES, MAYBE)
def test_a_time_within_its_bounds_is_left_alone(
    claimed: datetime, received: datetime, noticed: datetime | None
) -> None:
    if claimed <= received and (noticed is None or noticed <= claimed):
        assert bounded(claimed, received, noticed) == claimed
    else:
        assert bounded(claimed, received, noticed) in (received, noticed)


@settings(deadline=None)
@given(TIMES, TIMES, MAYBE)
def test_bounding_again_moves_nothing(
    claimed: datetime, received: datetime, noticed: datetime | None
) -> None:
    at = bounded(claimed, received, noticed)
    assert bounded(at, received, noticed) == at


@settings(deadline=None)
@given(TIMES, TIMES, TIMES, MAYBE)
def test_what_was_claimed_earlier_is_never_believed_later(
    one: datetime, other: datetime, received: datetime, noticed: datetime | None
) -> None:
    early, late = sorted([one, other])
    assert bounded(early, received, noticed) <= bounded(late, received, noticed)
