"""Numbers that are said in words, in English, Sinhala and Tamil: ``ten``, ``දහයක්``, ``பத்து``; and the words that
multiply what stands beside them: ``10 lakhs``, ``මිලියන 3``, ``3 மில்லியன்``.

Sinhala and Tamil words take endings, so of these only the beginning is compared, the longest that fits first.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping

_BEGINNINGS: Mapping[int, tuple[str, ...]] = {
    1: ("එක", "ஒன்று", "ஒரு"),
    2: ("දෙක", "දෙවන", "දෙවැනි", "இரண்ட", "இரு"),
    3: ("තුන", "තෙවන", "තෙවැනි", "மூன்ற"),
    4: ("හතර", "සිව්", "நான்க", "நாலு"),
    5: ("පහ", "පස්", "ஐந்த", "அஞ்சு"),
    6: ("හය", "සය", "ஆறு", "ஆறா"),
    7: ("හත", "සත්", "ஏழ"),
    8: ("අට", "எட்ட"),
    9: ("නවය", "නවවන", "නමය", "නවයේ", "ஒன்பத"),
    10: ("දහය", "දහවන", "දස", "பத்த"),
    11: ("එකොළ", "பதினொன்"),
    12: ("දොළ", "பன்னிரண்ட", "பன்னிரெண்ட"),
    15: ("පහළොව", "පහළොස්", "பதினைந்த"),
    20: ("විස්ස", "විසි", "இருபத"),
    30: ("තිහ", "තිස්", "முப்பத"),
    50: ("පනහ", "පනස්", "ஐம்பத"),
}
_ENGLISH: Mapping[str, int] = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90,
}  # fmt: skip
_ZEROS_IN_ENGLISH = {
    "hundred": 2, "thousand": 3, "lakh": 5, "lac": 5, "million": 6, "mn": 6, "crore": 7, "billion": 9, "bn": 9,
}  # fmt: skip
_ZEROS_AFTER = {"ஆயிர": 3, "லட்ச": 5, "இலட்ச": 5, "மில்லியன": 6, "கோடி": 7, "பில்லியன": 9}
"""In Tamil they follow the number, as in English."""
_ZEROS_BEFORE = {"දහස": 3, "දාහ": 3, "ලක්ෂ": 5, "මිලියන": 6, "කෝටි": 7, "බිලියන": 9}
"""In Sinhala they stand before it."""


def _by_beginning(known: Mapping[str, int]) -> list[tuple[str, int]]:
    composed = [(unicodedata.normalize("NFC", beginning), value) for beginning, value in known.items()]
    return sorted(composed, key=lambda each: -len(each[0]))


_WORDS = _by_beginning({beginning: value for value, several in _BEGINNINGS.items() for beginning in several})
_ZEROS = _by_beginning({**_ZEROS_AFTER, **_ZEROS_BEFORE})


def _either(beginnings: Mapping[str, int]) -> str:
    return "|".join(re.escape(beginning) for beginning, _ in _by_beginning(beginnings))


_REST = r"[^\s\d,.;:!?()]*"
AFTER = rf"\s?-?((?:{'|'.join(_ZEROS_IN_ENGLISH)})s?(?![^\W\d])|(?:{_either(_ZEROS_AFTER)}){_REST})"
"""A word that multiplies the number before it."""
BEFORE = rf"((?:{_either(_ZEROS_BEFORE)}){_REST})\s+"
"""A word that multiplies the number after it."""


def zeros_of(word: str) -> int:
    """By how many zeros a word multiplies; none for any other word. ``word`` is composed, in small letters."""
    in_english = _ZEROS_IN_ENGLISH.get(word) or _ZEROS_IN_ENGLISH.get(word.removesuffix("s"))
    return in_english or next((zeros for beginning, zeros in _ZEROS if word.startswith(beginning)), 0)


def said_in(text: str) -> Iterator[str]:
    """The values that the words of a text may mean, each alone and together with what multiplies it, and as a full
    hour. ``text`` is composed, in small letters."""
    words = re.findall(r"[^\s\d,.;:!?()/\"'-]+", text)
    zeros = [0, *map(zeros_of, words), 0]
    for place, word in enumerate(words, 1):
        if zeros[place]:
            yield f"1{'0' * zeros[place]}"
            continue
        number = _ENGLISH.get(word) or next((value for beginning, value in _WORDS if word.startswith(beginning)), None)
        if number is not None:
            yield str(number)
            yield f"{number % 12}:00"
            yield from (f"{number}{'0' * beside}" for beside in (zeros[place - 1], zeros[place + 1]) if beside)
