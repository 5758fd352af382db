"""The words of a status: from a server's HTML to plain text, and counted as Mastodon counts them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape

import regex

PER_URL = 23
"""What a link counts where the server does not say otherwise, however long it is."""

_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*+)((?:[^<>\"']++|\"[^\"]*+\"|'[^']*+')*+)>")
_ATTRIBUTE = re.compile(r"([^\s\"'<>/=]++)(?:\s*+=\s*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\s\"'<>]++)))?")
_BLOCKS = frozenset(
    ["p", "div", "blockquote", "ul", "ol", "pre", "table", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "hr"]
)
_UNSPOKEN = frozenset(
    ["script", "style", "template", "title", "head", "noscript", "iframe", "object", "svg", "math"]
)
_MANY_BREAKS = re.compile(r"\n{3,}")
_SCHEME = re.compile(r"^https?://", re.I)


@dataclass(frozen=True, slots=True)
class _Tag:
    name: str
    closes: bool
    attributes: str

    def get(self, name: str) -> str:
        """An attribute's value, or nothing."""
        for found in _ATTRIBUTE.finditer(self.attributes):
            if found[1].lower() == name:
                return unescape(found[2] or found[3] or found[4] or "")
        return ""

    @property
    def classes(self) -> frozenset[str]:
        return frozenset(self.get("class").split())


def _tokens(html: str) -> Iterator[str | _Tag]:
    """Text and tags in turn; time grows with the length only, whatever is open and never closed."""
    at = 0
    while (start := html.find("<", at)) >= 0:
        if start > at:
            yield html[at:start]
        if found := _TAG.match(html, start):
            yield _Tag(found[2].lower(), bool(found[1]), found[3])
            at = found.end()
        elif html.startswith(("<!", "<?"), start):
            end = html.find(">", start)
            at = end + 1 if end >= 0 else len(html)
        else:
            yield "<"
            at = start + 1
    if at < len(html):
        yield html[at:]


@dataclass(slots=True)
class _Reader:
    """Writes down what a reader of the page would see."""

    handles: Mapping[str, str]
    said: list[str] = field(default_factory=list)
    spans: list[bool] = field(default_factory=list)
    invisible: int = 0
    link: tuple[int, str, frozenset[str]] | None = None
    unspoken: str = ""
    as_typed: int = 0

    def text(self, words: str) -> None:
        # The parts of a link that are only shortened for the eye belong to it.
        if self.unspoken or (self.invisible and self.link is None):
            return
        plain = unescape(words)
        self.said.append(plain if self.as_typed else plain.replace("\r", "").replace("\n", " "))

    def tag(self, tag: _Tag) -> None:
        if self.unspoken:
            if tag.closes and tag.name == self.unspoken:
                self.unspoken = ""
        elif tag.name in _UNSPOKEN:
            self.unspoken = "" if tag.closes else tag.name
        elif tag.name == "br":
            self.said.append("\n")
        elif tag.name in _BLOCKS:
            self._block(tag)
        elif tag.name == "li":
            self.said.append("\n" if tag.closes else "\n- ")
        elif tag.name == "span":
            self._span(tag)
        elif tag.name == "a":
            self._anchor(tag)
        elif tag.name == "img" and (alt := tag.get("alt")):
            self.text(alt)

    def _block(self, tag: _Tag) -> None:
        self.said.append("\n\n")
        if tag.name == "pre":
            self.as_typed = max(0, self.as_typed + (-1 if tag.closes else 1))

    def _span(self, tag: _Tag) -> None:
        if not tag.closes:
            self.spans.append("invisible" in tag.classes)
            self.invisible += self.spans[-1]
        elif self.spans:
            self.invisible -= self.spans.pop()

    def _anchor(self, tag: _Tag) -> None:
        self.end_link()
        if not tag.closes:
            self.link = (len(self.said), tag.get("href"), tag.classes)

    def end_link(self) -> None:
        if self.link is not None:
            start, href, classes = self.link
            inside = "".join(self.said[start:])
            self.said[start:] = [_linked(inside, href, classes, self.handles)]
            self.link = None


