"""In which language a comment is written, as far as its letters and its known words tell.

Letters come first: what platforms declare is the setting of a person's app, not the language of their sentence.
"""

from collections import Counter
from collections.abc import Iterable

_FROM_SINHALA, _TO_SINHALA = "\u0d80", "\u0dff"
_FROM_TAMIL, _TO_TAMIL = "\u0b80", "\u0bff"
_LATIN_ENDS = "\u024f"
_OWN_SCRIPT = {"si", "ta"}
_WORDS_ENOUGH = 2
"""So many known phrases say more than what was declared; one may be borrowed."""
_SAYS_NOTHING = {"", "und", "zxx", "mul", "mis", "art"}
"""Codes for no language, or for none that was recognised; those for private use begin with q (ISO 639-2)."""
UNKNOWN = "und"
_MOSTLY = 0.4
"""Sentences in Sinhala and Tamil borrow names and words in Latin letters; this share still decides."""


def language_of(text: str, declared: str | None, by_words: Iterable[str], default: str) -> str:
    """The language of ``text``, ``und`` where its script is none that we read.

    ``by_words``: the languages of the phrases that were found in it.
    """
    if text.isascii():
        return _latin(declared, by_words, default)
    sinhala = tamil = latin = other = 0
    for char in text:
        if char.isascii():
            latin += char.isalpha()
        elif _FROM_SINHALA <= char <= _TO_SINHALA:
            sinhala += 1
        elif _FROM_TAMIL <= char <= _TO_TAMIL:
            tamil += 1
        elif char.isalpha():
            if char <= _LATIN_ENDS:
                latin += 1
            else:
                other += 1
    ours = max(sinhala, tamil)
    if ours and ours >= _MOSTLY * (sinhala + tamil + latin + other):
        return "si" if sinhala >= tamil else "ta"
    if other > latin:
        return UNKNOWN
    return _latin(declared, by_words, default)


def _latin(declared: str | None, by_words: Iterable[str], default: str) -> str:
    declared = (declared or "").lower().replace("_", "-").split("-")[0]
    if declared in _SAYS_NOTHING or declared.startswith("q"):
        declared = ""
    known = Counter(language for language in by_words if language not in _OWN_SCRIPT).most_common(1)
    if known and (declared in _OWN_SCRIPT or not declared or known[0][1] >= _WORDS_ENOUGH):
        return known[0][0]
    return declared or default
