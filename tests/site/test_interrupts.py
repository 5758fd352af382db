"""Signals and work that must not be cut through, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

BEGIN = "import os, signal, sys\nfrom amends.site import interrupts\ninterrupts.obey()\n"
HELD = """
try:
    with interrupts.held():
        os.kill(os.getpid(), signal.{0})
        print("went on")
        {1}
        print("to the end")
except BaseException as error:
    print(type(error).__name__, interrupts.code())
with interrupts.held():
    print("and what comes after is not ended again")
"""


def said(code: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + code], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("name", "raised", "code"), [("SIGINT", "KeyboardInterrupt", 130), ("SIGTERM", "SystemExit", 143)]
)
def test_work_that_is_held_comes_to_its_end(name: str, raised: str, code: int) -> None:
    after = "and what comes after is not ended again"
    assert said(HELD.format(name, "pass")) == ["went on", "to the end", f"{raised} {code}", after]


def test_a_second_signal_ends_it_at_once() -> None:
    lines = said(HELD.format("SIGTERM", "os.kill(os.getpid(), signal.SIGINT)"))
    assert lines[:2] == ["went on", "KeyboardInterrupt 130"]


def test_elsewhere_a_signal_ends_it_at_once() -> None:
    ended = "try:\n    os.kill(os.getpid(), signal.SIGTERM)\n    print('went on')\n"
    assert said(ended + "except SystemExit as end:\n    print(end.code)") == ["143"]


def test_what_was_shut_off_stays_so() -> None:
    ignored = "signal.signal(signal.SIGINT, signal.SIG_IGN); interrupts.obey(); "
    assert said(ignored + "os.kill(os.getpid(), signal.SIGINT); print('went on')") == ["went on"]