def _linked(inside: str, href: str, classes: frozenset[str], handles: Mapping[str, str]) -> str:
    """What a link says: a mention whole, an address whole, and where other words lead to."""
    words = inside.strip()
    if "hashtag" in classes or words.startswith("#"):
        return inside
    if "mention" in classes or words.startswith("@"):
        handle = handles.get(href)
        return f"@{handle}" if handle else inside
    if not _SCHEME.match(href) or _bare(words) == _bare(href):
        return words if _SCHEME.match(words) or not _SCHEME.match(href) else href
    return f"{words} ({href})" if words else href


def _bare(address: str) -> str:
    return _SCHEME.sub("", address).rstrip("/")


def plain_text(html: str, handles: Mapping[str, str]) -> str:
    """The words of a status without markup: paragraphs and lines kept, links whole, mentions as `@handle`.

    `handles` gives the handle of each person mentioned by the address that their mention links to.
    """
    reader = _Reader(handles)
    for token in _tokens(html):
        if isinstance(token, str):
            reader.text(token)
        else:
            reader.tag(token)
    reader.end_link()
    return _MANY_BREAKS.sub("\n\n", "".join(reader.said)).strip()


# Mastodon's own pattern of an address (its config/initializers/twitter_regex.rb), told in few words.
_ANY = r"[^\p{White_Space}<>()?]"
_LAST = r"[^\p{White_Space}()?!*\"'「」<>;:=,.$%\[\]~&|@]"
_BRACKETS = rf"\({_ANY}++\)|\({_ANY}*\({_ANY}++\){_ANY}*\)"
_HOST = r"(?:[\p{L}\p{N}](?:[\p{L}\p{N}_-]*[\p{L}\p{N}])?\.)+(?:xn--[a-z0-9-]+|\p{L}{2,})(?![\p{L}\p{N}_-])"
_PATH = rf"(?:{_ANY}*(?:(?:{_BRACKETS}){_ANY}*)*(?:{_LAST}|{_BRACKETS})|{_ANY}+/)"
_QUERY = r"[^\p{White_Space}<>\"`{}\\「」]*[\p{L}\p{N}_&=#/\-]"
_URL = rf"(?<![\p{{L}}\p{{N}}@＠$#＃])https?://{_HOST}(?::\d+)?(?:/{_PATH}*)?(?:\?{_QUERY})?"
_NAME = r"[a-z0-9_]+(?:[a-z0-9_.-]*[a-z0-9_])?"
_MENTION = rf"(?<![=/\w])@(?P<name>{_NAME})(?:@(?P<host>[\w.-]*\w))?"
_ENTITY = regex.compile(rf"(?P<url>{_URL})|{_MENTION}", regex.IGNORECASE)
_MENTIONS = regex.compile(_MENTION, regex.IGNORECASE)
_GRAPHEME = regex.compile(r"\X")


def counted(text: str, per_url: int = PER_URL) -> int:
    """The length as the server counts it: graphemes, an address as `per_url`, a mention without its host."""
    short = _ENTITY.sub(lambda it: "x" * per_url if it["url"] else f"@{it['name']}", text)
    return len(_GRAPHEME.findall(short))


def mentions(text: str, handle: str, home: str) -> bool:
    """Whether a text names the person with this handle; `home` is our server's own domain."""
    wanted = _whole(*handle.casefold().partition("@")[::2], home)
    return any(
        _whole(it["name"].casefold(), it["host"] or "", home) == wanted for it in _MENTIONS.finditer(text)
    )


def _whole(name: str, host: str, home: str) -> tuple[str, str]:
    return name, (host or home).casefold().partition(":")[0]


def addressed(text: str, handle: str, home: str) -> str:
    """The text as it must be said so that the person hears of it: it names them."""
    if not handle or mentions(text, handle, home):
        return text
    return f"@{handle} {text}"


def skeleton(text: str) -> str:
    """What is left of a text however a server has marked up, spaced or shortened it."""
    without = _MENTIONS.sub(lambda it: it["name"], text)
    return "".join(sign for sign in without.casefold() if sign.isalnum())
