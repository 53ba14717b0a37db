"""The language of a text, by its script.

Sinhala and Tamil have scripts of their own, so that counting letters tells them reliably; Latin letters are taken
for English, the third language of the agencies. Other scripts stay unnamed: better no language than a wrong one.
"""

import re
from typing import NamedTuple


class Language(NamedTuple):
    """What a text is written in: a BCP 47 tag, and how sure that is (0 to 1)."""

    tag: str
    confidence: float


_SAMPLE_CHARACTERS = 1_000
_LETTERS = {
    "si": re.compile("[\u0d80-\u0dff]"),
    "ta": re.compile("[\u0b80-\u0bff]"),
    "en": re.compile("[A-Za-z]"),
}
_OTHER_LETTER = re.compile("[^\\W\\d_A-Za-z\u0d80-\u0dff\u0b80-\u0bff]")
_LATIN_LETTER = re.compile("[A-Za-z]")


def identify(text: str, said: object = None) -> Language | None:
    """The language of ``text``, or None. ``said`` is the platform's word, believed where the script is silent."""
    by_script = _by_script(text)
    # People forget to switch the language of their client; a script of its own does not lie.
    if by_script in ("si", "ta"):
        return Language(by_script, 1.0)
    if isinstance(said, str) and is_tag(said):
        return Language(said, 0.9)
    return Language(by_script, 0.6) if by_script else None


def _by_script(text: str) -> str | None:
    if text.isascii():
        return "en" if _LATIN_LETTER.search(text) else None
    sample = text[:_SAMPLE_CHARACTERS]
    counts = {language: len(letters.findall(sample)) for language, letters in _LETTERS.items()}
    language = max(counts, key=lambda name: counts[name])
    return language if counts[language] > len(_OTHER_LETTER.findall(sample)) else None


_TAG = re.compile("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")


def is_tag(value: str) -> bool:
    """Whether ``value`` has the shape of a BCP 47 language tag."""
    return _TAG.fullmatch(value) is not None
