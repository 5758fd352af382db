"""What the encoder answers of a text: the columns of its scores, in order."""

from __future__ import annotations

from amends.core.values import Kind

KINDS = tuple(Kind)
AT_LEAST = ("medium", "high", "critical")
"""Severity is asked in steps: is it at least this?"""
URGENT = ("safety", "health", "legal", "vulnerable", "self-harm", "journalist")
ABUSE = ("insult", "hate or threat")

COMPLAINT = slice(0, 1)
KIND = slice(1, 1 + len(KINDS))
SEVERITY = slice(KIND.stop, KIND.stop + len(AT_LEAST))
SIGNALS = slice(SEVERITY.stop, SEVERITY.stop + len(URGENT))
ABUSIVE = slice(SIGNALS.stop, SIGNALS.stop + len(ABUSE))
WIDTH = ABUSIVE.stop
"""Each column is a log-odds, but those of `KIND`, which are compared with each other."""
