"""Finding private data in a comment: identity numbers, passports, phones, mail addresses, cards, accounts.

Each kind has its own proof beyond its shape (a day of the year, a check digit), because masking what is none hides the
citizen's words, and missing what is some spreads it. The patterns are linear.
"""

import re
from collections.abc import Callable, Iterator
from typing import Literal

PrivateData = Literal["nic", "passport", "phone", "email", "card", "iban"]

_WOMEN_FROM = 500
_DAYS = 366


def _nic(number: str) -> bool:
    """Old (nine digits and V or X) and new (twelve digits) Sri Lankan identity numbers carry the day of birth."""
    old = len(number) == 10
    if not old and not 1900 <= int(number[:4]) <= 2100:
        return False
    day = int(number[2:5] if old else number[4:7])
    return 1 <= (day - _WOMEN_FROM if day > _WOMEN_FROM else day) <= _DAYS


def _card(number: str) -> bool:
    """Luhn's check digit over 13 to 19 digits."""
    digits = [int(char) for char in reversed(number) if char.isdigit()]
    if not 13 <= len(digits) <= 19:
        return False
    doubled = (sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def _iban(number: str) -> bool:
    """ISO 13616: the rearranged number leaves 1 when divided by 97."""
    plain = number.replace(" ", "").upper()
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(char, 36)) for char in plain[4:] + plain[:4])) % 97 == 1


def _always(_: str) -> bool:
    return True


_PROOFS: tuple[tuple[PrivateData, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("email", re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"), _always),
    ("nic", re.compile(r"(?<![0-9A-Za-z])(?:[0-9]{9}[VXvx]|[0-9]{12})(?![0-9A-Za-z])"), _nic),
    (
        "iban",
        re.compile(r"(?<![0-9A-Za-z])[A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,3})?(?![0-9A-Za-z])"),
        _iban,
    ),
    ("card", re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])"), _card),
    ("passport", re.compile(r"(?<![0-9A-Za-z])[A-Z]{1,2}[0-9]{7}(?![0-9A-Za-z])"), _always),
    (
        "phone",
        re.compile(r"(?<![0-9A-Za-z])(?:\+?94[ -]?|0)[1-9][0-9][ -]?[0-9]{3}[ -]?[0-9]{4}(?![0-9A-Za-z])"),
        _always,
    ),
)


def found_in(text: str) -> tuple[PrivateData, ...]:
    """The kinds of private data in ``text``, each once."""
    if not _may_hold_any(text):
        return ()
    return tuple(dict.fromkeys(kind for kind, _, _ in _finds(text)))


def masked(text: str) -> str:
    """``text`` with its private data covered by their kind, for example ``[phone]``."""
    if not _may_hold_any(text):
        return text
    pieces, end = [], 0
    for kind, start, stop in sorted(_finds(text), key=lambda find: (find[1], -find[2])):
        if start >= end:
            pieces += [text[end:start], f"[{kind}]"]
        end = max(end, stop)
    return "".join(pieces) + text[end:]


def _may_hold_any(text: str) -> bool:
    return "@" in text or _DIGITS.search(text) is not None


_DIGITS = re.compile(r"[0-9]{3}")


def _finds(text: str) -> Iterator[tuple[PrivateData, int, int]]:
    for kind, shape, proof in _PROOFS:
        for match in shape.finditer(text):
            if proof(match.group()):
                yield kind, match.start(), match.end()
