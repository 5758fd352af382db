"""Which language a text is in: by its small words first, by py3langid where they do not settle it."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Protocol

UNKNOWN = "und"
"""What is said of a text that is too short or holds no letters."""
FEWEST_LETTERS = 12
MOST_LETTERS = 200

LANGUAGES = frozenset(
    {
        "en",
        "de",
        "fr",
        "es",
        "it",
        "nl",
        "pt",
        "pl",
        "sv",
        "da",
        "nb",
        "fi",
        "cs",
        "sk",
        "ro",
        "hu",
        "el",
        "tr",
        "ru",
        "uk",
        "bg",
        "ar",
        "he",
        "fa",
        "hi",
        "id",
        "vi",
        "th",
        "ja",
        "ko",
        "zh",
    }
)


def _sets() -> dict[str, frozenset[str]]:
    lists = tomllib.loads(Path(__file__).with_name("small_words.toml").read_text("utf-8"))
    return {lang: frozenset(words.split()) for lang, words in lists.items()}


_SETS = _sets()


class _Identifier(Protocol):
    def classify(self, text: str) -> tuple[str, float]: ...


def language(words: Collection[str], text: str, given: str | None = None) -> str:
    """The two letters of the language, the given one where there is one, `und` where nothing tells."""
    told = (given or "").strip().lower().replace("_", "-").split("-")[0]
    if 2 <= len(told) <= 3 and told.isascii() and told.isalpha() and told != UNKNOWN:
        return told
    held = words if isinstance(words, frozenset | set) else set(words)
    counts = sorted(((len(small & held), lang) for lang, small in _SETS.items()), reverse=True)
    (best, lang), (second, _) = counts[:2]
    if best > second + 1 or (best > second and len(held) < FEWEST_LETTERS):
        return lang
    head = "".join(c if c.isalpha() else " " for c in text[:MOST_LETTERS])
    if sum(map(str.isalpha, head)) >= FEWEST_LETTERS:
        return _identifier().classify(head)[0]
    return lang if best > second else UNKNOWN


@cache
def _identifier() -> _Identifier:
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier: LanguageIdentifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(sorted(LANGUAGES & set(identifier.nb_classes)))
    found: _Identifier = identifier
    return found
