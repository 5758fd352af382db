"""The files around an import: what is read, made readable twice, and the list of what was refused."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from amends.pipeline.importing import Refused
from amends.site.errors import SiteError
from amends.store.import_runs import Content

REJECTED = ".rejected.jsonl"
STDIN = "-"
_CHUNK = 1024 * 1024


class CannotRead(SiteError):
    """A file cannot be read at all; nothing was imported from it."""


class CannotList(SiteError):
    """The list of refused lines cannot be written anywhere."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is imported: a file that can be read twice, and where it came from."""

    name: str
    file: IO[bytes]
    piped: bool

    @property
    def layout_name(self) -> str:
        """The name that tells the format: without a .gz at its end."""
        return self.name.lower().removesuffix(".gz")

    def content(self, earlier_sizes: Sequence[int]) -> tuple[Content, list[str]]:
        """What the content is, and the digests of its beginnings of these sizes."""
        origin = STDIN if self.piped else str(Path(self.name).absolute())
        digest, size, beginnings = hashlib.sha256(), 0, []
        self.file.seek(0)
        for stop in [*sorted(earlier_sizes), None]:
            while chunk := self.file.read(_CHUNK if stop is None else min(_CHUNK, stop - size)):
                digest.update(chunk)
                size += len(chunk)
            if stop == size:
                beginnings.append(digest.hexdigest())
        return Content(origin, digest.hexdigest(), size), beginnings


@contextmanager
def opened(name: str, stdin: IO[bytes], folder: Path) -> Iterator[Source]:
    """The source of that name; what cannot be read twice is first laid down in the data folder.

    Nothing of it stays there, however we end. Raises CannotRead.
    """
    with ExitStack() as stack:
        try:
            if name == STDIN:
                yield Source(name, stack.enter_context(_laid_down(stdin, folder)), piped=True)
                return
            file: IO[bytes] = stack.enter_context(Path(name).open("rb"))
            if name.lower().endswith(".gz"):
                file = stack.enter_context(_laid_down(gzip.GzipFile(fileobj=file), folder))
            elif not file.seekable():
                file = stack.enter_context(_laid_down(file, folder))
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise CannotRead(f"{name} is damaged ({error}); nothing was imported from it.") from error
        except OSError as error:
            raise CannotRead(f"{name} cannot be read ({error.strerror or error}).") from error
        yield Source(name, file, piped=False)


@contextmanager
def _laid_down(stream: IO[bytes] | gzip.GzipFile, folder: Path) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile(dir=folder) as spool:
        shutil.copyfileobj(stream, spool, _CHUNK)
        yield spool


class Rejections:
    """The refused lines of one source; they stand in their file when `publish` is called, all or none.

    Until then they are kept out of sight, so that two imports of one file never mix theirs.
    """

    def __init__(self, source: Source, folder: Path) -> None:
        name = "stdin" if source.piped else source.name
        self._wanted = Path(f"{Path(name).name if source.piped else name}{REJECTED}")
        self._draft = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed on leaving
        self._folder = folder
        self.count = 0

    def __enter__(self) -> Rejections:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._draft.close()

    def add(self, refused: Refused) -> None:
        """Put one line on the list."""
        said: dict[str, object] = {
            "line": refused.line.number,
            "reason": refused.reason,
            "raw": refused.line.content.decode("utf-8", "backslashreplace"),
        }
        if refused.line.too_long:
            said["cut"] = True
        self._draft.write(json.dumps(said).encode() + b"\n")
        self.count += 1

    def publish(self) -> Path | None:
        """Put the list where it belongs, in place of an older one; returns where, None when it is empty.

        Where the source's folder cannot be written it goes into the current one, else into the data folder.
        """
        if not self.count:
            self._remove_old()
            return None
        for path in (self._wanted, Path(self._wanted.name), self._folder / self._wanted.name):
            try:
                self._write(path)
            except OSError:
                continue
            return path
        raise CannotList(
            f"The list of refused lines could not be written to {self._wanted} or elsewhere. The other lines "
            "are kept. Make room there and import the file again: nothing doubles."
        )

    def _write(self, path: Path) -> None:
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            self._draft.seek(0)
            with draft.open("wb") as file:
                shutil.copyfileobj(self._draft, file, _CHUNK)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)

    def _remove_old(self) -> None:
        try:
            self._wanted.unlink(missing_ok=True)
        except OSError:
            return
