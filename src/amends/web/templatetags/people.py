"""What the doors of the desk need to know."""

from __future__ import annotations

from django import template

from amends.pipeline import mail

register = template.Library()


@register.simple_tag
def sends_mail() -> bool:
    """Whether a mail with a code for a new password can be sent."""
    return mail.configured()
