"""The units of deploy/systemd, by systemd's own judgement."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib import import_module
from pathlib import Path

import pytest
from tests.rig.processes import REPOSITORY

from amends.site.command import COMMANDS

UNITS = REPOSITORY / "deploy" / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
WORST_EXPOSURE = 2.0
"""Of 10, as `systemd-analyze security` reckons; what is left is the network, which the desk needs."""
PROGRAM = "/opt/amends/.venv/bin/amends"
needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")


def value(unit: Path, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE)


def test_they_are_all_there() -> None:
    names = {path.name for path in UNITS.iterdir()}
    apart = {"amends-web.service", "amends-worker@.service", "amends-migrate.service"}
    assert names == {"amends.service", "amends-backup.service", "amends-backup.timer", "amends.env"} | apart


@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_each_starts_a_command_of_ours_as_its_own_user_on_the_one_data_folder(unit: Path) -> None:
    (start,) = value(unit, "ExecStart")
    program, name, *_ = start.split()
    assert program == PROGRAM
    assert name in {import_module(f"amends.site.commands.{each}").NAME for each in COMMANDS}
    assert (value(unit, "User"), value(unit, "StateDirectory")) == (["amends"], ["amends"])
    assert value(unit, "Environment") == ["AMENDS_DATA=/var/lib/amends"]
    assert value(unit, "StateDirectoryMode") == ["0700"]


@pytest.fixture
def installed(tmp_path: Path) -> list[str]:
    """The units as they would be with the desk in place."""
    program = tmp_path / "amends"
    program.touch(mode=0o755)
    for unit in UNITS.iterdir():
        text = unit.read_text(encoding="utf-8").replace(PROGRAM, str(program))
        (tmp_path / unit.name).write_text(
            text.replace("/opt/amends/docs/run.md", "/dev/null"), encoding="utf-8"
        )
    return [str(path) for path in sorted(tmp_path.iterdir()) if path.suffix in (".service", ".timer")]


@needs_systemd
def test_systemd_finds_no_fault_in_them(installed: list[str]) -> None:
    done = subprocess.run(
        ["systemd-analyze", "verify", *installed], capture_output=True, text=True, timeout=60
    )
    ours = [line for line in done.stderr.splitlines() if "amends" in line]
    assert (ours, done.returncode) == ([], 0), done.stderr


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES, ids=lambda path: path.name)
def test_they_are_shut_in_as_far_as_a_desk_can_be(unit: Path) -> None:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        timeout=60,
    )
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    if found is None and "offline" in done.stderr:
        pytest.skip("this systemd cannot judge a unit that is not installed")
    assert found, done.stderr
    assert float(found[1]) <= WORST_EXPOSURE


def test_the_settings_file_names_only_settings_that_there_are() -> None:
    told = "".join(page.read_text(encoding="utf-8") for page in (REPOSITORY / "docs").glob("*.md"))
    for name in re.findall(r"^(?:# )?([A-Z_]+)=", (UNITS / "amends.env").read_text(), re.MULTILINE):
        assert name in told, name
