"""Whether the record is what was written: chains against themselves, the table against signed checkpoints."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db import connection

from amends.store import agreement, history
from amends.store.checkpoints import NOTHING, Checkpoint, NotACheckpoint, entries, extend, lines, read_line

MOST_FAULTS = 1000
_CHUNK = 20_000


class CannotCheck(Exception):
    """The record could not be checked; the message says why."""


@dataclass(slots=True)
class Verdict:
    """What was found: how much was checked, everything wrong with it, and what is only worth knowing."""

    entries: int = 0
    contents: int = 0
    checkpoints: int = 0
    kept_checkpoints: int = 0
    unsigned_since: int = 0
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def erased(self) -> int:
        """Entries whose content was erased, which the rules allow."""
        return self.entries - self.contents

    @property
    def whole(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def verify(own: Path, key: Ed25519PublicKey, kept: Path | None = None) -> Verdict:
    """Check the whole record, against our own checkpoints and those of a copy kept elsewhere.

    Raises CannotCheck when the copy cannot be read. Lists at most `MOST_FAULTS` faults.
    """
    verdict = Verdict()
    if kept is not None:
        _require_checkpoints(kept)
    for fault in islice(chain(history.faults(), agreement.faults()), MOST_FAULTS):
        verdict.faults.append(f"{fault.chain}, entry {fault.position}: {fault.what}")
    verdict.checkpoints, last = _against(own, key, verdict, str(own))
    if kept is not None:
        verdict.kept_checkpoints, _ = _against(kept, key, verdict, str(kept))
    _count(verdict, last)
    if not verdict.checkpoints:
        verdict.notes.append(f"There is no checkpoint in {own} yet; the worker writes one every minute.")
    if verdict.erased:
        verdict.notes.append(
            f"The contents of {verdict.erased} entries were erased; the record says when and why."
        )
    return verdict


def _require_checkpoints(kept: Path) -> None:
    try:
        if not any(_is_checkpoint(line) for _, line in lines(kept)):
            if kept.exists():
                raise CannotCheck(
                    f"{kept} holds no checkpoint. Name a copy of checkpoints.jsonl or a line of it."
                )
            raise CannotCheck(f"There is no file {kept}. Name a copy of checkpoints.jsonl or a line of it.")
    except OSError as error:
        raise CannotCheck(f"{kept} cannot be read ({error.strerror}).") from error


def _is_checkpoint(line: bytes) -> bool:
    try:
        read_line(line)
    except NotACheckpoint:
        return False
    return True


def _is_strangers(line: bytes, key: Ed25519PublicKey) -> bool:
    try:
        return not read_line(line).is_signed_by(key)
    except NotACheckpoint:
        return False


def _against(path: Path, key: Ed25519PublicKey, verdict: Verdict, name: str) -> tuple[int, Checkpoint]:
    """Compare the table with the checkpoints of a file; returns how many were good, and the last of them."""
    good, last = 0, NOTHING
    table = _Table()
    strangers = [number for number, line in lines(path) if _is_strangers(line, key)]
    if strangers and len(strangers) == sum(1 for _, line in lines(path) if _is_checkpoint(line)):
        raise CannotCheck(
            f"All {len(strangers)} checkpoints in {name} were signed with another key. After a restore, put "
            "the installation's history.key back; without it nothing can be said about the record."
        )
    for number, line in lines(path):
        if len(verdict.faults) >= MOST_FAULTS:
            break
        if not line:
            continue
        found, fault = _examined(line, key, last)
        if found is not None and fault is None:
            fault = table.compare(last, found)
            good, last = good + (fault is None), found
        if fault:
            verdict.faults.append(f"{name}, line {number}: {fault}")
    return good, last


def _examined(line: bytes, key: Ed25519PublicKey, last: Checkpoint) -> tuple[Checkpoint | None, str | None]:
    try:
        found = read_line(line)
    except NotACheckpoint as error:
        return None, str(error)
    if not found.is_signed_by(key):
        return None, f"the checkpoint of {_spelled(found)} was not signed by this desk's key"
    if found.last_id < last.last_id:
        return None, f"the checkpoint of {_spelled(found)} is older than the one before it"
    return found, None


class _Table:
    """The record read once from front to end, with the digest it has and should have up to there."""

    def __init__(self) -> None:
        self._after = 0
        self._digest = b""
        self._count = 0

    def compare(self, last: Checkpoint, found: Checkpoint) -> str | None:
        """What is wrong between two checkpoints; then goes on from what the second one says."""
        for entry_id, entry_hash in entries(self._after, found.last_id):
            self._digest, self._count = extend(self._digest, entry_id, entry_hash), self._count + 1
        same = self._digest == found.digest and self._count == found.entries
        difference = _difference(last, found, self._count)
        self._after, self._digest, self._count = found.last_id, found.digest, found.entries
        return None if same else difference


def _difference(last: Checkpoint, found: Checkpoint, count: int) -> str:
    since = "the beginning" if last is NOTHING else _spelled(last)
    among = f"among those up to no. {found.last_id}, recorded between {since} and {_spelled(found)}"
    if count < found.entries:
        return f"{found.entries - count} entries are missing {among}"
    if count > found.entries:
        return f"{count - found.entries} entries were put in {among}"
    return f"entries were changed {among}"


def _spelled(checkpoint: Checkpoint) -> str:
    return f"{checkpoint.at:%Y-%m-%d %H:%M:%S} UTC"


def _count(verdict: Verdict, last: Checkpoint) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE id > %s), (SELECT count(*) FROM store_historycontent) "
            "FROM store_historyentry",
            [last.last_id],
        )
        verdict.entries, verdict.unsigned_since, verdict.contents = cursor.fetchone()
