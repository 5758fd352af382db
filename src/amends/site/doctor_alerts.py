"""Whether mail leaves the desk, and alerts by the ways that its people chose."""

from __future__ import annotations

import os
from datetime import timedelta

from amends import clock
from amends.site import mail_settings
from amends.site.finding import Finding, Level
from amends.site.setting import SettingError

LATE = timedelta(minutes=10)
_LOOK = """
SELECT (SELECT count(*) FROM store_alerttrouble WHERE alert_id IS NOT NULL),
    (SELECT b.name || ', ' || t.way || ': ' || t.why FROM store_alerttrouble t
        JOIN store_brand b ON b.id = t.brand_id WHERE t.alert_id IS NOT NULL ORDER BY t.since LIMIT 1),
    (SELECT count(*) FROM store_delivery WHERE state = 'planned' AND attempts = 0 AND not_before < %s),
    (SELECT count(*) FROM store_membership WHERE alerts_by_mail),
    (SELECT count(*) FROM store_alerthook WHERE ended_at IS NULL)
"""


def mail() -> Finding:
    """The mail server that is set."""
    try:
        host = mail_settings.smtp(os.environ).host
    except SettingError as error:
        return Finding("mail", Level.BAD, str(error))
    if not host:
        return Finding(
            "mail",
            Level.WARN,
            "no AMENDS_SMTP_HOST: invitations are links to copy, lost passwords are set by an admin",
            "Set AMENDS_SMTP_HOST and AMENDS_MAIL_FROM if the desk is to send mail.",
        )
    return Finding("mail", Level.OK, f"by {host}")


def alerts() -> Finding:
    """Ways that fail, and deliveries that nobody makes."""
    from django.conf import settings
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(_LOOK, [clock.now() - LATE])
        failing, example, late, mailed, hooks = cursor.fetchone()
    if mailed and not settings.EMAIL_HOST:
        text = f"{mailed} people want alerts by mail, and no mail server is set"
        return Finding("alerts", Level.BAD, text, "Set AMENDS_SMTP_HOST, or let them choose otherwise.")
    if failing:
        text = f"{failing} ways fail ({example})"
        return Finding("alerts", Level.BAD, text, "Mend it, then press “Try now” in Settings, Alerts.")
    if late:
        return Finding("alerts", Level.BAD, f"{late} should have left by now", "Start `amends worker`.")
    return Finding("alerts", Level.OK, f"to {mailed} people by mail and {hooks} webhooks")
