"""HTML of a status or a mail, as the text that a person wrote.

Platforms that federate send what other servers rendered, and anybody can mail anything. Paragraphs and breaks become
line ends, entities their characters; everything else of the markup goes, scripts and styles with what they hold.

The time taken grows with the length and nothing else: every piece of markup is looked at once, and one that does not
end takes the rest with it, as in a browser (HTML Living Standard, "Tokenization"). The parser of the standard library
takes minutes for what a hostile sender can write in a few kilobytes.
"""

import re
from collections.abc import Iterator
from html import unescape

_SILENT = frozenset({"script", "style", "template", "title"})
_LINE_ENDS = frozenset({"br", "li", "tr", "hr"})
_CELLS = frozenset({"td", "th"})
_BLOCKS = frozenset({"p", "div", "blockquote", "pre", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6"})

# What begins with "<" is markup only before a letter, a slash, an exclamation mark or a question mark.
_MARKUP = re.compile("<(?=[a-zA-Z/!?])")
# A name, then attributes. Quotes may hide the end of the tag, but only around a value. Nothing is tried twice.
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*+)(?:[^=>]++|=\s*+(?:\"[^\"]*+\"|'[^']*+'|(?![\"'])))*+>")
_TAG_WITHOUT_END = re.compile("</?[a-zA-Z]")
# No such character exists, and Python refuses to read numbers of thousands of digits.
_ENDLESS_NUMBER = re.compile("&#0*[0-9]{8,};?")


def to_text(html: str) -> str:
    """The text of an HTML fragment: paragraphs apart by an empty line, ``<br>``, rows and items by a line end."""
    lines = [" ".join(line.split()) for line in "".join(_pieces(html)).split("\n")]
    blocks = "\n".join(lines).strip("\n")
    while "\n\n\n" in blocks:
        blocks = blocks.replace("\n\n\n", "\n\n")
    return blocks


def _pieces(html: str) -> Iterator[str]:
    """Text and what tags stand for, up to the end or to markup that has none."""
    at: int | None = 0
    while at is not None:
        found = _MARKUP.search(html, at)
        text = html[at : found.start() if found else len(html)]
        # Line ends in the markup are spaces to a browser.
        yield unescape(_ENDLESS_NUMBER.sub("\ufffd", text.replace("\r", " ").replace("\n", " ")))
        if found is None:
            return
        tag = _TAG.match(html, found.start())
        if tag is None:
            at = _after_comment(html, found.start())
        else:
            opens, name = not tag.group(1), tag.group(2).lower()
            yield _meaning(name, opens)
            at = _after_silence(html, tag.end(), name) if opens and name in _SILENT else tag.end()


def _meaning(name: str, opens: bool) -> str:
    if name in _BLOCKS:
        return "\n\n"
    if name in _LINE_ENDS:
        return "\n" if opens else ""
    return " " if name in _CELLS else ""


def _after_comment(html: str, start: int) -> int | None:
    """Where a comment, declaration or nonsense ends; None for what takes the rest with it."""
    if _TAG_WITHOUT_END.match(html, start):
        return None
    mark = "-->" if html.startswith("<!--", start) else ">"
    end = html.find(mark, start)
    return end + len(mark) if end >= 0 else None


def _after_silence(html: str, start: int, name: str) -> int | None:
    """Where the closing tag of something silent begins; None where there is none."""
    closing = re.compile(f"</{name}(?=[\\s/>])", re.IGNORECASE).search(html, start)
    return closing.start() if closing else None
