"""What is a link, a mention or a hashtag in a text for Bluesky, which marks nothing by itself.

Sources: atproto lexicon ``app.bsky.richtext.facet``; the detection in ``@atproto/api`` (rich-text), which official
clients use. A facet counts bytes of UTF-8, its end exclusive; a mention counts by its DID, so whom nobody knows stays
plain text. Unlike there, an address needs its ``https://``, and a hashtag may hold the joiners that Sinhala is written
with.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared import graphemes

MOST_TAG_GRAPHEMES = 64
MOST_TAG_BYTES = 640

_LINK = re.compile(r"(?<![^\s(])https?://\S+", re.IGNORECASE)
_LABEL = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
_MENTION = re.compile(rf"(?<![^\s(])@((?:{_LABEL}\.)+[a-zA-Z](?:[a-zA-Z0-9-]{{0,61}}[a-zA-Z0-9])?)(?![\w@-])", re.ASCII)
_TAG = re.compile(r"(?<!\S)[#＃](?!\ufe0f)(\S+)")
_INVISIBLE = "\u00ad\u200a\u200b\u200c\u200d\u2060"
_SCHEME = re.compile("https?://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mark:
    """A piece of a text from ``start`` to ``end``, in bytes. ``value`` is address, handle or tag (without ``#``)."""

    kind: Literal["link", "mention", "tag"]
    start: int
    end: int
    value: str


def marks(text: str) -> list[Mark]:
    """What is to be marked in a text, in its order."""
    found = [*_links(text), *_mentions(text), *_tags(text)]
    return sorted(found, key=lambda mark: mark.start)


def handles(text: str) -> list[str]:
    """The handles that a text mentions, each once and in small letters."""
    return list(dict.fromkeys(mark.value.lower() for mark in marks(text) if mark.kind == "mention"))


def facets(text: str, dids: Mapping[str, str]) -> list[dict[str, Any]]:
    """The facets of a text; ``dids`` are whom its handles (in small letters) mean."""
    found = []
    for mark in marks(text):
        feature = _feature(mark, dids)
        if feature is not None:
            found.append({"index": {"byteStart": mark.start, "byteEnd": mark.end}, "features": [feature]})
    return found


def _feature(mark: Mark, dids: Mapping[str, str]) -> dict[str, str] | None:
    match mark.kind:
        case "link":
            return {"$type": "app.bsky.richtext.facet#link", "uri": mark.value}
        case "tag":
            return {"$type": "app.bsky.richtext.facet#tag", "tag": mark.value}
        case "mention":
            did = dids.get(mark.value.lower())
            return {"$type": "app.bsky.richtext.facet#mention", "did": did} if did else None


def _links(text: str) -> Iterator[Mark]:
    for found in _LINK.finditer(text):
        address = _without_punctuation(found[0])
        if not _SCHEME.fullmatch(address):
            yield _mark("link", text, found.start(), found.start() + len(address), address)


def _mentions(text: str) -> Iterator[Mark]:
    for found in _MENTION.finditer(text):
        yield _mark("mention", text, found.start(), found.end(), found[1])


def _tags(text: str) -> Iterator[Mark]:
    for found in _TAG.finditer(text):
        tag = found[1]
        while tag and (tag[-1] in _INVISIBLE or unicodedata.category(tag[-1]).startswith("P")):
            tag = tag[:-1]
        says_something = any(unicodedata.category(each)[0] not in "NPC" for each in tag)
        if says_something and graphemes.count(tag) <= MOST_TAG_GRAPHEMES and len(tag.encode()) <= MOST_TAG_BYTES:
            yield _mark("tag", text, found.start(), found.start(1) + len(tag), tag)


def _without_punctuation(address: str) -> str:
    """An address without what ends the sentence around it; a bracket belongs to it if it was opened within."""
    while address[-1] in ".,;:!?'\"”’…" or (address[-1] == ")" and "(" not in address):
        address = address[:-1]
    return address


def _mark(kind: Literal["link", "mention", "tag"], text: str, start: int, end: int, value: str) -> Mark:
    before = len(text[:start].encode())
    return Mark(kind, before, before + len(text[start:end].encode()), value)
