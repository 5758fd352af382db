"""The settings about the mail server that the desk sends by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from amends.core.hosts import HIGHEST_PORT
from amends.site.setting import SettingError, shown, whole

PORT, TLS = "AMENDS_SMTP_PORT", "AMENDS_SMTP_TLS"
DEFAULT_PORT = 587
DEFAULT_SENDER = "amends@localhost"


class Encryption(StrEnum):
    """How the way to the mail server is kept from others' eyes."""

    STARTTLS = "starttls"
    SSL = "ssl"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Smtp:
    """How to send; an empty host is no mail at all."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    encryption: Encryption
    sender: str


def smtp(environ: Mapping[str, str]) -> Smtp:
    """The mail server that is set; raises SettingError, above all for an encryption that there is not."""
    return Smtp(
        host=environ.get("AMENDS_SMTP_HOST", "").strip(),
        port=whole(environ, PORT, DEFAULT_PORT, least=1, most=HIGHEST_PORT),
        user=environ.get("AMENDS_SMTP_USER", ""),
        password=environ.get("AMENDS_SMTP_PASSWORD", ""),
        encryption=_encryption(environ),
        sender=environ.get("AMENDS_MAIL_FROM", "").strip() or DEFAULT_SENDER,
    )


def _encryption(environ: Mapping[str, str]) -> Encryption:
    given = environ.get(TLS, "").strip().lower() or Encryption.STARTTLS
    try:
        return Encryption(given)
    except ValueError:
        raise SettingError(
            f"{TLS} is “{shown(given)}”; it must be {', '.join(Encryption)}. Nothing was started, so that no "
            "mail leaves unencrypted by mistake."
        ) from None
