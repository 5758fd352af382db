"""Passwords from the terminal or standard input, never from the command line, which others can read."""

from __future__ import annotations

import getpass
import sys

from amends.site.desk import DeskError


def asked() -> str:
    """A password that was typed twice alike on the terminal; from standard input where there is none."""
    if not sys.stdin.isatty():
        return read()
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != password:
        raise DeskError("The two are not the same. Nothing was changed.")
    return password


def read() -> str:
    """The first line of standard input."""
    return sys.stdin.readline().rstrip("\r\n")
