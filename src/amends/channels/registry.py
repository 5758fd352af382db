"""The only list of channels; a network that is not here has no driver, though its posts may be imported."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from amends.channels.fake import Fake
from amends.channels.mastodon import Mastodon
from amends.channels.mastodon_oauth import MastodonSignIn
from amends.channels.protocol import Channel
from amends.channels.signing_in import SignsIn

_ALL: tuple[Channel, ...] = (Fake(), Mastodon())
CHANNELS: Mapping[str, Channel] = MappingProxyType({channel.name: channel for channel in _ALL})
SIGN_INS: Mapping[str, SignsIn] = MappingProxyType({way.name: way for way in (MastodonSignIn(),)})
"""The channels whose accounts can be connected by signing in on their own server."""


def driver(name: str) -> Channel | None:
    """The channel of this name; None for a network that posts come from but that we cannot speak to."""
    return CHANNELS.get(name)


def signs_in(name: str) -> SignsIn | None:
    """How accounts of this channel are signed in; None where a person pastes a token."""
    return SIGN_INS.get(name)
