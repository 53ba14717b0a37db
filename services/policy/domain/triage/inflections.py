"""The simple endings under which a word stays the same word, in three languages.

Only what is regular enough to be right nearly always: the English plural, the particles and cases that
Sinhala hangs on a noun as it stands, the cases of Tamil nouns by the letter that they end in. What bends further is
written in a policy with ``*``.
"""

from typing import NamedTuple

_SHORTEST = 3
"""Letters that a word must have before endings are tried: shorter ones turn into other words."""

_ENGLISH = frozenset({"s", "es"})
"""An apostrophe ends a word by itself."""

_PARTICLES = frozenset({"ද", "ට", "ටද", "ත්", "යි", "ය", "ව", "වද", "ක්", "යක්", "නම්"})
_SINHALA_CASES = frozenset({"ගේ", "ගෙන්", "ගෙ", "වල", "වලට", "වලින්", "වලද", "යට", "යේ", "යෙන්"})
_VOWEL_CASES = frozenset({"\u0dda", "\u0dd9න්", "\u0dd9හි"})
"""These begin with a vowel sign, which takes the place of the letter's own vowel."""
_SINHALA = _PARTICLES | _SINHALA_CASES | _VOWEL_CASES

_PULLI = "\u0bcd"
"""The sign that closes a Tamil letter; an ending takes its place."""

_CASES = ("ை", "ைக்", "ின்", "ில்", "ுக்கு", "ுக்கும்", "ால்", "ாக", "ும்", "ுடன்", "ிலிருந்து", "ுக்கான")
_TAMIL_CLOSED = frozenset(_CASES) | {"கள்", "களை", "களின்", "களில்", "களுக்கு"}
_TAMIL_AM = frozenset(f"த்த{case}" for case in _CASES) | {"த்திற்கு", "ங்கள்", "ங்களை", "ங்களின்", "ங்களுக்கு"}
_TAMIL_OPEN = frozenset(
    {"க்கு", "க்கும்", "யை", "யின்", "யில்", "யால்", "யும்", "யாக", "யுடன்", "க்கான", "கள்", "களை", "களின்", "களுக்கு"}
)
_AM = "ம்"


class Stem(NamedTuple):
    """What a phrase begins with, and what may follow it up to the end of the word."""

    words: str
    endings: frozenset[str]


def stems_of(words: str, language: str) -> tuple[Stem, ...]:
    """The stems under which a phrase (normalised) is found besides as it stands."""
    last = words.rpartition(" ")[2]
    if len(last) < _SHORTEST:
        return ()
    if language == "en":
        return () if last.endswith("s") else (Stem(words, _ENGLISH),)
    if language == "si":
        return (Stem(words, _SINHALA),)
    if language == "ta":
        return _tamil(words)
    return ()


def _tamil(words: str) -> tuple[Stem, ...]:
    if words.endswith(_AM):
        return (Stem(words.removesuffix(_AM), _TAMIL_AM), Stem(words.removesuffix(_PULLI), frozenset({"ும்"})))
    if words.endswith(_PULLI):
        return (Stem(words.removesuffix(_PULLI), _TAMIL_CLOSED),)
    return (Stem(words, _TAMIL_OPEN),)
