"""`amends triage`: lines in, lines out, and what is said of lines that cannot be read."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amends.language.stand_in import StandIn
from amends.language.triage import BadLine, parse, triage

KEYS = ["id", "complaint", "label", "severity", "kind", "about", "abuse", "urgent", "lang", "reasons"]


def run(given: bytes, *options: str, folder: Path) -> subprocess.CompletedProcess[bytes]:
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    command = [sys.executable, "-P", "-m", "amends.site.command", "triage", *options]
    return subprocess.run(command, input=given, capture_output=True, cwd=folder, env=environ)


def lines(*posts: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(post).encode() + b"\n" for post in posts)


def test_a_line_for_a_line_in_order_and_nothing_else(tmp_path: Path) -> None:
    text = "🙃 Third week without internet, nobody answers"
    done = run(
        lines(
            {"id": "b", "text": text, "extra": 1}, {"id": 7, "text": "What time do you open?", "lang": "en"}
        ),
        folder=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    first, second = map(json.loads, done.stdout.splitlines())
    assert list(first) == list(second) == [*KEYS, "model"]
    assert (first["id"], second["id"]) == ("b", 7)
    assert (first["label"], first["kind"], second["label"]) == ("complaint", "complaint", "not_complaint")
    assert second["severity"] == "none" != first["severity"]
    for reason in first["reasons"]:
        assert text[reason["start"] : reason["end"]].strip()
    assert list(tmp_path.iterdir()) == []


def test_bad_lines_are_named_and_the_others_read(tmp_path: Path) -> None:
    bad = [
        b"{",
        b"[]",
        b'{"id":1}',
        b'{"text":"x"}',
        b'{"id":true,"text":"x"}',
        b'{"id":1,"text":2}',
        b"\xff\xfe",
    ]
    good = lines({"id": 1, "text": "hello"})
    done = run(b"\n".join([*bad, b"", good.strip()]), folder=tmp_path)
    assert done.returncode == 3
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [1]
    told = done.stderr.decode().splitlines()
    assert [line.split(":")[0] for line in told] == [f"line {n}" for n in range(1, len(bad) + 1)]
    assert "Traceback" not in done.stderr.decode()


def test_files_are_read_one_after_the_other(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xef\xbb\xbf" + lines({"id": 1, "text": "hello"}))
    (tmp_path / "b").write_bytes(lines({"id": 2, "text": "hello"}) + b"nonsense\n")
    done = run(b"", "a", "b", folder=tmp_path)
    assert done.returncode == 3
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [1, 2]
    assert done.stderr.decode().startswith("b, line 2: not JSON")


def test_a_file_that_is_not_there_stops_everything_first(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(lines({"id": 1, "text": "hello"}))
    done = run(b"", "a", "nowhere", folder=tmp_path)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"nowhere" in done.stderr


@given(st.binary(max_size=300))
def test_any_line_is_read_or_refused(line: bytes) -> None:
    refused: list[int] = []
    answers = list(triage([line], StandIn(0.5), lambda number, _: refused.append(number)))
    assert len(answers) + len(refused) == bool(line.removeprefix(b"\xef\xbb\xbf").strip())


@pytest.mark.parametrize(
    "line", [b'{"id":1,"text":"x","lang":3}', b'{"id":1,"text":"x","in_reply_to_text":[]}']
)
def test_optional_fields_are_texts_or_absent(line: bytes) -> None:
    with pytest.raises(BadLine, match="not a string"):
        parse(line)
    assert parse(b'{"id":1,"text":"x","lang":null}').text.lang is None


def test_many_lines_keep_their_order() -> None:
    many = [lines({"id": n, "text": f"post {n}"}) for n in range(1000)]
    answers = triage(many, StandIn(0.5), lambda *_: None)
    assert [json.loads(answer)["id"] for answer in answers] == list(range(1000))
