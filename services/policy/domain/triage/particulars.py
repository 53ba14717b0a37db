"""Whether a comment is about one person's own affair: a name in it, or the number of a case.

What is private by law is found in ``private_data``. This finds what else would make one answer for many the wrong one.
It rather sees too much: whoever is taken for a particular case is answered by a person.
"""

import re
import unicodedata
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
    r"|අංක\S*|எண்\S*)[ ]?(?:no\b\.?|number|num\b|id\b)?[ ]?[:#.]?[ ]?[A-Z/-]*[0-9]{3}",
    re.IGNORECASE,
)
_WORD = re.compile(r"[A-Za-z0-9/#-]*[0-9][A-Za-z0-9/#,.:-]*")
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
    if _NUMBERED.search(plain) or any(_is_case_number(word.strip(".,:")) for word in _WORD.findall(plain)):
        found.append("case_number")
    return tuple(found)


def _is_case_number(word: str) -> bool:
    if _NO_CASE.fullmatch(word):
        return False
    digits = sum(char.isdigit() for char in word)
    has_letters = any(char.isalpha() for char in word)
    return digits >= (_DIGITS_AMONG_LETTERS if has_letters or "/" in word or "#" in word else _DIGITS_OF_A_CASE)
