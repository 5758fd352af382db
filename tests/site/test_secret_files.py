"""Secrets that stand in files."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.site.processes import result

from amends.site import secret_files
from amends.site.errors import PlaceError


def test_what_a_file_holds_is_the_setting(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://a:b@c/d\n")
    environ = {"DATABASE_URL_FILE": str(file), "AMENDS_URL": "x", "AMENDS_SECRET_KEY_FILE": " "}
    secret_files.read(environ)
    assert environ["DATABASE_URL"] == "postgresql://a:b@c/d"
    assert "AMENDS_SECRET_KEY" not in environ
    secret_files.read(environ)
    environ["DATABASE_URL"] = "postgresql://other"
    with pytest.raises(PlaceError, match="Both DATABASE_URL and DATABASE_URL_FILE"):
        secret_files.read(environ)


@pytest.mark.parametrize("content", [b"", b" \n", b"\xff", b"a\0b", b"x" * 100_000])
def test_a_file_that_holds_no_setting_is_refused_without_a_word_of_it(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "key"
    file.write_bytes(content)
    with pytest.raises(PlaceError, match="holds no setting"):
        secret_files.read({"AMENDS_SECRET_KEY_FILE": str(file)})
    with pytest.raises(PlaceError, match="cannot be read"):
        secret_files.read({"AMENDS_SECRET_KEY_FILE": str(tmp_path / "nowhere")})


def test_every_command_reads_them_and_says_kindly_when_it_cannot(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://somebody:hidden@127.0.0.1:1/amends")
    code, _, said = result(tmp_path, "migrate", DATABASE_URL_FILE=str(file))
    assert (code, "The database in DATABASE_URL cannot be reached" in said, "hidden" in said) == (
        1,
        True,
        False,
    )
    code, _, said = result(tmp_path, "migrate", DATABASE_URL_FILE=str(tmp_path))
    assert (code, "cannot be read" in said, "Traceback" in said) == (1, True, False)
