"""Import into a real desk: counts that add up, whatever the file, however often, whatever ends it."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from amends.clock import now as clock
from amends.language import model
from amends.language.reading import Reading, Text
from amends.language.stand_in import StandIn
from amends.pipeline.import_fields import Rules
from amends.pipeline.import_lines import Layout
from amends.pipeline.importing import Import, NotTakenIn, Refused, Tally, offset, survey
from amends.pipeline.receive import Item, receive
from amends.pipeline.take import take_in
from amends.site.import_run import Asked, import_all
from amends.store import brands, history, models
from amends.store.stats import stats

START = datetime(2026, 1, 1, tzinfo=UTC)


def line(number: int, **changes: Any) -> bytes:
    values = {
        "id": f"p{number}",
        "channel": "x",
        "text": f"My parcel {number} is lost",
        "created_at": (START + timedelta(minutes=number)).isoformat(),
        "author_id": f"a{number % 7}",
    }
    return json.dumps(values | changes).encode() + b"\n"


def imported(
    content: bytes, brand: str = "Acme", model: StandIn | None = None
) -> tuple[Tally, list[Refused]]:
    refused: list[Refused] = []
    import_ = Import(
        layout=Layout(),
        rules=Rules(clock(), brand),
        offset=timedelta(days=30),
        model=model or StandIn(0.5),
        clock=clock,
        on_refused=refused.append,
        on_progress=lambda _: None,
    )
    import_.run(io.BytesIO(content))
    return import_.total, refused


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


def test_an_item_that_cannot_be_taken_in_stops_nobody_else(desk: None) -> None:
    brand = brands.get_or_create("Acme", clock())
    items = [(Item("x", str(n), "ann", "Hello", START + timedelta(minutes=n)), b"%d" % n) for n in range(20)]
    receive(brand.pk, items, source="test", now=clock())
    with connection.cursor() as cursor:
        cursor.execute(
            'UPDATE store_waiting w SET fields = \'{"author_id": "ann", "posted_at": "never"}\' '
            "FROM store_raw r WHERE r.id = w.raw_id AND r.remote_id = '7'"
        )
    while take_in(StandIn(1.0), clock()):
        pass
    assert models.Post.objects.count() == 19
    spoilt = models.Raw.objects.get(remote_id="7")
    assert (spoilt.state, spoilt.reason) == ("failed", "ValueError: Invalid isoformat string: 'never'")
    assert spoilt.fields == {"author_id": "ann", "posted_at": "never"}
    assert stats().brands["Acme"].rejected == 1


class Broken(StandIn):
    """A model that brings the whole process of taking in down."""

    def read(self, texts: Any) -> list[Reading]:
        raise SystemError("no weights")


def test_a_model_that_fails_leaves_posts_unread_and_kept(desk: None) -> None:
    assert imported(line(1), model=Broken(1.0))[0].new == 1
    assert models.Post.objects.get().read_at is None


def test_trouble_in_taking_in_is_told_and_nothing_is_lost(desk: None) -> None:
    class Absent(StandIn):
        def read(self, texts: Any) -> list[Reading]:
            with connection.cursor() as cursor:
                cursor.execute("SELECT nothing_like_it()")
            return []

    with pytest.raises(NotTakenIn):
        imported(line(1) + line(2), model=Absent(1.0))
    assert models.Waiting.objects.count() == 2
    assert imported(line(1) + line(2))[0] == Tally(lines=2, repeated=2)
    assert models.Post.objects.count() == 2


def run(file: Path | str, folder: Path, brand: str = "Acme") -> int:
    asked = Asked(Rules(clock(), brand), Layout(), False, None, True, folder, StandIn(0.5))
    return import_all([str(file)], asked)


def test_refused_lines_are_listed_once_however_often(desk: None, tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_bytes(line(1) + b"\xffnonsense\n" + line(2) + b'{"id": "3"}\n')
    listed = tmp_path / "posts.jsonl.rejected.jsonl"
    for _ in range(2):
        assert run(file, tmp_path) == 3
        said = [json.loads(row) for row in listed.read_text().splitlines()]
        assert [(row["line"], row["raw"]) for row in said] == [(2, "\\xffnonsense"), (4, '{"id": "3"}')]
        assert "is not UTF-8" in said[0]["reason"]
        assert said[1]["reason"] == "text is missing"
        assert stats().total.rejected == stats().brands["Acme"].rejected == 2
    assert run(listed, tmp_path) == 0
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(file.read_bytes())
    assert run(copy, tmp_path) == 3
    assert stats().total.rejected == 2
    file.write_bytes(file.read_bytes() + b"more nonsense\n")
    assert run(file, tmp_path) == 3
    assert run(copy, tmp_path) == 3
    assert stats().total.rejected == 5
    file.write_bytes(line(1))
    assert run(file, tmp_path) == 0
    assert not listed.exists()


def test_lines_of_no_brand_count_until_one_is_given(desk: None, tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_bytes(line(1) + line(2))
    assert run(file, tmp_path, brand="") == 3
    assert stats().total.rejected == 2
    assert run(file, tmp_path) == 0
    assert stats().total.rejected == 0


def test_nothing_to_import(desk: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tmp_path / "nowhere.jsonl", tmp_path) == 1
    assert run(tmp_path, tmp_path) == 1
    (tmp_path / "a.csv").write_bytes(b"one,two\n1,2\n")
    assert run(tmp_path / "a.csv", tmp_path) == 1
    (tmp_path / "b.jsonl.gz").write_bytes(b"\x1f\x8bnot really")
    assert run(tmp_path / "b.jsonl.gz", tmp_path) == 1
    said = capsys.readouterr().err
    assert "No such file" in said
    assert "no column for id" in said
    assert "is damaged" in said
    (tmp_path / "empty.jsonl").touch()
    assert run(tmp_path / "empty.jsonl", tmp_path) == 0


COMMAND = [sys.executable, "-m", "amends.site.command", "import"]


def command(
    *options: str | Path, stdin: bytes = b"", cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [*COMMAND, *map(str, options)], input=stdin, capture_output=True, cwd=cwd, timeout=300, check=False
    )
    return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_from_standard_input(desk: None, tmp_path: Path) -> None:
    done = command("-", "--brand", "Acme", "--quiet", stdin=line(1) + b"nonsense\n", cwd=tmp_path)
    assert done.returncode == 3, done.stderr
    assert "2 lines" in done.stdout
    assert json.loads((tmp_path / "stdin.rejected.jsonl").read_text())["raw"] == "nonsense"
    assert [path.name for path in tmp_path.iterdir()] == ["stdin.rejected.jsonl"]


def test_csv_with_a_mapping_by_command(desk: None, tmp_path: Path) -> None:
    file = tmp_path / "export.csv"
    file.write_bytes(b"Tweet ID,Body,When,Who\n9,Hello there,2026-03-01,ann\n")
    mapping = "text=Body,id=Tweet ID,created_at=When"
    done = command(file, "--brand", "Acme", "--map", mapping, "--map", "author_id=Who", "--channel", "x")
    assert (done.returncode, models.Post.objects.get().text) == (0, "Hello there"), done.stderr
    assert models.Post.objects.get().channel == "x"


@pytest.mark.parametrize(
    "options",
    [
        ["--map", "nothing"],
        ["--map", "foo=Bar"],
        ["--delimiter", "ab"],
        ["--as-of", "soon"],
        ["--brand", " "],
    ],
)
def test_what_makes_no_sense_is_said(desk: None, tmp_path: Path, options: list[str]) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_bytes(line(1))
    done = command(file, *options)
    assert done.returncode == 1
    assert f"amends import: {options[0]}" in done.stderr
    assert "Nothing was imported." in done.stderr
    assert "Traceback" not in done.stderr


def wait_for(what: str) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(what)
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError(f"never came true: {what}")


@contextlib.contextmanager
def running(file: Path) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [*COMMAND, str(file), "--brand", "Acme"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        (signal.SIGKILL, "SELECT count(*) > 500 FROM store_raw"),
        (signal.SIGKILL, "SELECT count(*) > 0 FROM store_post"),
        (signal.SIGINT, "SELECT count(*) > 0 FROM store_post"),
        (signal.SIGTERM, "SELECT count(*) > 500 FROM store_raw"),
    ],
)
def test_cut_off_and_repeated(desk: None, tmp_path: Path, number: signal.Signals, moment: str) -> None:
    file = tmp_path / "posts.jsonl"
    file.write_bytes(b"".join(line(n) for n in range(4000)) + b"nonsense\n")
    with running(file) as process:
        wait_for(moment)
        process.send_signal(number)
        _, said = process.communicate(timeout=60)
    assert process.returncode == {signal.SIGKILL: -9, signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    if number is not signal.SIGKILL:
        assert b"interrupted" in said
        assert b"Run the same command again" in said
    assert models.Post.objects.count() < 4000
    done = command(file, "--brand", "Acme")
    assert done.returncode == 3, done.stderr
    assert models.Post.objects.count() == 4000
    assert stats().total.rejected == 1
    assert not models.Waiting.objects.exists()
    assert list(history.faults()) == []


def test_memory_stays_flat(desk: None, tmp_path: Path) -> None:
    """A line of 50 MB is refused, and no more of it than is needed is ever held."""
    file = tmp_path / "long.jsonl"
    with file.open("wb") as out:
        out.write(line(1) + b'{"text": "')
        for _ in range(50):
            out.write(b"x" * 1024 * 1024)
        out.write(b'"}\n' + line(2))
    measured = (
        "import resource, sys; from amends.site.command import main; code = main(sys.argv[1:]); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); sys.exit(code)"
    )

    def peak(path: Path) -> int:
        done = subprocess.run(
            [sys.executable, "-c", measured, "import", str(path), "--brand", "Acme"],
            capture_output=True,
            timeout=300,
            check=False,
        )
        return int(done.stdout.split()[-1])

    small = tmp_path / "small.jsonl"
    small.write_bytes(line(1))
    assert peak(file) - peak(small) < 60_000
    assert models.Post.objects.count() == 2
    refused = json.loads((tmp_path / "long.jsonl.rejected.jsonl").read_text())
    assert (refused["line"], refused["cut"], len(refused["raw"])) == (2, True, 1024 * 1024)


def test_a_list_of_refused_lines_finds_a_place(desk: None, tmp_path: Path) -> None:
    with (tmp_path / "x.jsonl").open("wb") as file:
        file.write(b"nonsense\n")
    (tmp_path / "x.jsonl.rejected.jsonl").mkdir()
    elsewhere = tmp_path / "data"
    elsewhere.mkdir()
    here = Path.cwd()
    os.chdir(elsewhere)
    try:
        assert run(tmp_path / "x.jsonl", tmp_path) == 3
    finally:
        os.chdir(here)
    assert json.loads((elsewhere / "x.jsonl.rejected.jsonl").read_text())["raw"] == "nonsense"


CORPORA = os.environ.get("AMENDS_CORPORA", "")
STREAMS = sorted(Path(CORPORA).glob("streams/*.jsonl")) if CORPORA else []


@pytest.mark.skipif(not STREAMS, reason="AMENDS_CORPORA names no folder with streams/*.jsonl")
def test_genuine_streams_import_whole(desk: None, tmp_path: Path) -> None:
    keys: Counter[tuple[str, str, str]] = Counter()
    said = 0
    for stream in STREAMS:
        copy = tmp_path / stream.name
        copy.write_bytes(stream.read_bytes())
        rows = [json.loads(row) for row in copy.read_text().splitlines()]
        keys.update((row["brand"], row["channel"], row["id"]) for row in rows)
        said += len(rows)
    asked = Asked(Rules(clock(), ""), Layout(), False, None, True, tmp_path, model.load())
    assert import_all([str(tmp_path / stream.name) for stream in STREAMS], asked) == 0
    assert models.Post.objects.count() == len(keys) == said - sum(n - 1 for n in keys.values())
    assert stats().total.rejected == 0
    assert list(history.faults()) == []
    assert 0 < models.Case.objects.count() < len(keys)
    assert model.load().read([Text("hello")])
