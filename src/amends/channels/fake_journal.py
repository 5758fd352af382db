"""The fake network's memory on disk: one line of JSON for each entry, only ever added to."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import IO

from amends.channels.errors import Unreadable
from amends.channels.fake_state import Entry, State, as_json, from_json


class JournalError(Exception):
    """The journal cannot be used; the text says why and what to do."""


class Journal:
    """One journal file, held by one process at a time."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = folder / "journal.jsonl"
        self._file: IO[bytes] = os.fdopen(
            os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0
        )
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise JournalError(
                f"{self._path} is in use by another fake network; stop that one first."
            ) from error

    def replay(self) -> State:
        """The state that the whole lines make; a torn last line is cut off, as it was never answered for."""
        state, good = State(), 0
        self._file.seek(0)
        for number, line in enumerate(self._file.readlines(), 1):
            if not line.endswith(b"\n"):
                break
            try:
                state.apply(from_json(json.loads(line)))
            except (ValueError, KeyError, Unreadable) as error:
                raise JournalError(
                    f"{self._path} is damaged at line {number} ({type(error).__name__}). "
                    "Nothing was changed. Move the file away to begin with a new network."
                ) from error
            good += len(line)
        self._file.truncate(good)
        return state

    def record(self, entry: Entry) -> None:
        """Add an entry; when the disk refuses, the file is as before and the error goes on."""
        end = self._file.seek(0, os.SEEK_END)
        line = json.dumps(as_json(entry)).encode() + b"\n"
        try:
            if self._file.write(line) != len(line):
                raise OSError("The disk took only a part of the line.")
        except OSError:
            self._file.truncate(end)
            raise

    def close(self) -> None:
        """Let another process have the journal."""
        self._file.close()
