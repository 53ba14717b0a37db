"""Names of places and the like in a comment, as far as its script shows them: by capital letters within a sentence.

Sinhala and Tamil have none, so nothing is seen there; neither is a name that somebody writes small.
"""

import re
from collections import Counter
from collections.abc import Iterable

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_ENDS_A_SENTENCE = re.compile(r"[.!?:;…\n\"“”(]\s*$")
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july", "august"),
    *("september", "october", "november", "december"),
)
_NO_NAMES = frozenset({"i", "ok", "please", "thanks", "thank", "sir", "madam", "rs", "lkr", *_DAYS, *_MONTHS})


def proper_names(text: str) -> frozenset[str]:
    """The words of ``text`` that are written as names, in small letters. In a text all in capitals nothing is."""
    words = list(_WORD.finditer(text))
    if sum(word[0].isupper() for word in words) * 2 > len(words):
        return frozenset()
    found = (word[0].lower() for word in words if word[0][0].isupper() and _is_within(text, word.start()))
    return frozenset(name for name in found if name not in _NO_NAMES)


def names_of_most(texts: Iterable[str]) -> frozenset[str]:
    """The names that at least half of those texts say which say any."""
    several = [names for names in map(proper_names, texts) if names]
    counted = Counter(name for names in several for name in names)
    return frozenset(name for name, times in counted.items() if times * 2 >= len(several))


def _is_within(text: str, at: int) -> bool:
    before = text[:at]
    return bool(before.strip()) and _ENDS_A_SENTENCE.search(before) is None
