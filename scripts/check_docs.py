"""Whether the docs tell the truth: every option and variable is in them, and every link leads somewhere."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).parent.parent
VARIABLE = re.compile(r"\b(?:AMENDS_[A-Z][A-Z_]*|DATABASE_(?:[A-Z]+_)?URL)\b")
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)(?:\s+\"[^\"]*\")?\)|(?:src|href)=\"([^\"]+)\"")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
INSIDE = frozenset(
    {
        "AMENDS_PARENT",
        "AMENDS_WEB_PARENT",
        "AMENDS_WEB_THREADS",
        "AMENDS_FAKE_TOKEN",
        "AMENDS_SERVED",
        "AMENDS_",
    }
)
"""What our own processes tell each other; no setting of anybody's."""


def main() -> int:
    """Print every fault; the exit code says whether there are any."""
    pages = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
    told = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    faults = [*_options(told), *_variables(told), *(fault for page in pages for fault in _links(page))]
    for fault in faults:
        sys.stderr.write(f"{fault}\n")
    sys.stdout.write(f"docs: {len(pages)} pages, {len(faults)} faults\n")
    return int(bool(faults))


def _options(told: str) -> Iterator[str]:
    from amends.site.command import COMMANDS

    for name in COMMANDS:
        command = import_module(f"amends.site.commands.{name}")
        if f"amends {command.NAME}" not in told:
            yield f"no page tells of `amends {command.NAME}`"
        parser = argparse.ArgumentParser(add_help=False)
        command.add_arguments(parser)
        for action in parser._actions:
            for option in action.option_strings:
                if option.startswith("--") and not re.search(rf"(?<![\w-]){option}(?![\w-])", told):
                    yield f"no page tells of {option} of `amends {command.NAME}`"
        if not re.match(r"\d", command.EXITS):
            yield f"`amends {command.NAME}` does not tell its exit codes"


def _variables(told: str) -> Iterator[str]:
    documented = set(VARIABLE.findall(told))
    used = {
        name
        for path in sorted((ROOT / "src").rglob("*.py"))
        for name in VARIABLE.findall(path.read_text(encoding="utf-8"))
    } - INSIDE
    yield from (f"no page tells of the variable {name}" for name in sorted(used - documented))
    yield from (f"a page tells of {name}, which nothing reads" for name in sorted(documented - used - INSIDE))


def _links(page: Path) -> Iterator[str]:
    for found in LINK.finditer(CODE.sub("", page.read_text(encoding="utf-8"))):
        link = found[1] or found[2]
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / unquote(path)).resolve() if path else page
        if not target.exists():
            yield f"{page.relative_to(ROOT)}: {link} leads nowhere"
        elif anchor and target.suffix == ".md" and anchor not in _anchors(target):
            yield f"{page.relative_to(ROOT)}: {link} names no heading of that page"


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+\s+(.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


if __name__ == "__main__":
    sys.exit(main())
