"""How heated a text sounds by its form: what anybody can see without knowing the language."""

from __future__ import annotations

import re

HOTTEST = 100
ABUSIVE = 60
"""What a surely abusive text counts; the rest is form."""
SHOUTED, ANGRY_SIGNS, INSISTING = 20, 15, 10
_FEWEST_LETTERS = 8
_MOSTLY = 0.6
_LETTERS = re.compile(r"[^\W\d_]")
_APART = re.compile(r"[@#]\S+|https?://\S+")
_SIGNS = re.compile("[\U0001f621\U0001f620\U0001f92c\U0001f624\U0001f92e\U0001f44e\U0001f4a9\U0001f595]")
_INSISTS = re.compile(r"[!?！？]{2,}")


def heat(text: str, abuse: float) -> int:
    """From 0 (calm) to 100, for a text and the chance that it is abusive.

    Shouting (most letters are capitals), angry emoji and runs of marks add to the abuse that was read;
    handles, hashtags and links do not count.
    """
    said = _APART.sub(" ", text)
    found = round(ABUSIVE * abuse)
    found += SHOUTED * _shouts(said) + INSISTING * bool(_INSISTS.search(said))
    found += ANGRY_SIGNS * bool(_SIGNS.search(said))
    return min(HOTTEST, found)


def _shouts(said: str) -> bool:
    letters = _LETTERS.findall(said)
    capitals = sum(letter.isupper() for letter in letters)
    return len(letters) >= _FEWEST_LETTERS and capitals >= _MOSTLY * len(letters)
