"""The length of a text on X: weighted, 280 at most.

Source: twitter-text, ``config/v3.json`` and ``conformance/validate.yml``: the text in normal form C; code points
0-4351, 8192-8205, 8208-8223 and 8242-8247 weigh one, all others two, an emoji two however many code points it has, a
link 23 however long it is.

X takes for a link what ends in a top-level domain that exists. The list of those grows and is not kept here: a bare
name that may be one weighs as a link or as what it says, whichever is more.
"""

import re
import unicodedata

from shared import graphemes, links

LINK = 23
EMOJI = 2

_LIGHT = (range(4352), range(8192, 8206), range(8208, 8224), range(8242, 8248))
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)
_PRESENTED_AS_EMOJI = "\ufe0f"
_KEYCAP = "\u20e3"
_JOINS = frozenset({_PRESENTED_AS_EMOJI, _KEYCAP, "\u200d"})
_SIGNS_THAT_ARE_EMOJI = frozenset("©®")
_FIRST_EMOJI = 0x203C

_USUAL = frozenset({"com", "org", "net", "gov", "edu", "int", "mil", "info"})


def weighted_length(text: str) -> int:
    """The weight of a text, rounded to whole characters as X does."""
    text = unicodedata.normalize("NFC", text)
    weight = place = 0
    for link in links.found_in(text):
        weight += _weight(text[place : link.start()])
        weight += LINK if _is_certain(link) else max(LINK, _weight(link[0]))
        place = link.end()
    return weight + _weight(text[place:])


def _is_certain(link: re.Match[str]) -> bool:
    """Whether X surely takes it for a link: not ``gov.lk`` alone, but ``www.gov.lk`` and ``gov.lk/now``."""
    if link["protocol"] or link["top"].lower() in _USUAL:
        return True
    of_a_country = len(link["top"]) == 2 and link["top"].isascii()
    return of_a_country and (link["path"] is not None or link["names"].count(".") > 1)


def _weight(words: str) -> int:
    """The weight of what holds no link."""
    if words.isascii():
        return len(words)
    return sum(_weight_of(cluster) for cluster in graphemes.clusters(words))


def _weight_of(cluster: str) -> int:
    if not _is_emoji(cluster):
        return sum(_weight_of_one(character) for character in cluster)
    # A mark that no emoji has is written on top of it.
    marks = (each for each in cluster[1:] if unicodedata.category(each) == "Mn" and each not in _JOINS)
    return EMOJI + sum(_weight_of_one(mark) for mark in marks)


def _weight_of_one(character: str) -> int:
    return 1 if any(ord(character) in light for light in _LIGHT) else 2


def _is_emoji(cluster: str) -> bool:
    first = cluster[0]
    if ord(first) in _FLAG_LETTERS:
        return len(cluster) > 1
    if first in _SIGNS_THAT_ARE_EMOJI or _KEYCAP in cluster:
        return True
    return _PRESENTED_AS_EMOJI in cluster or (ord(first) >= _FIRST_EMOJI and unicodedata.category(first) == "So")
