"""`amends import` as a process: its options, its end by any signal, its memory."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from tests.pipeline.imports import COMMAND, command, line

from amends.store import history, models
from amends.store.stats import stats


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
    assert process.returncode == {signal.SIGKILL: -9, signal.SIGINT: 130, signal.SIGTERM: 143}[number], said
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
