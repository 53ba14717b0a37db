"""The record as feeds: JSON Feed 1.1 and Atom (RFC 4287).

Ids are URNs of our own publications: they stay when the service moves. What was corrected or taken back keeps its id
and gets a later time of change, so that a reader shows it anew.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from xml.etree import ElementTree as Xml

from services.publisher.domain.record import Entry, Page
from shared.clock import rfc3339

ATOM = "http://www.w3.org/2005/Atom"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
JSON_TYPE = "application/feed+json"
ATOM_TYPE = "application/atom+xml"
TAKEN_BACK = "This response was taken back."
NEVER = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


@dataclass(frozen=True, slots=True)
class Links:
    """Whole addresses: of the page for people, of this feed, and of what follows in it."""

    home: str
    own: str
    following: str | None


def json_feed(page: Page, links: Links) -> bytes:
    """The page as JSON Feed 1.1 (jsonfeed.org/version/1.1)."""
    feed: dict[str, Any] = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": f"{page.name}: public record",
        "home_page_url": links.home,
        "feed_url": links.own,
        "authors": [{"name": page.name}],
        "items": [_item(page, entry, links) for entry in page.entries],
    }
    if links.following is not None:
        feed["next_url"] = links.following
    return json.dumps(feed, ensure_ascii=False).encode()


def _item(page: Page, entry: Entry, links: Links) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": urn(entry),
        "url": address(entry, links),
        "title": entry.title,
        "content_text": wording(entry),
        "date_published": rfc3339(entry.published_at),
        "date_modified": rfc3339(entry.modified_at),
        "authors": [{"name": page.name}],
        "tags": [entry.purpose, *marks(entry)],
        "_parley": {
            "about": "what became of this response: its corrections, and whether it was taken back",
            "platform": entry.platform,
            "first_wording": entry.text or None,
            "corrections": [{"text": one.text, "at": rfc3339(one.at)} for one in entry.corrections],
            "retracted_at": None if entry.retracted_at is None else rfc3339(entry.retracted_at),
        },
    }
    if entry.language:
        item["language"] = entry.language
    if entry.url:
        item["external_url"] = entry.url
    return item


def atom_feed(page: Page, links: Links) -> bytes:
    """The page as an Atom feed."""
    feed = Xml.Element("feed", {"xmlns": ATOM})
    _tag(feed, "id", f"urn:parley:record:{page.agency}")
    _tag(feed, "title", f"{page.name}: public record")
    _tag(feed, "updated", rfc3339(page.modified_at or NEVER))
    _tag(_tag(feed, "author"), "name", page.name)
    _tag(feed, "link", rel="self", type=ATOM_TYPE, href=links.own)
    _tag(feed, "link", rel="alternate", type="text/html", href=links.home)
    if links.following is not None:
        _tag(feed, "link", rel="next", type=ATOM_TYPE, href=links.following)
    for entry in page.entries:
        _entry(feed, entry, links)
    written: bytes = Xml.tostring(feed, encoding="utf-8", xml_declaration=True)
    return written


def _entry(feed: Xml.Element, entry: Entry, links: Links) -> None:
    element = _tag(feed, "entry")
    if entry.language:
        element.set(XML_LANG, entry.language)
    _tag(element, "id", urn(entry))
    _tag(element, "title", entry.title)
    _tag(element, "updated", rfc3339(entry.modified_at))
    _tag(element, "published", rfc3339(entry.published_at))
    _tag(element, "link", rel="alternate", type="text/html", href=address(entry, links))
    for term in (entry.purpose, *marks(entry)):
        _tag(element, "category", term=term)
    _tag(element, "content", wording(entry), type="text")


def urn(entry: Entry) -> str:
    """The name of an entry for ever."""
    return f"urn:parley:publication:{entry.publication}"


def address(entry: Entry, links: Links) -> str:
    """Where an entry stands on the page."""
    return f"{links.home}/responses/{entry.publication}"


def marks(entry: Entry) -> list[str]:
    """What became of an entry, in words for machines."""
    return ["retracted"] if entry.is_retracted else ["corrected"] if entry.corrections else []


def wording(entry: Entry) -> str:
    """The entry as plain text: the first wording, marked where it holds no longer, and each correction with its time.

    Plain text has no struck letters, so what does not hold is named.
    """
    if entry.is_retracted:
        return TAKEN_BACK
    if not entry.corrections:
        return entry.text
    later = [f"Corrected {rfc3339(one.at)}:\n{one.text}" for one in entry.corrections]
    return "\n\n".join([*later[::-1], f"First wording, no longer holding:\n{entry.text}"])


def _tag(parent: Xml.Element, name: str, words: str | None = None, **attributes: str) -> Xml.Element:
    element = Xml.SubElement(parent, name, {key: readable(value) for key, value in attributes.items()})
    if words is not None:
        element.text = readable(words)
    return element


def readable(words: str) -> str:
    """What XML 1.0 can hold of a text (section 2.2): control characters and halves of pairs become U+FFFD."""
    return "".join(one if _is_xml(one) else "\ufffd" for one in words)


def _is_xml(character: str) -> bool:
    code = ord(character)
    return code in (9, 10, 13) or 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000
