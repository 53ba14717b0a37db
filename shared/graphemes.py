"""Counting what a reader sees as one character (extended grapheme clusters, Unicode Standard Annex 29).

Python's library cannot; this covers what people write: marks and vowel signs, emoji with skin tones and joiners, flags,
Hangul. The joined consonants of rule GB9c, which platforms count differently, stay apart: in doubt a text counts as
longer, never as shorter.
"""

import unicodedata
from collections.abc import Iterator

_ZERO_WIDTH_JOINER = "\u200d"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_FLAG_LETTERS = range(0x1F1E6, 0x1F200)
_TAGS = range(0xE0020, 0xE0080)
_CONTINUES = frozenset({"Mn", "Me", "Mc"})
_HANGUL_VOWELS_AND_FINALS = range(0x1160, 0x1200)


def count(words: str) -> int:
    """How many graphemes ``words`` has."""
    if words.isascii():
        return len(words) - words.count("\r\n")
    return sum(1 for _ in starts(words))


def clusters(words: str) -> Iterator[str]:
    """The graphemes of ``words``, in order; joined they are ``words``."""
    begin = None
    for place in starts(words):
        if begin is not None:
            yield words[begin:place]
        begin = place
    if begin is not None:
        yield words[begin:]


def starts(words: str) -> Iterator[int]:
    """Where each grapheme of ``words`` begins."""
    flag_letters = 0
    symbol = False
    before = ""
    for place, character in enumerate(words):
        flag_letters = flag_letters + 1 if ord(character) in _FLAG_LETTERS else 0
        if before and _continues(before, character, symbol, flag_letters):
            before = character
            continue
        yield place
        symbol = unicodedata.category(character) == "So"
        before = character


def _continues(before: str, character: str, symbol: bool, flag_letters: int) -> bool:
    """Whether ``character`` belongs to the grapheme that ``before`` ends; ``symbol`` says what that began with."""
    if before in "\r\n":
        return before == "\r" and character == "\n"
    code = ord(character)
    if character in ("\u200c", _ZERO_WIDTH_JOINER) or code in _SKIN_TONES or code in _TAGS:
        return True
    if flag_letters:
        return flag_letters % 2 == 0
    if code in _HANGUL_VOWELS_AND_FINALS:
        return 0x1100 <= ord(before) < 0x1200 or 0xAC00 <= ord(before) < 0xD7A4
    category = unicodedata.category(character)
    return category in _CONTINUES or (before == _ZERO_WIDTH_JOINER and symbol and category == "So")
