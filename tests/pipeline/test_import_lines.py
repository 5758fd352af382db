"""What an import makes of single lines, values and times, without a database."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.core.values import Direction, Visibility
from amends.pipeline import import_lines
from amends.pipeline.import_fields import FIELDS, Rules
from amends.pipeline.import_lines import Format, Layout, Unreadable
from amends.pipeline.import_times import NotATime, instant
from amends.pipeline.importing import Parsed, Refusal, parsed
from amends.pipeline.receive import Item
from amends.site.commands import import_

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
RULES = Rules(NOW, "Acme")
GOOD = {"id": "1", "text": "It is broken", "created_at": "2026-03-01T10:00:00Z", "author_id": "ann"}


def outcomes(content: bytes, layout: Layout | None = None, rules: Rules = RULES) -> list[Parsed]:
    return list(parsed(io.BytesIO(content), layout or Layout(), rules))


def only(content: bytes, layout: Layout | None = None, rules: Rules = RULES) -> tuple[str, Item]:
    ((_, found),) = outcomes(content, layout, rules)
    assert isinstance(found, tuple), found
    return found


def refusal(content: bytes, layout: Layout | None = None, rules: Rules = RULES) -> str:
    ((_, found),) = outcomes(content, layout, rules)
    assert isinstance(found, Refusal), found
    return found.reason


def line(**changes: Any) -> bytes:
    return json.dumps({k: v for k, v in (GOOD | changes).items() if v is not ...}).encode()


@pytest.mark.parametrize(
    "spelled",
    [
        "2018-10-10T20:19:24Z",
        "2018-10-10T20:19:24.000Z",
        "2018-10-10 20:19:24",
        "2018-10-10 20:19:24 UTC",
        "2018-10-10T22:19:24+02:00",
        "20181010T201924Z",
        "1539202764",
        "1539202764000",
        "1539202764.0",
        "1.539202764e9",
        "Wed Oct 10 20:19:24 +0000 2018",
        "Wed Oct 10 22:19:24 +0200 2018",
        "Wed, 10 Oct 2018 20:19:24 +0000",
        "Wed, 10 Oct 2018 16:19:24 -0400",
        "10 Oct 2018 20:19:24 GMT",
        "  2018-10-10T20:19:24Z ",
    ],
)
def test_times_as_exports_spell_them(spelled: str) -> None:
    assert instant(spelled) == datetime(2018, 10, 10, 20, 19, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    "spelled",
    [
        "",
        "yesterday",
        "2018-13-01",
        "5",
        "1e99",
        "99999999999999999999",
        "inf",
        "Wed Foo 10 20:19:24 +0000 2018",
    ],
)
def test_what_is_no_time(spelled: str) -> None:
    with pytest.raises(NotATime):
        instant(spelled)


times = st.timedeltas(timedelta(0), timedelta(days=16_000)).map(
    lambda after: datetime(1990, 1, 2, tzinfo=UTC) + after
)


@given(times)
def test_every_spelling_of_a_time_is_the_same_time(at: datetime) -> None:
    whole = at.replace(microsecond=0)
    assert instant(at.isoformat()) == at
    assert instant(format_datetime(whole)) == whole
    assert instant(whole.strftime("%a %b %d %H:%M:%S +0000 %Y")) == whole
    assert instant(str(int(whole.timestamp()) * 1000)) == whole
    assert abs(instant(repr(at.timestamp())) - at) < timedelta(milliseconds=1)


@given(st.text(max_size=40) | st.from_regex(r"[\w ,:+.-]{0,40}"))
def test_any_words_are_a_time_or_none(spelled: str) -> None:
    try:
        found = instant(spelled)
    except NotATime:
        return
    assert found.tzinfo is UTC


def test_the_command_knows_the_same_fields() -> None:
    assert import_._FIELDS == FIELDS


def test_a_line_with_everything() -> None:
    brand, item = only(
        line(
            id=1095011215770828800,
            channel="x",
            author_handle="ann",
            author_name="Ann",
            in_reply_to=10**30,
            conversation_id="c1",
            direction="OUT",
            visibility="private",
            url="https://example.org/1",
            lang="en",
            brand="Other",
            extra={"deep": [1, 2.5]},
        )
    )
    assert brand == "Acme"
    assert item == Item(
        "x",
        "1095011215770828800",
        "ann",
        "It is broken",
        datetime(2026, 3, 1, 10, tzinfo=UTC),
        author_handle="ann",
        author_name="Ann",
        in_reply_to=str(10**30),
        conversation_id="c1",
        direction=Direction.OUT,
        visibility=Visibility.PRIVATE,
        url="https://example.org/1",
        lang="en",
    )


def test_what_is_missing_is_filled_in() -> None:
    _, item = only(line(channel=None, direction="", lang=None))
    assert (item.channel, item.direction, item.visibility) == ("import", Direction.IN, Visibility.PUBLIC)
    assert only(line(), rules=Rules(NOW, "Acme", "x"))[1].channel == "x"


def test_a_line_may_name_its_brand() -> None:
    assert only(line(brand="  Acme   Care "), rules=Rules(NOW))[0] == "Acme Care"
    assert "names no brand" in refusal(line(), rules=Rules(NOW))
    assert "at most 120" in refusal(line(brand="x" * 121), rules=Rules(NOW))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"nonsense", "it is not JSON"),
        (b'{"id": 1', "it is not JSON"),
        (b"[1, 2]", "no object in braces"),
        (b'"text"', "no object in braces"),
        (b"null", "no object in braces"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a":' * 100_000, "nested too deeply"),
        (b'{"id": ' + b"1" * 5000 + b"}", "it is not JSON"),
        (line().replace(b"broken", b"br\xf6ken"), "(0xf6) is not UTF-8"),
        (line(id=...), "id is missing"),
        (line(text=None), "text is missing"),
        (line(created_at=...), "created_at is missing"),
        (line(author_id=...), "author_id is missing"),
        (line(id="  "), "id is empty"),
        (line(id="x" * 501), "id is longer than 500"),
        (line(id=True), "id is neither a text nor a whole number"),
        (line(id=1.5), "id is the number 1.5"),
        (line(id=1.0954e18), "may have lost digits"),
        (line(id=["1"]), "id is neither"),
        (line(text=5), "text is not a text"),
        (line(text=["a"]), "text is not a text"),
        (line(created_at={}), "created_at is neither"),
        (line(created_at="soon"), "is no time"),
        (line(created_at="0001-01-01T00:00:00+14:00"), ""),
        (line(created_at="9999-12-31T23:59:59-14:00"), ""),
        (line(created_at="1900-01-01"), "created_at: 1900-01-01T00:00:00+00:00 is before 1990"),
        (line(created_at="2027-01-01"), "before 1990 or in the future"),
        (line(created_at=10**17), ""),
        (line().replace(b'"2026-03-01T10:00:00Z"', b"1e999"), "is no time"),
        (line().replace(b'"2026-03-01T10:00:00Z"', b"NaN"), "created_at is missing"),
        (line(direction="sideways"), "direction is “sideways”; it can be in or out"),
        (line(visibility="secret"), "visibility is “secret”"),
        (line(channel="x" * 41), "channel is longer than 40"),
        (line(author_handle={}), "author_handle is neither"),
    ],
)
def test_why_a_line_is_refused(content: bytes, reason: str) -> None:
    assert reason in refusal(content)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (line(text="a\u0000b"), "a\u0000b"),
        (line().replace(b"It is", b"It\x00is"), "It\x00is broken"),
        (line().replace(b"It is", b"It\\ud800is"), "It\ud800is broken"),
        (line().replace(b"It is", b"It\\ud83d\\ude00is"), "It😀is broken"),
        (line(text="\u202eabc<script>"), "\u202eabc<script>"),
        (line(text="x" * 1_000_000), "x" * 1_000_000),
        (line(text=""), ""),
        (line(lang=None).replace(b"null", b"NaN"), "It is broken"),
        (b'{"text": "first", ' + line()[1:], "It is broken"),
        (b"\xef\xbb\xbf" + line() + b"\r\n", "It is broken"),
    ],
)
def test_odd_lines_are_kept(content: bytes, text: str) -> None:
    assert only(content)[1].text == text


def test_lines_are_numbered_and_empty_ones_passed_over() -> None:
    found = outcomes(b"\n" + line() + b"\r\n  \r\n\nnonsense\n" + line(id="2"))
    assert [(part.number, type(out).__name__) for part, out in found] == [
        (1, "NoneType"),
        (2, "tuple"),
        (3, "NoneType"),
        (4, "NoneType"),
        (5, "Refusal"),
        (6, "tuple"),
    ]
    assert found[1][0].content == line()


@pytest.mark.parametrize("ending", [b"\n" + line(), b""])
def test_a_line_without_measure_is_refused_and_the_next_is_read(
    monkeypatch: pytest.MonkeyPatch, ending: bytes
) -> None:
    monkeypatch.setattr(import_lines, "LONGEST", 1000)
    monkeypatch.setattr(import_lines, "SHOWN", 100)
    for size in (1000, 1001, 1100, 1101, 5000):
        found = outcomes(b"x" * size + ending)
        assert [part.number for part, _ in found] == ([1, 2] if ending else [1])
        assert found[0][0].content == b"x" * 100
        assert found[0][0].too_long
        assert isinstance(found[0][1], Refusal)
        assert not ending or isinstance(found[1][1], tuple)
    assert not outcomes(b"x" * 999)[0][0].too_long


CSV = Layout(Format.CSV)


def test_csv_by_its_own_names() -> None:
    content = b'ID,Text,Created At,Author-ID,Other\r\n7,"It, says ""no""\r\nagain",2026-03-01,ann,x\r\n'
    ((part, found),) = outcomes(content, CSV)
    assert isinstance(found, tuple)
    assert (found[1].remote_id, found[1].author_id) == ("7", "ann")
    assert found[1].text == 'It, says "no"\nagain'
    assert part.number == 2


def test_csv_by_a_mapping() -> None:
    layout = Layout(
        Format.CSV, "", {"id": "Tweet ID", "text": "Body", "created_at": "When", "author_id": "Who"}
    )
    content = b"\xef\xbb\xbfWho;When;Body;Tweet ID;text\nann;1772359200;Hello;5;not this\n"
    assert only(content, layout)[1].text == "Hello"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_csv_delimiters_are_found_out(delimiter: str) -> None:
    rows = [["id", "text", "created_at", "author_id"], ["1", "Hi", "2026-03-01", "ann"]]
    content = "\n".join(delimiter.join(row) for row in rows).encode()
    assert only(content, CSV)[1].text == "Hi"
    assert only(content, Layout(Format.CSV, delimiter))[1].text == "Hi"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"id,text\n1,a\n", "no column for created_at, author_id"),
        (b"\xff\xfei\x00d\x00\n", "no header"),
        (b'"open\n', "no header"),
        (b"a,b\n1,2\n", "no column for id, text, created_at, author_id"),
    ],
)
def test_a_csv_file_that_is_none(content: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        outcomes(content, CSV)
    with pytest.raises(Unreadable, match="no column “Nowhere”"):
        outcomes(b"id,text,created_at,author_id\n", Layout(Format.CSV, "", {"text": "Nowhere"}))


HEADER = b"id,text,created_at,author_id\n"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"1,Hi,2026-03-01,ann,more", "5 values under 4 columns"),
        (b"1,Hi,2026-03-01", "author_id is missing"),
        (b"1.095E+18,Hi,2026-03-01,ann", "may have lost digits"),
        (b"1,H\xf6,2026-03-01,ann", "is not UTF-8"),
        (b'1,"Hi" there,2026-03-01,ann', "it is not CSV"),
        (b"1,a\rb,2026-03-01,ann", "it is not CSV"),
        (b",Hi,2026-03-01,ann", "id is missing"),
    ],
)
def test_why_a_csv_record_is_refused(row: bytes, reason: str) -> None:
    assert reason in refusal(HEADER + row + b"\n", CSV)


def test_an_open_quote_spoils_its_own_line_only() -> None:
    good = b"2,Hi,2026-03-01,ann"
    found = outcomes(HEADER + b'1,"Hi,2026-03-01,ann\n' + good + b"\n", CSV)
    assert [part.number for part, _ in found] == [2, 3]
    assert "a quote is not closed" in str(found[0][1])
    assert isinstance(found[1][1], tuple)


odd_bytes = st.binary(max_size=200) | st.lists(
    st.sampled_from(
        [line(), line(id="2"), b"\n", b"\r", b'"', b",", b"{", b"}", b"\\", b"\x00", b"\xff", b"1"]
    ),
    max_size=12,
).map(b"".join)


@given(odd_bytes, st.sampled_from(Format))
def test_any_bytes_are_lines_with_an_outcome_each(content: bytes, format_: Format) -> None:
    body = content if format_ is Format.JSONL else HEADER.replace(b",", b"\t") + content
    layout = Layout(format_, "\t")
    found = outcomes(body, layout)
    numbers = [part.number for part, _ in found]
    assert numbers == sorted(set(numbers))
    if format_ is Format.JSONL:
        assert len(found) == len(content.split(b"\n")) - (content.endswith(b"\n") or not content)
