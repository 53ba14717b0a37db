"""Finding thousands of phrases in a comment at the cost of reading it once.

All phrases stand in one Aho–Corasick automaton (very many in several), all patterns in one RE2 set: the cost hardly
depends on their number, and no pattern can make it slow. The automaton knows no words, so the ends of each find are
checked here, by script: Sinhala and Tamil vowel signs belong to the letter before them, and where one script meets
another a word ends ("billඑක").
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from typing import Generic, NamedTuple, TypeVar

import re2
from ahocorasick_rs import AhoCorasick, MatchKind

from services.policy.domain.triage.inflections import stems_of

T = TypeVar("T", bound=Hashable)

_INVISIBLE = re.compile("[\u00ad\u061c\ufeff\u200b-\u200f\u202a-\u202e\u2060-\u2069]")

_VOWEL_KILLERS = "\u0bcd\u0dca"
_NO_WORD, _ANY_SCRIPT, _SINHALA, _TAMIL = 0, 1, 2, 3
_PATTERN_MEMORY = 8 << 20
_AUTOMATON_CHARACTERS = 256 << 10
"""What one automaton takes in: to build one holds up every other thread, and many small ones are built sooner."""


Endings = frozenset[str]
_NO_ENDING: Endings = frozenset()
_ANY_ENDING: Endings = frozenset({"*"})
_LONGEST_ENDING = 12


class BadPattern(ValueError):
    """A pattern that RE2 cannot take."""


def normalised(text: str) -> str:
    """``text`` as phrases are compared: NFKC, case folded, without invisible characters, single spaces."""
    if not text.isascii():
        text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
        text = text.replace("\u2018", "'").replace("\u2019", "'").replace("\u201c", '"').replace("\u201d", '"')
    return " ".join(text.casefold().split())


def words_of(phrase: str) -> str:
    """The words of a phrase as they are looked for, without the sign that its last word may go on."""
    words = normalised(phrase.rstrip("*"))
    # An ending takes the place of the sign that closes the last letter: டொலர், டொலரின்.
    return words.rstrip(_VOWEL_KILLERS) if phrase.endswith("*") else words


class Phrase(NamedTuple, Generic[T]):
    """One phrase and what it speaks for."""

    text: str
    language: str
    meaning: T


class Found(NamedTuple, Generic[T]):
    """A phrase that stands in a text."""

    phrase: str
    language: str
    meaning: T


class PhraseIndex(Generic[T]):
    """Phrases, compiled once and then only read: safe to share."""

    def __init__(self, phrases: Iterable[Phrase[T]]) -> None:
        entries: dict[str, list[tuple[Found[T], Endings]]] = defaultdict(list)
        for phrase in phrases:
            open_ended = phrase.text.endswith("*")
            words = words_of(phrase.text)
            if not words:
                raise ValueError(f"the phrase {phrase.text!r} has no words")
            found = Found(phrase.text, phrase.language, phrase.meaning)
            entries[words].append((found, _ANY_ENDING if open_ended else _NO_ENDING))
            for stem in () if open_ended else stems_of(words, phrase.language):
                entries[stem.words].append((found, stem.endings))
        self._entries = [tuple(entry) for entry in entries.values()]
        self._automata = tuple(_automata(list(entries)))

    def find(self, text: str) -> list[Found[T]]:
        """Every phrase that stands as whole words in ``text`` (normalised), each once."""
        found: dict[Found[T], None] = {}
        for index, start, end in self._matches(text) if text else ():
            if not _word_ends(text, start):
                continue
            ending = "" if _word_ends(text, end) else None
            for each, endings in self._entries[index]:
                if each in found:
                    continue
                if ending is None and endings:
                    ending = _rest_of_word(text, end)
                if endings is _ANY_ENDING or ending in endings or (ending == "" and endings is _NO_ENDING):
                    found[each] = None
        return list(found)

    def _matches(self, text: str) -> Iterator[tuple[int, int, int]]:
        for first, automaton in self._automata:
            for place, start, end in automaton.find_matches_as_indexes(text, overlapping=True):
                yield first + place, start, end


def _automata(words: list[str]) -> Iterator[tuple[int, AhoCorasick]]:
    """Automata that find all words between them, each with the place of its first."""
    first, characters = 0, 0
    for place, each in enumerate(words, 1):
        characters += len(each)
        if characters >= _AUTOMATON_CHARACTERS or place == len(words):
            yield first, AhoCorasick(words[first:place], matchkind=MatchKind.Standard)
            first, characters = place, 0


class PatternSet(Generic[T]):
    """Patterns of RE2's syntax over normalised text, matched all at once.

    No match is missed for want of memory: a set for whose largest states there is not room for twenty is refused when
    it is compiled, and one that fills its memory while matching begins anew with what it has, slower.
    """

    def __init__(self, patterns: Iterable[tuple[str, T]]) -> None:
        options = re2.Options()
        options.log_errors = False
        options.max_mem = _PATTERN_MEMORY
        options.case_sensitive = False
        self._set = re2.Set.SearchSet(options)
        self._meanings: list[T] = []
        for pattern, meaning in patterns:
            try:
                self._set.Add(pattern)
            except re2.error:
                raise BadPattern(f"{pattern!r} is no pattern that RE2 can take") from None
            self._meanings.append(meaning)
        if self._meanings:
            self._compile()

    def _compile(self) -> None:
        try:
            self._set.Compile()
        except re2.error:
            raise BadPattern("the patterns are more than RE2 can take together") from None

    def find(self, text: str) -> list[T]:
        """What the patterns that match stand for."""
        if not self._meanings:
            return []
        return [self._meanings[index] for index in self._set.Match(text) or ()]


_scripts: dict[str, int] = {}


def _script(char: str) -> int:
    known = _scripts.get(char)
    return known if known is not None else _learn(char)


def _learn(char: str) -> int:
    script = _NO_WORD
    if char.isalnum() or unicodedata.category(char)[0] == "M":
        block = ord(char) >> 7
        script = _SINHALA if block == 0x0D80 >> 7 else _TAMIL if block == 0x0B80 >> 7 else _ANY_SCRIPT
    _scripts[char] = script
    return script


def _word_ends(text: str, at: int) -> bool:
    """Whether a word may end or begin between the characters before and after ``at``."""
    if at <= 0 or at >= len(text):
        return True
    before = _script(text[at - 1])
    return before == _NO_WORD or before != _script(text[at])


def _rest_of_word(text: str, at: int) -> str:
    """What follows ``at`` up to the end of the word, apostrophes within it included; cut where it is no ending."""
    end = at
    while end - at < _LONGEST_ENDING and end < len(text) and (end == at or not _word_ends(text, end)):
        end += 1
    return text[at:end]
