"""Import into a real desk: counts that add up, whatever the file and however often."""

from __future__ import annotations

import io
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.db import connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.pipeline.imports import START, imported, line, run

from amends.clock import now as clock
from amends.pipeline.import_fields import Rules
from amends.pipeline.import_lines import Layout
from amends.pipeline.importing import Tally, offset, survey
from amends.store import history, models


def test_every_line_is_counted_once(desk: None) -> None:
    content = line(1) + line(2) + line(1) + b"nonsense\n\n" + line(1, text="Other words") + line(3)
    total, refused = imported(content)
    assert total == Tally(lines=7, new=3, repeated=2, refused=1, empty=1)
    assert [(r.line.number, r.line.content) for r in refused] == [(4, b"nonsense")]
    assert models.Post.objects.count() == 3
    assert models.Post.objects.get(remote_id="p1").text == "My parcel 1 is lost"
    assert not models.Waiting.objects.exists()
    assert imported(content)[0] == Tally(lines=7, new=0, repeated=5, refused=1, empty=1)
    assert models.Post.objects.count() == 3


def test_the_very_bytes_are_kept(desk: None) -> None:
    content = line(1, unknown={"b": [1.50, "ü"]}).replace(b"\n", b"  \r\n")
    imported(content)
    assert bytes(models.Raw.objects.get().payload) == content.removesuffix(b"\r\n")


def test_lines_go_to_their_own_brands(desk: None) -> None:
    content = line(1, brand="Bolt") + line(1, brand="Crisp") + line(2, brand="Bolt") + line(3)
    total, _ = imported(content, brand="")
    assert total == Tally(lines=4, new=3, refused=1)
    assert Counter(models.Post.objects.values_list("brand__name", flat=True)) == {"Bolt": 2, "Crisp": 1}


def test_history_keeps_its_own_clock(desk: None, tmp_path: Path) -> None:
    """A post of nine years ago has just been written as far as its case is concerned."""
    file = tmp_path / "old.jsonl"
    hour = timedelta(hours=1)
    at = datetime(2017, 10, 1, 12, tzinfo=UTC)
    file.write_bytes(line(1, created_at=(at - hour).isoformat()) + line(2, created_at=at.isoformat()))
    assert run(file, tmp_path) == 0
    case = models.Case.objects.get(author__remote_id="a1")
    assert case.opened_at == at - hour
    assert case.due_at is not None
    assert timedelta(0) <= clock() - case.clock_offset - at < timedelta(minutes=5)


def test_an_import_from_the_future_has_no_clock_of_its_own() -> None:
    now = clock()
    assert offset(now, now + timedelta(hours=3)) == timedelta(0)
    assert offset(now, None) == timedelta(0)
    assert offset(now, now - timedelta(hours=3)) == timedelta(hours=3)


def test_a_first_look_keeps_nothing(desk: None) -> None:
    content = line(5) + line(3) + b"nonsense\n" + line(9, created_at="1980-01-01T00:00:00Z")
    found = survey(io.BytesIO(content), Layout(), Rules(clock(), "Acme"), lambda _: None)
    assert (found.lines, found.posts, found.last_post_at) == (4, 2, START + timedelta(minutes=5))
    assert models.Raw.objects.count() == 0


ODD = [
    line(1),
    line(2),
    line(3, text="\u0000\ud800<script>" * 3),
    line(1, text="again"),
    b"\n",
    b"\xff\n",
    b"{\n",
]
ODD += [line(4, in_reply_to="p1"), line(5, author_id="\ud800"), line(6, channel="\x00"), line(7, id="\u202e")]
ODD += [
    line(8, url="javascript:alert(1)"),
    line(9, lang="x" * 300),
    line(10, author_name="n" * 5000),
    b"[]\n",
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parts=st.lists(st.sampled_from(ODD) | st.binary(max_size=40), max_size=14))
def test_counts_add_up_whatever_the_file(desk: None, parts: list[bytes]) -> None:
    content = b"".join(parts)
    before = models.Post.objects.count()
    total, refused = imported(content)
    lines = len(content.split(b"\n")) - (content.endswith(b"\n") or not content)
    assert total.lines == lines == total.new + total.repeated + total.refused + total.empty
    assert len(refused) == total.refused
    assert models.Post.objects.count() == before + total.new
    assert not models.Waiting.objects.exists()
    assert not models.Raw.objects.filter(state="failed").exists()


def test_a_post_of_a_megabyte_is_kept(desk: None) -> None:
    assert imported(line(1, text="ü\n" * 500_000) + line(2))[0] == Tally(lines=2, new=2)
    assert len(models.Post.objects.get(remote_id="p1").text) == 1_000_000


def test_two_imports_of_one_file_at_once(desk: None) -> None:
    content = b"".join(line(number) for number in range(3000))
    totals: list[Tally] = []

    def work() -> None:
        totals.append(imported(content)[0])
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(total.new for total in totals) == 3000
    assert sum(total.repeated for total in totals) == 3000
    assert models.Post.objects.count() == 3000
    assert list(history.faults()) == []
