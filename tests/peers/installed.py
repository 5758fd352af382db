"""Servers of others that tests talk with, installed into .build/peers when they are missing there.

Nothing is installed on the machine itself. Where that cannot be done, a test says what is missing: as root,
by failing, since then it always can; else by being skipped.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.rig.processes import REPOSITORY

BUILD = REPOSITORY / ".build" / "peers"
PINNED = REPOSITORY / "requirements" / "peers.txt"
PATIENCE = 300.0
_PATHS = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


class Missing(Exception):
    """A peer cannot be installed; the text says what to do."""


def snac() -> Path:
    """The program of snac, a small server that speaks Mastodon's client API and federates."""
    return _or_missing(_snac, "snac2")


def mastodon_mock() -> Path:
    """The program of mastodon_mock, a whole imitation of Mastodon's client API."""
    return _or_missing(_mastodon_mock, "mastodon_mock")


def nginx() -> Path:
    """The program of nginx, the installed one or one of our own."""
    found = shutil.which("nginx", path=_PATHS)
    return (
        Path(found) if found else _or_missing(lambda: _unpacked("nginx", "usr/sbin/nginx", "nginx"), "nginx")
    )


def caddy() -> Path:
    """The program of Caddy, the installed one or one of our own."""
    found = shutil.which("caddy", path=_PATHS)
    return (
        Path(found) if found else _or_missing(lambda: _unpacked("caddy", "usr/bin/caddy", "caddy"), "caddy")
    )


def _or_missing(install: object, name: str) -> Path:
    assert callable(install)
    BUILD.mkdir(parents=True, exist_ok=True)
    try:
        with _alone(name):
            made: Path = install()
            return made
    except Missing as error:
        (pytest.fail if os.geteuid() == 0 else pytest.skip)(f"{name} is missing: {error}")


@contextmanager
def _alone(name: str) -> Iterator[None]:
    with (BUILD / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _mastodon_mock() -> Path:
    """An environment of its own: its pytest plugin and its many packages are none of ours."""
    place, stamp = BUILD / "python", f"{zlib.crc32(PINNED.read_bytes())} {sys.version} {REPOSITORY}"
    mark, program = place / "stamp", place / "bin" / "mastodon_mock"
    if not (mark.exists() and mark.read_text() == stamp):
        shutil.rmtree(place, ignore_errors=True)
        _run([sys.executable, "-m", "venv", place])
        pip: list[str | Path] = [
            place / "bin" / "python",
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        _run([*pip, "--no-input", "--require-hashes", "-r", PINNED])
        mark.write_text(stamp)
    return program


def _snac() -> Path:
    return _unpacked("snac2", "usr/bin/snac", "libcurl4")


def _unpacked(package: str, inside: str, libraries: str) -> Path:
    """Debian's package, unpacked without being installed; from the backports where a release has none."""
    place = BUILD / package
    program = place / "root" / inside
    if not program.exists():
        if not shutil.which("apt-get"):
            raise Missing("it is unpacked from Debian's package, and there is no apt-get here")
        shutil.rmtree(place, ignore_errors=True)
        (place / "lists" / "partial").mkdir(parents=True)
        (place / "cache" / "archives" / "partial").mkdir(parents=True)
        _run(["dpkg", "-x", _downloaded(package, place), place / "root"])
        if lacking := re.findall(r"(\S+) => not found", _linked(program)):
            shutil.rmtree(place / "root")
            raise Missing(f"it needs {', '.join(lacking)}; as root: apt-get install {libraries}")
    return program


def _linked(program: Path) -> str:
    """What a program is linked with; nothing for one that needs no other."""
    return subprocess.run(["ldd", program], capture_output=True, text=True, check=False).stdout


def _downloaded(name: str, place: Path) -> Path:
    """A package of Debian's, by an apt configuration of our own in `place`."""
    options = ["-q", "-o", f"Dir::State::lists={place}/lists", "-o", f"Dir::Cache={place}/cache"]
    options += ["-o", f"Dir::Etc::sourcelist={place}/peers.list", "-o", "Dir::Etc::sourceparts=-"]
    options += ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []
    source, release = debian()
    for suite in (release, f"{release}-backports"):
        (place / "peers.list").write_text(source.format(suite=suite))
        _run(["apt-get", *options, "update"])
        found = _run(["apt-cache", *options, "policy", name]).stdout
        if "Candidate: (none)" not in found and "Candidate:" in found:
            _run(["apt-get", *options, "download", name], cwd=place)
            return next(place.glob(f"{name}_*.deb"))
    raise Missing(f"this machine's Debian has no package {name}")


def debian(folder: Path = Path("/etc/apt")) -> tuple[str, str]:
    """The machine's own source of Debian packages, with `{suite}` where the suite stands, and its release."""
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    for file in files:
        text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
        for paragraph in text.split("\n\n") if file.suffix == ".sources" else text.splitlines():
            if found := _source(paragraph):
                return found
    raise Missing("no source of Debian packages is configured here")


def _source(text: str) -> tuple[str, str] | None:
    """A source of main for a release, in either of the two ways in which apt lets it be written."""
    pairs = re.findall(r"^([\w-]+):[ \t]*(.*)$", text, re.MULTILINE)
    said = {name.lower(): value.split() for name, value in pairs}
    line = re.match(r"^deb\s+(\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)$", text.strip())
    if line:
        options, address, suite, parts = line[1] or "", line[2], line[3], line[4].split()
    elif said.get("uris") and said.get("suites"):
        options = f"[signed-by={said['signed-by'][0]}] " if said.get("signed-by") else ""
        address, suite, parts = said["uris"][0], said["suites"][0], said.get("components", [])
    else:
        return None
    if "main" not in parts or not re.fullmatch(r"[a-z]+", suite) or "debian" not in address:
        return None
    return f"deb {options}{address} {{suite}} main\n", suite


def _run(command: Sequence[str | Path], cwd: Path = BUILD) -> subprocess.CompletedProcess[str]:
    try:
        done = subprocess.run(
            command, cwd=cwd, capture_output=True, text=True, timeout=PATIENCE, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"{Path(command[0]).name} did not work ({type(error).__name__})") from None
    if done.returncode != 0:
        raise Missing(
            f"`{' '.join(map(str, command))}` failed: {(done.stderr or done.stdout)[-600:].strip()}"
        )
    return done
