"""Names of places and the like in a comment, as far as its script shows them: by capital letters within a sentence.

Sinhala and Tamil have none, so nothing is seen there; neither is a name that somebody writes small.
"""

import re
from collections import Counter
from collections.abc import Iterable

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_ENDS_A_SENTENCE = frozenset('.!?:;…"“”(')
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
_NO_NAMES = frozenset({"i", "ok", "please", "thanks", "thank", "sir", "madam", "rs", "lkr", *_DAYS, *_MONTHS})


def proper_names(text: str) -> frozenset[str]:
    """The words of ``text`` that are written as names, in small letters. In a text all in capitals nothing is."""
    if is_in_capitals(text):
        return frozenset()
    found: set[str] = set()
    before: int | None = None
    for word in _WORD.finditer(text):
        if word[0][0].isupper() and _is_within(text[before or 0 : word.start()], before is None):
            found.add(word[0].lower())
        before = word.end()
    return frozenset(found - _NO_NAMES)


def is_in_capitals(text: str) -> bool:
    """Whether most words of ``text`` are in capitals, so that these show no names."""
    words = _WORD.findall(text)
    return sum(map(str.isupper, words)) * 2 > len(words)


def names_of_most(texts: Iterable[str]) -> frozenset[str]:
    """The names that more than half of all these texts say, those that say none included."""
    several = list(map(proper_names, texts))
    counted = Counter(name for names in several for name in names)
    return frozenset(name for name, times in counted.items() if times * 2 > len(several))


def _is_within(between: str, is_first: bool) -> bool:
    """Whether a word goes on with a sentence; ``between``: what stands between the word before it and itself."""
    signs = between.rstrip()
    if "\n" in between[len(signs) :]:
        return False
    return signs[-1] not in _ENDS_A_SENTENCE if signs else not is_first
