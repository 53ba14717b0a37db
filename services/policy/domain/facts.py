"""The language gate: the variants of one text must state the same facts, or none of them goes out.

Stands in until texts are checked fact by fact: dates, times, amounts and other figures are found by their shapes alone
and compared between the languages. ``10 lakhs`` and ``1 million`` are read as what they come to.

A number in words may stand for a figure that another language writes, and is never itself missed: ``one``, ``එක`` and
``ஒரு`` are words of all sorts. Whoever is told of a difference that is none learns to pass over what the gate says.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Literal, NamedTuple

from services.policy.domain.number_words import AFTER, BEFORE, said_in, zeros_of

FactKind = Literal["date", "time", "amount", "figure"]


class Fact(NamedTuple):
    """One checkable element: a date as month-day (``12-31``), a time on a clock of twelve hours, or a number."""

    kind: FactKind
    value: str


class Difference(NamedTuple):
    """A fact that ``language`` lacks and others state."""

    language: str
    kind: FactKind
    value: str
    stated_in: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.language} lacks the {self.kind} {self.value}"


class PlainFacts:
    """Implements the ``FactsGate`` port."""

    def differences(self, texts: Mapping[str, str]) -> tuple[Difference, ...]:
        """Every fact that some of these texts, by language, state and others lack."""
        stated = {language: {fact.value: fact.kind for fact in facts_in(text)} for language, text in texts.items()}
        said = {language: frozenset(said_in(_plain(text))) for language, text in texts.items()}
        return tuple(
            Difference(language, _kind(value, stated), value, tuple(sorted(_stating(value, stated))))
            for language in sorted(stated)
            for value in sorted({each for known in stated.values() for each in known} - stated[language].keys())
            if value not in said[language]
        )


def facts_in(text: str) -> Iterator[Fact]:
    """The facts of a text that have a shape."""
    rest = _plain(text)
    for pattern, order in _DATES:
        yield from (fact for match in pattern.finditer(rest) for fact in _date(match, order))
        rest = pattern.sub(partial(_beside, order=order), rest)
    for match in _TIME.finditer(rest):
        hour, minute = match.groups()
        yield Fact("time", f"{int(hour) % 12}:{minute}")
    for match in _NUMBER.finditer(_TIME.sub(" ", rest)):
        before, multiplied, number, multiplying, after = match.groups()
        zeros = zeros_of(multiplying or multiplied or "")
        yield Fact("amount" if before or after or zeros else "figure", _value(number, zeros))


def _value(number: str, zeros: int) -> str:
    """The number without commas and idle zeros, once it was multiplied by so many zeros."""
    whole, _, part = number.replace(",", "").partition(".")
    part = part.ljust(zeros, "0")
    whole, part = (whole + part[:zeros]).lstrip("0") or "0", part[zeros:].rstrip("0")
    return f"{whole}.{part}" if part else whole


def _date(match: re.Match[str], order: Sequence[str]) -> Iterator[Fact]:
    """The date that has this shape, with its year if it says one; nothing where there is no such day."""
    parts = dict(zip(order, match.groups(), strict=True))
    month = _MONTHS.get(parts["month"].strip("."), 0) or _number_of(parts["month"])
    if 1 <= month <= 12 and 1 <= int(parts["day"]) <= 31:
        yield Fact("date", f"{month:02}-{int(parts['day']):02}")
        if parts.get("year"):
            yield Fact("figure", parts["year"])


def _beside(match: re.Match[str], order: Sequence[str]) -> str:
    """What is left to read of a shape: nothing of a date; of what is none, its figures, each by itself."""
    return " " if any(_date(match, order)) else _JOINING.sub(" ", match[0])


def _kind(value: str, stated: Mapping[str, Mapping[str, FactKind]]) -> FactKind:
    """What most precisely it was seen to be."""
    seen = {known[value] for known in stated.values() if value in known}
    return "amount" if "amount" in seen else seen.pop()


def _stating(value: str, stated: Mapping[str, Mapping[str, FactKind]]) -> Iterator[str]:
    return (language for language, known in stated.items() if value in known)


def _plain(text: str) -> str:
    """``text`` in small letters with digits of 0 to 9, and without joiners that nobody sees."""
    digits = (str(unicodedata.digit(char)) if char.isdigit() else char for char in unicodedata.normalize("NFC", text))
    return "".join(digits).lower().replace("\u200d", "").replace("\u200c", "")


def _number_of(said: str) -> int:
    """The month of a word by its stem, or of a number."""
    if said.isdigit():
        return int(said)
    return next((month for stem, month in _STEMS.items() if said.startswith(stem)), 0)


_NAMED = (
    ("january", "jan", "ජනවාරි", "ஜனவரி", "சனவரி"),
    ("february", "feb", "පෙබරවාරි", "பிப்ரவரி", "பெப்ரவரி"),
    ("march", "mar", "මාර්තු", "மார்ச்"),
    ("april", "apr", "අප්රේල්", "අප්රියෙල්", "ஏப்ரல்"),
    ("may", "මැයි", "மே"),
    ("june", "jun", "ජූනි", "ஜூன்", "யூன்"),
    ("july", "jul", "ජූලි", "ஜூலை", "யூலை"),
    ("august", "aug", "අගෝස්තු", "ஆகஸ்ட்", "ஆகஸ்டு", "ஓகஸ்ட்", "ஒகஸ்ட்"),
    ("september", "sept", "sep", "සැප්තැම්බර්", "செப்டம்பர்", "செப்டெம்பர்", "செப்ரெம்பர்"),
    ("october", "oct", "ඔක්තෝබර්", "ඔක්තෝම්බර්", "ඔක්තොබර්", "அக்டோபர்", "ஒக்டோபர்", "ஒக்ரோபர்"),
    ("november", "nov", "නොවැම්බර්", "நவம்பர்", "நொவெம்பர்"),
    ("december", "dec", "දෙසැම්බර්", "டிசம்பர்", "டிசெம்பர்", "திசம்பர்"),
)
_MONTHS = {unicodedata.normalize("NFC", name): number for number, names in enumerate(_NAMED, 1) for name in names}
# Sinhala and Tamil words take endings, before which the last vowel sign of a longer name may go.
_STEMS = {name[:-1]: month for name, month in _MONTHS.items() if len(name) > 4 and not name.isascii()}
_WORD = "|".join(
    [
        *sorted(map(re.escape, _MONTHS), key=len, reverse=True),
        *(f"{re.escape(stem)}[^\\s\\d,.]*" for stem in sorted(_STEMS, key=len, reverse=True)),
    ]
)
_MONTH = f"(?<![^\\W\\d])({_WORD})(?![^\\W\\d])"
_OF_MONTH = r"\.?(?:\s+(?:මස|මාසයේ|மாதம்|மாத))?\s+"
"""What stands between a month and its day: in Sinhala and Tamil often the word for a month."""
_DATES = (
    (re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)"), ("year", "month", "day")),
    (re.compile(r"(?<!\d)(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?!\d)"), ("day", "month", "year")),
    (re.compile(rf"(?<!\d)(\d{{4}})\s+{_MONTH}{_OF_MONTH}(\d{{1,2}})(?!\d)"), ("year", "month", "day")),
    (
        re.compile(rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH}\.?(?:,?\s+(\d{{4}}))?(?!\d)"),
        ("day", "month", "year"),
    ),
    (
        re.compile(rf"{_MONTH}{_OF_MONTH}(\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,?\s+(\d{{4}}))?(?!\d)"),
        ("month", "day", "year"),
    ),
)
_JOINING = re.compile("[-/.]")
_TIME = re.compile(r"(?<![\d.,:])([01]?\d|2[0-4])[:.]([0-5]\d)(?![\d:]|\.\d|,\d)")
_NUMBER = re.compile(
    rf"((?:rs|lkr|රු|ரூ)\.?\s*)?(?:{BEFORE})?(?<![\d.])(\d{{1,3}}(?:,\d{{2,3}})*,\d{{3}}(?:\.\d+)?|\d+(?:\.\d+)?)"
    rf"(?:{AFTER})?(\s*(?:rupees|රුපියල්|ரூபாய்|/=))?"
)
