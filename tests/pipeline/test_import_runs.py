"""Files and what is noted of them: refused lines, brands, and what cannot be read at all."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest
from tests.pipeline.imports import line, run

from amends.clock import now as clock
from amends.language import model
from amends.language.reading import Text
from amends.language.stand_in import StandIn
from amends.pipeline.import_fields import Rules
from amends.pipeline.import_lines import Layout
from amends.site.import_run import Asked, import_all
from amends.store import brands, history, models
from amends.store.stats import stats


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


def test_a_refused_line_counts_for_the_brand_that_it_names(desk: None, tmp_path: Path) -> None:
    file = tmp_path / "posts.jsonl"
    bolt, crisp = line(2, brand="BOLT", text=None), line(3, brand="Crisp", created_at="never")
    file.write_bytes(line(1, brand="Bolt") + bolt + crisp + b"nonsense\n" + line(4, brand=[7]))
    assert run(file, tmp_path, brand="") == 3
    found = stats()
    assert (found.total.rejected, found.brands["Bolt"].rejected) == (4, 1)
    assert set(found.brands) == {"Bolt"}, "a brand of nothing but refused lines is not made"
    file.write_bytes(file.read_bytes() + line(5, brand="crisp"))
    assert run(file, tmp_path, brand="") == 3
    found = stats()
    assert (found.total.rejected, found.brands["Bolt"].rejected, found.brands["crisp"].rejected) == (4, 1, 1)


def test_a_brand_that_is_there_is_taken_however_it_is_written(desk: None, tmp_path: Path) -> None:
    brands.get_or_create("Öl & Söhne", clock())
    file = tmp_path / "posts.jsonl"
    file.write_bytes(line(1, brand="öl  & SÖHNE") + line(2, brand="Öl&Söhne") + line(3, brand="Öl ＆ Söhne"))
    assert run(file, tmp_path, brand="") == 0
    assert run(file, tmp_path, brand="ÖL & SÖHNE") == 0
    assert {name: each.posts for name, each in stats().brands.items()} == {"Öl & Söhne": 3}
    assert set(models.ImportRun.objects.values_list("brand_name", flat=True)) == {"Öl & Söhne"}


def test_a_file_that_cannot_be_read_makes_no_brand(desk: None, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"one,two\n1,2\n")
    for name in ("nowhere.jsonl", "a.csv"):
        assert run(tmp_path / name, tmp_path, brand="Mistyped") == 1
    assert not models.Brand.objects.exists()
    good = tmp_path / "good.jsonl"
    good.write_bytes(line(1))
    asked = Asked(Rules(clock(), "Acme"), Layout(), False, None, True, tmp_path, StandIn(0.5))
    assert import_all([str(tmp_path / "nowhere.jsonl"), str(good)], asked) == 3
    assert models.Post.objects.count() == 1


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
