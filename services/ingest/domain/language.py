"""The language of a text, by its script.

Sinhala and Tamil have scripts of their own, so that counting letters tells them reliably; Latin letters are taken
for English, the third language of the agencies. Other scripts stay unnamed: better no language than a wrong one.
"""

import re

_SAMPLE_CHARACTERS = 1_000
_LETTERS = {
    "si": re.compile("[\u0d80-\u0dff]"),
    "ta": re.compile("[\u0b80-\u0bff]"),
    "en": re.compile("[A-Za-z]"),
}
_OTHER_LETTER = re.compile("[^\\W\\d_A-Za-z\u0d80-\u0dff\u0b80-\u0bff]")
_LATIN_LETTER = re.compile("[A-Za-z]")


def by_script(text: str) -> str | None:
    """The BCP 47 tag ``si``, ``ta`` or ``en`` of the script that most letters belong to, or None."""
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
