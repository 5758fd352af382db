"""The only list of channels; a network that is not here has no driver, though its posts may be imported."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from amends.channels.fake import Fake
from amends.channels.protocol import Channel

CHANNELS: Mapping[str, Channel] = MappingProxyType({channel.name: channel for channel in (Fake(),)})


def driver(name: str) -> Channel | None:
    """The channel of this name; None for a network that posts come from but that we cannot speak to."""
    return CHANNELS.get(name)
