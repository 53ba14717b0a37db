"""A text that is too long for its platform, as a numbered thread.

It is cut at the end of a sentence, else of a clause, else between two words; where none of these fits, it cannot be
cut. What belongs together stays together: a link, an address, a mention, a figure with its unit, a date, an amount, an
abbreviation with what it stands before, and whatever a reader sees as one character. The parts hold the text unchanged
but for white space at the cuts.
"""

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum

MOST_PARTS = 10

Fits = Callable[[str, int], bool]
"""Whether a part, with its number written after it, goes out in one piece; parts count from 1."""
Numbering = Callable[[int, int], str]
"""What is written after a part: its number, and how many there are."""


class DoesNotFit(Exception):
    """Something that must not be cut is too long, or there would be too many parts."""


class Cut(IntEnum):
    """How well a text can be cut at a place, the best last."""

    WORD = 1
    CLAUSE = 2
    SENTENCE = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text may be cut: the next part begins at ``at``."""

    at: int
    cut: Cut


def numbered(number: int, total: int) -> str:
    """`` (1/3)``"""
    return f" ({number}/{total})"


def parts_of(text: str, fits: Fits, numbering: Numbering = numbered) -> tuple[str, ...]:
    """The text as a thread, each part with its number. Raises DoesNotFit, also for what needs no thread."""
    places = [*places_in(text), Place(len(text), Cut.SENTENCE)]
    # Where sentences make too many parts, each takes as many words as go in.
    for choose in (_best, _last):
        total = 2
        # The numbers take room themselves: what came out with one total is cut anew with that which it made.
        while (parts := _thread(text, places, choose, _Ruler(fits, numbering, total))) and len(parts) > total:
            total = len(parts)
        if parts and len(parts) == total:
            return parts
    raise DoesNotFit


@dataclass(frozen=True, slots=True)
class _Ruler:
    """Writes the number after a part of a thread of ``total`` and says whether that goes out."""

    fits: Fits
    numbering: Numbering
    total: int

    def written(self, part: str, number: int) -> str:
        return part + self.numbering(number, self.total)

    def takes(self, part: str, number: int) -> bool:
        return self.fits(self.written(part, number), number)


_Choose = Callable[[list[Place]], Place]


def _best(reachable: list[Place]) -> Place:
    """The last of the best places."""
    return max(reachable, key=lambda place: (place.cut, place.at))


def _last(reachable: list[Place]) -> Place:
    return reachable[-1]


def _thread(text: str, places: list[Place], choose: _Choose, ruler: _Ruler) -> tuple[str, ...] | None:
    """The parts of one way to cut, or None where a piece is too long or they are too many."""
    parts: list[str] = []
    start = 0
    while text[start:].strip():
        number = len(parts) + 1
        reachable = _reachable(text, start, places, number, ruler) if number <= MOST_PARTS else []
        if not reachable:
            return None
        # What is left goes into one part where it can, whatever better place there is before its end.
        place = reachable[-1] if reachable[-1].at == len(text) else choose(reachable)
        parts.append(ruler.written(text[start : place.at].strip(), number))
        start = place.at
    return tuple(parts)


def _reachable(text: str, start: int, places: list[Place], number: int, ruler: _Ruler) -> list[Place]:
    """The places at which this part may end: those up to the last that makes a part that goes out.

    Measuring is dear in a long text, so that place is closed in on from its beginning.
    """
    ahead = [place for place in places if text[start : place.at].strip()]

    def is_beyond(place: Place) -> bool:
        return not ruler.takes(text[start : place.at].strip(), number)

    reach = 1
    while reach < len(ahead) and not is_beyond(ahead[reach]):
        reach *= 2
    return ahead[: bisect_left(ahead[:reach], True, key=is_beyond)]


_WHITE = re.compile(r"[^\S\u00a0\u2007\u202f]+")
"""White space, without that which is written to hold words together."""
_CLOSING = "\"'”’»›)]}」』）"
_SENTENCE = tuple(".!?…。！？｡।॥෴؟۔")
_CLAUSE = tuple(",;:—–、，；：،؛")
_UNSPACED_SENTENCE = frozenset("。！？｡।॥෴")
_UNSPACED_CLAUSE = frozenset("、，；：")
_DASHES = frozenset("-–—")
_OPENING = "(\"'“‘[«"
_DIGIT = re.compile(r"\d")
_LIST_NUMBER = re.compile(r"\(?\d{1,2}[.)]")
_INITIAL = re.compile(r"[A-Z]\.")
_INITIALS = re.compile(r"(?:(?:[^\W\d_]|[\u0900-\u0dff]{1,3})\.){2,}")


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


_TITLES = _listed("mr mrs ms dr prof hon rev ven col lt capt sgt messrs viz cf vs திரு திருமதி செல்வி")
_LETTER_NAMES = _listed(
    """ඒ බී සී ඩී ඊ එෆ් ජී එච් අයි ජේ කේ එල් එම් එන් ඕ පී ආර් එස් ටී යූ වී ඩබ්ලිව් වයි ஏ பி சி டி ஈ எஃப் ஜி எச் ஐ ஜே கே எல் எம் என்
    ஓ ஆர் எஸ் யு வி டபிள்யூ"""
)
"""Latin letters as Sinhala and Tamil spell them, where they stand for names."""
_BEFORE_FIGURES = _listed(
    """no nos nr art arts sec sect para paras cl vol ed ch p pp fig reg ref tel ext approx est max min rs re lkr usd eur
    jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun රු අංක ரூ எண்"""
)
"""What is no end of a sentence before a figure: ``No. 5``, ``Rs. 1,000``, ``Nov. 23``."""
_OF_A_FIGURE = _listed(
    """per thousand hundred million billion trillion lakh lakhs lac crore crores sq square cubic degrees දහස් ලක්ෂ මිලියන
    බිලියන කෝටි ஆயிரம் லட்சம் இலட்சம் கோடி மில்லியன் பில்லியன்"""
)
"""Words that stand between a figure and its unit."""
_UNIT_REACH = 4
"""So many characters after a figure may be its unit, where no space is set between words."""


@dataclass(frozen=True, slots=True)
class _Word:
    """What stands between white space; ``begins_line`` is whether it is the first of its line."""

    start: int
    end: int
    said: str
    begins_line: bool

    @property
    def bare(self) -> str:
        """Without the quotation marks and brackets that close after it."""
        return self.said.rstrip(_CLOSING)

    @property
    def abbreviation(self) -> str:
        """In small letters and without its stop, if it has one."""
        bare = self.bare.lstrip(_OPENING)
        return bare[:-1].lower() if bare.endswith(".") else ""

    @property
    def has_figure(self) -> bool:
        return bool(_DIGIT.search(self.said))

    @property
    def introduces(self) -> bool:
        """Whether it is nothing without the word after it: a title, an initial, the number of a list."""
        initial = self.abbreviation in _LETTER_NAMES or bool(_INITIAL.fullmatch(self.bare.lstrip(_OPENING)))
        numbers = self.begins_line and bool(_LIST_NUMBER.fullmatch(self.said))
        return self.abbreviation in _TITLES or initial or numbers

    @property
    def is_initials(self) -> bool:
        """``a.m.``, whose stop ends a sentence or does not."""
        return bool(_INITIALS.fullmatch(self.bare.lstrip(_OPENING)))


def places_in(text: str) -> Iterator[Place]:
    """Every place where the text may be cut, in order."""
    words = _words(text)
    in_figure = False
    for number, word in enumerate(words, 1):
        yield from _within(text, word)
        if number == len(words):
            return
        after = words[number]
        in_figure = word.has_figure or (in_figure and word.said.lower() in _OF_A_FIGURE)
        cut = _cut_between(text[word.end : after.start], word, after, in_figure)
        if cut is not None:
            yield Place(after.start, cut)


def _words(text: str) -> list[_Word]:
    found: list[_Word] = []
    start, begins_line = 0, True
    for white in [*_WHITE.finditer(text), None]:
        end = len(text) if white is None else white.start()
        if end > start:
            found.append(_Word(start, end, text[start:end], begins_line))
            begins_line = False
        if white is not None:
            start, begins_line = white.end(), begins_line or "\n" in white[0]
    return found


def _cut_between(white: str, word: _Word, after: _Word, in_figure: bool) -> Cut | None:
    """How well the text can be cut between two words; ``in_figure`` is whether the first is a figure or goes with one.

    None where they belong together.
    """
    if unicodedata.category(after.said[0]).startswith("M") or after.said[0] == "\u200d":
        return None
    if "\n" in white:
        return Cut.SENTENCE
    leads_to_figure = after.has_figure or after.said in _OF_A_FIGURE
    if word.introduces or (leads_to_figure and word.abbreviation in _BEFORE_FIGURES):
        return None
    if _ends_sentence(word, after):
        return Cut.SENTENCE
    if word.bare.endswith(_CLAUSE):
        return Cut.CLAUSE
    if in_figure or after.has_figure:
        return None
    return Cut.CLAUSE if word.said in _DASHES or after.said in _DASHES else Cut.WORD


def _ends_sentence(word: _Word, after: _Word) -> bool:
    if not word.bare.endswith(_SENTENCE) or word.is_initials:
        return False
    # Whatever goes on in small letters is the same sentence: "approx. two hours", "and so on ... as before".
    return not (word.bare.endswith((".", "…")) and after.said[0].islower())


def _within(text: str, word: _Word) -> Iterator[Place]:
    """Where scripts that set no space between words may be cut within what looks like one."""
    if word.said.isascii() or "://" in word.said or "@" in word.said:
        return
    for at, (one, other) in enumerate(zip(word.said, word.said[1:], strict=False), word.start + 1):
        if unicodedata.category(other) != "Lo":
            continue
        if one in _UNSPACED_SENTENCE:
            yield Place(at, Cut.SENTENCE)
        elif one in _UNSPACED_CLAUSE:
            yield Place(at, Cut.CLAUSE)
        elif _is_cjk(one) and _is_cjk(other) and not _DIGIT.search(text[max(0, at - _UNIT_REACH) : at]):
            yield Place(at, Cut.WORD)


def _is_cjk(character: str) -> bool:
    """Whether it is one of the characters between which Chinese and Japanese may be broken."""
    return "\u3040" <= character <= "\u30ff" or "\u3400" <= character <= "\u9fff"
