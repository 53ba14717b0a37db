"""What stands in a post on X that was read back.

Source: X developer documentation, "Data dictionary" (text, entities). X escapes ``&<>``, puts the names of who is
answered before a reply, and makes ``https://t.co/…`` of every link.
"""

import html
import re
import unicodedata
from typing import Any

_NAMES_AT_THE_HEAD = re.compile(r"^\s*(?:@\w{1,15}\s+)+")
_SCHEME = re.compile(r"\bhttps?://|\bwww\.", re.IGNORECASE)
"""What X's own way to write a link may add to ours."""


def same_post(ours: str, theirs: str, entities: object) -> bool:
    """Whether a post that was read back has our words."""
    return _words(ours) == _words(_with_links(unescaped(theirs), entities))


def unescaped(text: str) -> str:
    """A post's text as it was written."""
    return html.unescape(text)


def _words(text: str) -> list[str]:
    said = _SCHEME.sub("", _NAMES_AT_THE_HEAD.sub("", unicodedata.normalize("NFC", text)))
    return [word.rstrip("/") for word in said.split()]


def _with_links(text: str, entities: object) -> str:
    """The text with each link as it was written."""
    urls: Any = entities.get("urls") if isinstance(entities, dict) else None
    for url in urls if isinstance(urls, list) else []:
        if isinstance(url, dict) and isinstance(url.get("url"), str) and isinstance(url.get("expanded_url"), str):
            text = text.replace(url["url"], url["expanded_url"])
    return text
