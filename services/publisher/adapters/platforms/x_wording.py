"""How long a post is to X, and what stands in a post that was read back.

Source: X, "Counting characters" and twitter-text (configuration version 3). The text is counted in composed form (NFC);
a link is 23 whatever its length, an emoji 2 however many code points it has, a code point of the scripts listed there
1, and any other 2. Where twitter-text knows every top-level domain by name we go by form, so that a word may be taken
for a link and a text be found longer than it is, hardly ever shorter.
"""

import html
import re
import unicodedata
from typing import Any

LINK_WEIGHT = 23
EMOJI_WEIGHT = 2
LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
"""The code points that weigh 1, the last one included."""

_IN_A_LINK = r"[!-;=?-~À-ɏЀ-ӿ]"
_LABEL = r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\."
_KNOWN = r"(?:com|org|net|edu|gov|mil|int|info|biz|name|pro|aero|coop|museum|app|dev|blog|news|site|online|co|tv)"
_DOMAIN = rf"(?:{_LABEL}){{2,}}[a-z]{{2}}\b|(?:{_LABEL})+{_KNOWN}\b|{_LABEL}[a-z]{{2}}(?=/)"
_LINK = re.compile(
    rf"https?://{_IN_A_LINK}+|(?<![\w@$#./-])(?:{_DOMAIN})(?:/{_IN_A_LINK}*)?",
    re.IGNORECASE,
)
_AFTER_A_LINK = ".,:;!?'\")]}"

_SKIN = "[\U0001f3fb-\U0001f3ff]"
_SIGN = (
    "[\u203c\u2049\u2122\u2139\u2194-\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf\u2934\u2935\u2b05-\u2b55"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_ONE = f"{_SIGN}(?:\ufe0f|{_SKIN})?[\U000e0020-\U000e007f]*"
_EMOJI = re.compile(f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|[\xa9\xae]\ufe0f|{_ONE}(?:\u200d{_ONE})*")
_NAMES_AT_THE_HEAD = re.compile(r"^\s*(?:@\w{1,15}\s+)+")
_SCHEME = re.compile(r"\bhttps?://|\bwww\.", re.IGNORECASE)
"""What X's own way to write a link may add to ours."""


def weight(text: str) -> int:
    """The length of a post's text, of which X takes 280."""
    composed = unicodedata.normalize("NFC", text)
    without_links, links = _LINK.subn(_rest_of_link, composed)
    without_emoji, emoji = _EMOJI.subn("", without_links)
    return links * LINK_WEIGHT + emoji * EMOJI_WEIGHT + sum(1 if _is_light(ord(sign)) else 2 for sign in without_emoji)


def same_post(ours: str, theirs: str, entities: object) -> bool:
    """Whether a post that was read back has our words.

    X escapes ``&<>``, puts the names of who is answered before them, and makes ``https://t.co/…`` of every link.
    """
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


def _rest_of_link(link: re.Match[str]) -> str:
    """What was taken for a part of the link and is none: the point that ends the sentence."""
    return link[0][len(link[0].rstrip(_AFTER_A_LINK)) :]


def _is_light(code: int) -> bool:
    return any(first <= code <= last for first, last in LIGHT)
