"""What is given to a model and what it says: frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from amends.core.values import Kind, Severity


@dataclass(frozen=True, slots=True)
class Text:
    """A post's words, its language where the network told it, and the text it answers where known."""

    text: str
    lang: str | None = None
    in_reply_to: str | None = None


@dataclass(frozen=True, slots=True)
class Reason:
    """Words that carried a label: code points `start` to `end` (excluded) of the text that was given.

    The label is a kind (`complaint`), `abuse`, or `urgent:` or `about:` with a name.
    """

    label: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What a model makes of one text.

    `complaint` and `abuse` lie between 0 and 1; `kind` is `complaint` exactly when `is_complaint`;
    `severity` is `none` exactly when it is not. `about` says what a complaint is about, by word lists.
    `perhaps` are urgent signals that somebody should look for; they are not likely enough to go by.
    """

    complaint: float
    is_complaint: bool
    kind: Kind
    severity: Severity
    urgent: tuple[str, ...]
    abuse: float
    lang: str
    reasons: tuple[Reason, ...]
    model: str
    about: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
