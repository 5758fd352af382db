"""Amends: a self-hosted complaint desk for public conversations."""

from importlib.metadata import version

__version__ = version("amends")
