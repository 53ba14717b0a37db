"""Whether a comment is about one person's own affair: a name in it, or the number of a case.

What is private by law is found in ``private_data``. This finds what else would make one answer for many the wrong one.
It rather sees too much: whoever is taken for a particular case is answered by a person.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Literal

Particular = Literal["name", "case_number"]

_NAMES = (
    re.compile(r"\b(?:my name is|i am called|i'm called|name\s*:)\s*\S", re.IGNORECASE),
    re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Dr|Rev)\b\.?\s+[A-Z]"),
    re.compile(r"\b[Ii](?: am|'m|’m)(?: [A-Z][a-z]+){2}"),
    re.compile("(?:මගේ නම|මාගේ නම|මහතා|මහත්මිය|මෙනවිය)"),
    re.compile(r"(?:என் பெயர்|எனது பெயர்|திருமதி|(?<!\w)திரு\.)"),
)
_NUMBERED = re.compile(
    r"(?:\b(?:case|file|ref|reference|application|complaint|bill|account|token|receipt|passport)\b"
    # What may repeat is bounded, or a long text of one sign would be read again from each of its characters.
    r"|අංක\S{0,40}|எண்\S{0,40})[ ]?(?:no\b\.?|number|num\b|id\b)?[ ]?[:#.]?[ ]?[A-Z/-]{0,40}[0-9]{3}",
    re.IGNORECASE,
)
_RUN = re.compile(r"[A-Za-z0-9/#,.:-]+")
_FIRST_DIGIT = re.compile("[0-9]")
_BETWEEN_WORDS = re.compile("[,.:]")
_NO_CASE = re.compile(
    r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{4}"
)
_DIGITS_OF_A_CASE = 5
_DIGITS_AMONG_LETTERS = 3


def particulars_in(text: str) -> tuple[Particular, ...]:
    """What of a particular person or case stands in ``text``, each kind once."""
    found: list[Particular] = []
    if any(pattern.search(text) for pattern in _NAMES):
        found.append("name")
    plain = "".join(str(unicodedata.digit(char)) if char.isdigit() else char for char in text)
    if _NUMBERED.search(plain) or any(_is_case_number(word) for word in _numbered_words(plain)):
        found.append("case_number")
    return tuple(found)


def _numbered_words(text: str) -> Iterator[str]:
    """The words with digits in them, each from the last comma, point or colon before its first digit. Every character
    is looked at a few times and no more, however long the text."""
    for run in _RUN.findall(text):
        if digit := _FIRST_DIGIT.search(run):
            yield _BETWEEN_WORDS.split(run[: digit.start()])[-1] + run[digit.start() :].rstrip(".,:")


def _is_case_number(word: str) -> bool:
    if _NO_CASE.fullmatch(word):
        return False
    digits = sum(char.isdigit() for char in word)
    has_letters = any(char.isalpha() for char in word)
    return digits >= (_DIGITS_AMONG_LETTERS if has_letters or "/" in word or "#" in word else _DIGITS_OF_A_CASE)
