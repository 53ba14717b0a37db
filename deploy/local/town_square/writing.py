"""What is in a text: its mentions, its length as Mastodon counts it, its language, its HTML."""

import re
import unicodedata
from collections.abc import Callable
from html import escape
from typing import Final

MOST_CHARACTERS: Final = 500
CHARACTERS_PER_URL: Final = 23

_MENTION: Final = re.compile(r"(?<![\w@/.])@([a-z0-9_]+(?:[.-]+[a-z0-9_]+)*)(?:@([a-z0-9.-]+(?::\d+)?))?", re.I | re.A)
_LEADING_MENTIONS: Final = re.compile(r"(?:@[\w.:@-]+\s+)+")
_URL: Final = re.compile(r"https?://[^\s<>\"]+")
_MARKED: Final = re.compile(f"(?P<url>{_URL.pattern})|(?P<mention>{_MENTION.pattern})", re.I | re.A)
_ZERO_WIDTH_JOINER: Final = "\u200d"

MentionLink = Callable[[str, str | None], str | None]
"""Gives the HTML for a mention of this name at this domain, or nothing when nobody is meant."""


def mentions(text: str) -> list[tuple[str, str | None]]:
    """List the names that a text mentions, each with its domain if one was written."""
    return [(found[1], found[2]) for found in _MENTION.finditer(text)]


def leading_mentions(text: str) -> str:
    """Give the mentions that a text opens with, which say whom it is for rather than what it is about."""
    found = _LEADING_MENTIONS.match(text)
    return found[0] if found else ""


def length(text: str) -> int:
    """Count as Mastodon does: graphemes, a link as 23 of them, a mention without its domain."""
    shortened = _URL.sub("x" * CHARACTERS_PER_URL, text)
    shortened = _MENTION.sub(lambda found: f"@{found[1]}", shortened)
    return graphemes(shortened)


def language(text: str) -> str:
    """Tell Sinhala, Tamil and everything else, taken for English, apart by their scripts."""
    sinhala = sum("\u0d80" <= character <= "\u0dff" for character in text)
    tamil = sum("\u0b80" <= character <= "\u0bff" for character in text)
    if not sinhala and not tamil:
        return "en"
    return "si" if sinhala >= tamil else "ta"


def html(text: str, link: MentionLink) -> str:
    """Write a text as Mastodon sends it: paragraphs, line breaks, mentions and links."""

    def mark(found: re.Match[str]) -> str:
        if found["url"]:
            return f'<a href="{found[0]}" target="_blank" rel="nofollow noopener">{found[0]}</a>'
        # The mention's own two groups follow the two named ones.
        return link(found[3], found[4]) or found[0]

    marked = _MARKED.sub(mark, escape(text, quote=False))
    paragraphs = re.split(r"\n{2,}", marked.replace("\r\n", "\n").strip())
    return "".join(f"<p>{paragraph.replace(chr(10), '<br />')}</p>" for paragraph in paragraphs)


def graphemes(text: str) -> int:
    """Count what a reader would count as one character each."""
    # Good for the scripts met here; the full rules of UAX 29 would need a table that Python does not carry.
    count, before = 0, ""
    for character in text:
        joins_emoji = before == _ZERO_WIDTH_JOINER and unicodedata.category(character) == "So"
        if not _extends(character) and not joins_emoji and not (before == "\r" and character == "\n"):
            count += 1
        before = character
    return count


def _extends(character: str) -> bool:
    if character in "\u200c\u200d" or "\U0001f3fb" <= character <= "\U0001f3ff":
        return True
    return unicodedata.category(character) in ("Mn", "Me", "Mc")
