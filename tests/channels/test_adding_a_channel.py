"""The code of docs/adding-a-channel.md, run as it stands: a channel, and the tests that it ends with."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from types import MappingProxyType

import pytest

from amends.channels import registry

PAGE = Path(__file__).parents[2] / "docs" / "adding-a-channel.md"
MODULE, TESTS = "src/amends/channels/board.py", "tests/channels/test_board.py"
_BLOCK = re.compile(r"^```python\n# (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def _files() -> dict[str, str]:
    """The files that the page builds, each from its blocks, pasted one below the other."""
    files: dict[str, list[str]] = defaultdict(list)
    for name, code in _BLOCK.findall(PAGE.read_text(encoding="utf-8")):
        files[name].append(code)
    return {name: "".join(parts) for name, parts in files.items()}


FILES = _files()


def _load(name: str, code: str) -> object:
    spec = importlib.util.spec_from_loader(name, loader=None)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    exec(compile(code, f"{PAGE.name}:{name}", "exec"), module.__dict__)  # noqa: S102 - our own page
    return module


board = _load("amends.channels.board", FILES[MODULE])


@pytest.fixture(autouse=True)
def on_the_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the page does by hand: the registry has the new channel."""
    listed = dict(registry.CHANNELS) | {"board": board.Board()}  # type: ignore[attr-defined]
    monkeypatch.setattr(registry, "CHANNELS", MappingProxyType(listed))


exec(compile(FILES[TESTS], PAGE.name, "exec"), globals())  # noqa: S102 - pytest finds the page's tests here


def test_the_page_builds_both_files() -> None:
    assert set(FILES) == {MODULE, TESTS}
    assert sum(name.startswith("test_") for name in globals()) == 5


OURS = 'lint.isort.known-first-party = ["amends"]'
"""The new module is ours, though its file is not there."""


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("asked", [["check"], ["format", "--check"]], ids=["check", "format"])
def test_what_is_pasted_is_spelled_as_all_code(name: str, asked: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", *asked, "--no-cache", "--config", OURS, "--stdin-filename", name, "-"],
        input=FILES[name],
        cwd=PAGE.parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
