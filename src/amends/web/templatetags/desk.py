"""How names, texts and times are shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from amends.core.values import Resolution
from amends.language.fluency import Fluency, fluency
from amends.pipeline import alert_words
from amends.web import asked, shown, words

register = template.Library()
_NAME = 60


@register.filter
def initials(name: object) -> str:
    """One or two letters that stand for a person."""
    words = [word for word in str(name).split() if word[:1].isalnum()]
    letters = [words[0][0], words[-1][0]] if len(words) > 1 else [word[0] for word in words]
    return "".join(letters).upper() or "?"


@register.filter
def harmless(text: object) -> str:
    """A stranger's text on several lines, each character visible or harmless."""
    return shown.harmless(str(text))


@register.filter
def one_line(text: object) -> str:
    """A stranger's name or an excerpt, harmless and on one line."""
    return shown.one_line(str(text))


@register.filter
def called(name: object, handle: object) -> str:
    """What a person on a network is called: their name, else their handle, else nothing known."""
    known = shown.one_line(str(name)) or shown.one_line(str(handle)) or "somebody"
    return known if len(known) <= _NAME else f"{known[: _NAME - 1]}…"


@register.filter
def marked(text: str, labels: dict[str, Any]) -> SafeString:
    """A post's text with the words that carried a label marked."""
    return shown.marked(text, labels)


@register.filter
def read_how(lang: str) -> str:
    """How well the model reads a language, where that is worth saying."""
    return {Fluency.FAIRLY: ", read fairly well", Fluency.HARDLY: ", hardly read"}.get(fluency(lang), "")


@register.filter
def capped(count: int) -> str:
    """A count that was taken up to 100 only."""
    return "99+" if count > 99 else str(count)


@register.filter
def percent(share: float) -> str:
    """A share between 0 and 1 in per cent; never a round 0 or 100 where there is doubt."""
    return f"{min(99, max(1, round(share * 100)))} %"


@register.simple_tag(takes_context=True)
def when(context: Context, at: datetime | None, *, seconds: bool = False) -> str | SafeString:
    """An instant in the reader's zone, to the minute or the second, with the brand's on hover."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    today = timezone.localtime(context["now"]) if context.get("now") else local
    spelled = f"{local:%H:%M}" if local.date() == today.date() else _day(local, today)
    spelled += f":{local:%S}" if seconds else ""
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(), _hover(context, at), spelled
    )


def _day(local: datetime, today: datetime) -> str:
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local.day} {local:%b}{year} {local:%H:%M}"


def _hover(context: Context, at: datetime) -> str:
    here = timezone.localtime(at)
    mine = f"{here:%a} {here.day} {here:%b %Y %H:%M:%S} ({timezone.get_current_timezone_name()})"
    desk = context.get("desk")
    brand = desk.brand if desk else None
    if brand is None:
        return mine
    there = at.astimezone(ZoneInfo(brand.time_zone))
    return f"{mine}; for {brand.name} {there.day} {there:%b %H:%M} ({brand.time_zone})"


@register.filter
def off_by(claimed: datetime | None, posted_at: datetime) -> str:
    """By how much a clock was wrong, in a word or two; nothing where it is less than a minute."""
    off = abs(claimed - posted_at) if claimed else timedelta(0)
    return shown.span(off) if off >= timedelta(minutes=1) else ""


@register.simple_tag(takes_context=True)
def since(context: Context, at: datetime, offset: timedelta | None = None) -> SafeString:
    """How long ago, kept fresh by desk.js."""
    on_ours = at + (offset or timedelta(0))
    return format_html(
        '<span data-since="{}" title="{}">{}</span>',
        on_ours.isoformat(),
        _hover(context, at),
        shown.span(context["now"] - on_ours),
    )


@register.simple_tag(takes_context=True)
def left(context: Context, due_at: datetime, offset: timedelta | None = None) -> SafeString:
    """How much time is left, or how long it is over; kept fresh by desk.js."""
    on_ours = due_at + (offset or timedelta(0))
    now = context["now"]
    late = on_ours <= now
    return format_html(
        '<span class="left {}" data-due="{}" title="{}">{}</span>',
        "late" if late else "soon" if on_ours - now < timedelta(minutes=15) else "calm",
        on_ours.isoformat(),
        f"Due {_hover(context, due_at)}",
        shown.left(on_ours, now),
    )


@register.simple_tag(takes_context=True)
def again(context: Context, **changes: str) -> str:
    """This list's query string with some words changed."""
    return asked.again(context["request"].GET, **changes)


@register.filter
def resolution(name: str) -> str:
    """How a case ended, in words."""
    return words.RESOLUTIONS[Resolution(name)] if name in {*Resolution} else name


@register.filter
def way(name: str) -> str:
    """A way by which alerts leave the desk, in words."""
    return alert_words.way(name)


@register.filter
def what_to_do(name: str) -> str:
    """What mends a way that fails."""
    return alert_words.what_to_do(name)


@register.filter
def at(values: Mapping[Any, object] | None, key: object) -> object:
    """What a mapping holds under a key, or nothing."""
    return (values or {}).get(key, "")


@register.filter
def evidence_form(post_id: int) -> str:
    """The name of the form that asks for the words of a deleted post."""
    return f"evidence-{post_id}"
