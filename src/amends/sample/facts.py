"""Trains, places, seats and sums for the gaps in a text, and an afterthought where it was said before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random

GAP = re.compile(r"\{(\w+)\}")
PLACES = (
    "Hamburg", "Rotterdam", "Utrecht", "Lyon", "Dijon", "Basel", "Berlin", "Dresden", "Namur",
    "Metz", "Strasbourg", "Bremen", "Dortmund", "Essen", "Kassel", "Freiburg", "Nancy", "Lille",
    "Calais", "Bologna", "Verona", "Verviers", "Breda", "Arnhem", "Girona", "Perpignan",
    "Innsbruck", "Bregenz", "Poznań", "Ulm", "Mulhouse", "Lausanne", "Eindhoven", "Mannheim",
)  # fmt: skip
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
TRIES = 12


def fresh(text: str, lang: str, tails: Sequence[str], said: set[str], random: Random) -> str | None:
    """`text` with its gaps filled so that it was never said before; None when no more can be made of it."""
    for attempt in range(TRIES):
        candidate = _filled(text, lang, random)
        if candidate not in said:
            return candidate
        if tails and (attempt >= TRIES // 2 or "{" not in text):
            candidate = f"{candidate}\n{random.choice(tails)}"
            if candidate not in said:
                return candidate
    return None


def _filled(text: str, lang: str, random: Random) -> str:
    start, end = random.sample(PLACES, 2)
    cents = random.choice((0, 50, 90, 95))
    price = random.randint(9, 214)
    facts = {
        "train": f"LK {random.randint(101, 489)}",
        "from": start,
        "to": end,
        "min": str(random.randint(14, 96)),
        "coach": str(random.randint(2, 14)),
        "seat": str(random.randint(11, 98)),
        "ref": "".join(random.choices(LETTERS, k=6)),
        "time": f"{random.randint(5, 22)}:{random.randrange(0, 60, 2):02}",
        "price": f"€{price}.{cents:02}" if lang == "en" else f"{price},{cents:02} €",
    }
    return GAP.sub(lambda gap: facts[gap[1]], text)
