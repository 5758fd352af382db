"""Signed checkpoints over the whole record, kept outside the database.

Each says: at this time the record had this many entries, the last was this one, and this is the digest over
all of them. The digest goes on from entry to entry in the order of their ids, so that any one checkpoint can
be checked against the table alone, and a new one costs only what is new. The key is outside the database:
who can rewrite the table cannot sign what it then says.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from django.db import OperationalError, connection, transaction

_log = logging.getLogger(__name__)
_PURPOSE = b"amends checkpoint 1\n"
_LONGEST_LINE = 10_000
_TAIL = 64 * 1024
_PAGE = 20_000


class NotACheckpoint(ValueError):
    """The line is no checkpoint of ours; the message says why."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What the record was at one time, signed."""

    at: datetime
    last_id: int
    entries: int
    digest: bytes
    signature: bytes = b""

    def line(self) -> str:
        """The checkpoint as a line of the file, without its end."""
        return json.dumps({**self._said(), "signature": self.signature.hex()})

    def signed(self, key: Ed25519PrivateKey) -> Checkpoint:
        """The same with the signature of this key."""
        return Checkpoint(self.at, self.last_id, self.entries, self.digest, key.sign(self._message()))

    def is_signed_by(self, key: Ed25519PublicKey) -> bool:
        """Whether this key signed exactly this."""
        try:
            key.verify(self.signature, self._message())
        except InvalidSignature:
            return False
        return True

    def _said(self) -> dict[str, object]:
        at = self.at.astimezone(UTC).isoformat(timespec="microseconds")
        return {"at": at, "last_id": self.last_id, "entries": self.entries, "digest": self.digest.hex()}

    def _message(self) -> bytes:
        return _PURPOSE + json.dumps(self._said(), sort_keys=True, separators=(",", ":")).encode()


NOTHING = Checkpoint(datetime(1970, 1, 1, tzinfo=UTC), 0, 0, b"")
"""Before the first checkpoint."""


def read_line(line: bytes) -> Checkpoint:
    """The checkpoint of a line; raises NotACheckpoint. Its signature is not looked at."""
    try:
        said: dict[str, Any] = json.loads(line)
        found = Checkpoint(
            datetime.fromisoformat(said["at"]).astimezone(UTC),
            int(said["last_id"]),
            int(said["entries"]),
            bytes.fromhex(said["digest"]),
            bytes.fromhex(said["signature"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise NotACheckpoint("it is no checkpoint, or a damaged one") from error
    return found


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The complete lines of a checkpoint file with their numbers; none when there is no file.

    A last line without an end was cut off while it was written and was never relied on.
    """
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(_LONGEST_LINE):
                number += 1
                if line.endswith(b"\n") or len(line) == _LONGEST_LINE:
                    yield number, line.strip()
    except FileNotFoundError:
        return


def advance(path: Path, key: Ed25519PrivateKey, now: datetime) -> Checkpoint | None:
    """Append a checkpoint to the file when the record has grown; returns it, or None.

    Safe beside writers and other callers. Where writers hold the record too long, the next call does it.
    """
    with _held(path) as file:
        last = _last_good(file, key.public_key())
        try:
            until = settled_until()
        except OperationalError as error:
            _log.warning(
                "No checkpoint of the history was written now; the next minute tries again: %s", error
            )
            return None
        if until <= last.last_id:
            return None
        digest, count = last.digest, last.entries
        for entry_id, entry_hash in entries(last.last_id, until):
            digest, count = extend(digest, entry_id, entry_hash), count + 1
        made = Checkpoint(now, until, count, digest).signed(key)
        file.write(made.line().encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return made


def extend(digest: bytes, entry_id: int, entry_hash: bytes) -> bytes:
    """The digest over the record with one more entry."""
    return hashlib.sha256(digest + entry_id.to_bytes(8, "big") + entry_hash).digest()


def settled_until() -> int:
    """The highest id of the record up to which no entry is still being written; waits two seconds at most.

    Ids are given out before their rows are committed, so a plain maximum may have gaps that fill later. For
    a moment nobody may write: then everything up to the maximum is there to stay.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '2s'")
        cursor.execute("LOCK TABLE store_historyentry IN SHARE ROW EXCLUSIVE MODE")
        cursor.execute("SELECT COALESCE(max(id), 0) FROM store_historyentry")
        return int(cursor.fetchone()[0])


def entries(after: int, until: int) -> Iterator[tuple[int, bytes]]:
    """Id and hash of the entries after one id and up to another, in order, in little memory."""
    while True:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT id, hash FROM store_historyentry WHERE id > %s AND id <= %s ORDER BY id LIMIT %s",
                [after, until, _PAGE],
            )
            rows = cursor.fetchall()
        for row in rows:
            yield row[0], bytes(row[1])
        if len(rows) < _PAGE:
            return
        after = rows[-1][0]


def _last_good(file: IO[bytes], key: Ed25519PublicKey) -> Checkpoint:
    """The last checkpoint that is ours; bad lines are passed over, `amends verify-history` names them."""
    size = file.seek(0, os.SEEK_END)
    looked_at = 0
    while looked_at < size:
        looked_at = min(size, max(_TAIL, looked_at * 8))
        file.seek(size - looked_at)
        for line in reversed(file.read(looked_at).splitlines()):
            try:
                found = read_line(line)
            except NotACheckpoint:
                continue
            if found.is_signed_by(key):
                return found
    return NOTHING


@contextmanager
def _held(path: Path) -> Iterator[IO[bytes]]:
    """The file open for appending, by us alone, without a line that was cut off while it was written."""
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "r+b", buffering=0) as file:
        fcntl.flock(handle, fcntl.LOCK_EX)
        _drop_cut_line(file)
        yield file


def _drop_cut_line(file: IO[bytes]) -> None:
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - _LONGEST_LINE))
    tail = file.read()
    if tail.endswith(b"\n") or not tail:
        return
    if b"\n" in tail or size == len(tail):
        file.truncate(size - len(tail) + tail.rfind(b"\n") + 1)
    else:
        file.write(b"\n")
