"""One run of `amends import`: file after file, with what is said about each."""

from __future__ import annotations

import sys
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from amends import clock
from amends.language.model import Model
from amends.pipeline import importing
from amends.pipeline.import_fields import Rules
from amends.pipeline.import_lines import Format, Layout, Unreadable
from amends.pipeline.importing import Import, Survey, Tally
from amends.site import interrupts
from amends.site.commands.say import say, tell
from amends.site.errors import SiteError
from amends.site.import_files import CannotRead, Rejections, Source, opened
from amends.site.import_progress import Progress
from amends.store import brands, import_runs, models

KEPT_ALL, NOTHING_DONE, SOME_REFUSED, INTERRUPTED = 0, 1, 3, 130
_FORMATS = {".csv": Format.CSV, ".tsv": Format.TSV, ".tab": Format.TSV}


class NotImported(SiteError):
    """An import came to a bad end; the message says what is kept."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asked for; `layout.format` holds where `format_given`."""

    rules: Rules
    layout: Layout
    format_given: bool
    as_of: datetime | None
    quiet: bool
    folder: Path
    model: Model


def import_all(names: list[str], asked: Asked) -> int:
    """Import every file; one that cannot be read does not keep the others from it."""
    codes = [_import_named(name, asked) for name in names]
    if all(code == NOTHING_DONE for code in codes):
        return NOTHING_DONE
    return SOME_REFUSED if any(codes) else KEPT_ALL


def _import_named(name: str, asked: Asked) -> int:
    if name.endswith(".rejected.jsonl"):
        say(f"{name} is a list of lines that were refused, not of posts; it was passed over.")
        return KEPT_ALL
    try:
        with (
            opened(name, sys.stdin.buffer, asked.folder) as source,
            Rejections(source, asked.folder) as rejections,
        ):
            return _Run(source, replace(asked, layout=_layout(source, asked)), rejections).run()
    except (CannotRead, Unreadable) as error:
        say(f"{name}: {error}" if isinstance(error, Unreadable) else str(error))
        return NOTHING_DONE


def _layout(source: Source, asked: Asked) -> Layout:
    if asked.format_given:
        return asked.layout
    suffix = Path(source.layout_name).suffix
    return replace(asked.layout, format=_FORMATS.get(suffix, Format.JSONL))


class _Run:
    """One source on its way in."""

    def __init__(self, source: Source, asked: Asked, rejections: Rejections) -> None:
        self._source = source
        self._asked = asked
        self._progress = Progress(source.name, quiet=asked.quiet)
        self._rejections = rejections
        self._survey = Survey(0, 0, None)

    def run(self) -> int:
        """Import it; whatever stops us, the list of refused lines and the account are left in order."""
        asked, source = self._asked, self._source
        content, beginnings = source.content(import_runs.earlier_sizes(_origin(source)))
        started_at = clock.now()
        self._survey = importing.survey(source.file, asked.layout, asked.rules, self._progress.looked_at)
        if asked.rules.brand:  # only now, since a file that cannot be read makes no brand
            made = brands.get_or_create(asked.rules.brand, started_at)
            asked = replace(asked, rules=replace(asked.rules, brand=made.name))
        as_of = asked.as_of or self._survey.last_post_at
        import_ = Import(
            layout=asked.layout,
            rules=asked.rules,
            offset=importing.offset(started_at, as_of),
            model=asked.model,
            clock=clock.now,
            on_refused=self._rejections.add,
            on_progress=self._show,
            whole=interrupts.held,
        )
        cases = models.Case.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        stopped: BaseException | None = None
        try:
            import_.run(source.file)
        except (KeyboardInterrupt, SystemExit, importing.NotTakenIn) as error:
            stopped = error
        finally:
            self._progress.end()
            rejected = self._rejections.publish()
        with interrupts.held():
            import_runs.record(
                content,
                _parts(import_),
                only_brand=asked.rules.brand,
                beginnings=beginnings,
                as_of=as_of,
                started_at=started_at,
                now=clock.now(),
            )
        return self._end(import_, rejected, cases, stopped)

    def _show(self, import_: Import) -> None:
        total = import_.total
        self._progress.received(total.lines, self._survey.lines, import_.taken)

    def _end(self, import_: Import, rejected: Path | None, cases: int, stopped: BaseException | None) -> int:
        total, name = import_.total, self._source.name
        if rejected:
            say(f"{name}: {total.refused:,} lines were refused; each with its reason in {rejected}")
        kept = f"{total.new + total.repeated:,} of {self._survey.lines:,} lines are kept"
        again = "Run the same command again: it goes on where this one ended, and nothing doubles."
        if isinstance(stopped, importing.NotTakenIn):
            raise NotImported(
                f"{name}: {kept}, but not all of them could be taken in ({stopped}). "
                f"The worker goes on trying. {again}"
            ) from stopped
        if stopped is not None:
            say(f"{name}: interrupted. {kept}. {again}")
            if isinstance(stopped, SystemExit):
                raise stopped
            raise KeyboardInterrupt from stopped
        opened_now = models.Case.objects.filter(pk__gt=cases, brand_id__in=import_.brand_ids.values()).count()
        tell(
            f"{name}: {total.lines:,} lines in {self._progress.seconds:.1f} s: {total.new:,} new, "
            f"{total.repeated:,} repeated, {total.refused:,} refused, {total.empty:,} empty; "
            f"{opened_now:,} cases opened"
        )
        return SOME_REFUSED if total.refused else KEPT_ALL


def _origin(source: Source) -> str:
    return "-" if source.piped else str(Path(source.name).absolute())


def _parts(import_: Import) -> list[import_runs.Part]:
    """What became of the lines of each brand, under the name that it has on this desk."""
    called: dict[str, Tally] = defaultdict(Tally)
    for name, tally in import_.tallies.items():
        found = brands.like(name) if name else None
        called[found.name if found else name] += tally
    return [
        import_runs.Part(name, tally.lines, tally.new, tally.repeated, tally.refused)
        for name, tally in called.items()
    ]
