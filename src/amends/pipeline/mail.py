"""Mail of the desk itself: planned with the change, sent once by a worker, never repeated blindly.

What failed before the server was given any text is tried again with back-off. Once the text was on its way
and no verdict came back, it may have arrived: the mail is `unknown` for good, and the screen says so.
"""

from __future__ import annotations

import smtplib
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend
from django.db import transaction

from amends.core.values import SendState
from amends.pipeline import wake
from amends.store import mail, sealed
from amends.store.plain import plain

if TYPE_CHECKING:
    from typing_extensions import Buffer

Clock = Callable[[], datetime]

PAUSE = timedelta(seconds=30)
MOST_PAUSE = timedelta(hours=2)
MOST_ATTEMPTS = 10
STUCK_AFTER = timedelta(minutes=5)
LASTING = 500
"""SMTP replies from 500 on are a final no; those below ask to come again."""
_ON_THIS_MAIL = (smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused, smtplib.SMTPDataError)
"""What is about this mail; any other trouble is with the server or its settings, and may be mended."""
SHOWN_OF_A_REPLY = 200
_CUT_SHORT = "The worker ended while it was sending; the mail may have arrived."
_NO_VERDICT = "The connection was lost while the mail was handed over; it may have arrived."


def configured() -> bool:
    """Whether the desk can send mail at all."""
    return bool(settings.EMAIL_HOST)


def plan(key: UUID, brand_id: int | None, to: str, subject: str, body: str, now: datetime) -> bool:
    """Plan one mail in the caller's transaction; False, and nothing planned, when no mail is configured."""
    if not configured():
        return False
    mail.plan(key, brand_id, to, subject, body, now)
    transaction.on_commit(wake.act)
    return True


def send_mail_next(clock: Clock) -> bool:
    """Send the next mail that is due; whatever happens, it has a state afterwards. Not in a transaction."""
    claimed = mail.claim(clock()) if configured() else None
    if claimed is None:
        return False
    try:
        body = sealed.open_(claimed.body)
    except sealed.CannotOpen as error:
        mail.settle(claimed, SendState.REFUSED, clock(), str(error))
        return True
    state, why, _ = deliver(EmailMessage(claimed.subject, body, None, [claimed.to]))
    if state is SendState.PLANNED and claimed.attempts >= MOST_ATTEMPTS:
        state, why = SendState.REFUSED, f"Given up after {claimed.attempts} tries. {why}"
    pause = (
        min(MOST_PAUSE, PAUSE * 2 ** (claimed.attempts - 1)) if state is SendState.PLANNED else timedelta(0)
    )
    mail.settle(claimed, state, clock() + pause, why)
    return True


def find_stuck_mail(now: datetime) -> int:
    """Mails whose worker died mid-way become unknown; returns how many."""
    return mail.cut_short(now - STUCK_AFTER, now, _CUT_SHORT)


class _Smtp(smtplib.SMTP):
    """Notes the moment from which the server may have the text."""

    handed_over = False
    handing: Callable[[], object] | None = None

    def data(self, msg: Buffer | str) -> tuple[int, bytes]:
        """SMTP's DATA; the first command that hands over anything."""
        if self.handing:
            self.handing()
        self.handed_over = True
        return super().data(msg)


class _SmtpOverTls(smtplib.SMTP_SSL):
    """The same for a connection that is encrypted from its first byte."""

    handed_over = False
    handing: Callable[[], object] | None = None

    def data(self, msg: Buffer | str) -> tuple[int, bytes]:
        """SMTP's DATA; the first command that hands over anything."""
        if self.handing:
            self.handing()
        self.handed_over = True
        return super().data(msg)


class _Backend(EmailBackend):
    @property
    def connection_class(self) -> type[_Smtp | _SmtpOverTls]:
        """The connections that watch; Django chooses by the settings alone."""
        return _SmtpOverTls if self.use_ssl else _Smtp


def deliver(
    message: EmailMessage, handing: Callable[[], object] | None = None
) -> tuple[SendState, str, bool]:
    """What became of one try: sent, refused, unknown, or planned again when surely nothing went out.

    Also why, and whether that is about the address alone. `handing` is called before the server is given
    anything of the text. Not in a transaction.
    """
    backend = _Backend()
    try:
        backend.open()
        if isinstance(backend.connection, _Smtp | _SmtpOverTls):
            backend.connection.handing = handing
        backend.send_messages([message])
    except OSError as error:  # every error of smtplib is one
        state, why = _verdict(error, handed_over=getattr(backend.connection, "handed_over", False))
        return state, why, isinstance(error, smtplib.SMTPRecipientsRefused)
    except ValueError:
        return SendState.REFUSED, "The address or the text cannot be written as a mail.", True
    finally:
        with suppress(OSError):  # parting badly changes nothing of what was said before
            backend.close()
    return SendState.SENT, "", False


def _verdict(error: OSError, *, handed_over: bool) -> tuple[SendState, str]:
    code, words = _reply(error)
    if handed_over and not (isinstance(error, smtplib.SMTPDataError) and code >= 400):
        return SendState.UNKNOWN, _NO_VERDICT
    said = f"The mail server said {code} {words}".strip() if code else _unreached(error)
    return (
        SendState.REFUSED if isinstance(error, _ON_THIS_MAIL) and code >= LASTING else SendState.PLANNED
    ), said


def _reply(error: OSError) -> tuple[int, str]:
    """The server's code and words; 0 where it said nothing."""
    match error:
        case smtplib.SMTPRecipientsRefused():
            code, words = next(iter(error.recipients.values()))
            return code, _shown(words)
        case smtplib.SMTPResponseException():
            return error.smtp_code, _shown(error.smtp_error)
    return 0, ""


def _shown(words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return plain(" ".join(text.split()))[:SHOWN_OF_A_REPLY]


def _unreached(error: OSError) -> str:
    return f"The mail server could not be reached or broke off ({type(error).__name__})."
