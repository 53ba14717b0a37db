"""Finding private data in a comment: identity numbers, passports, phones, mail addresses, cards, accounts.

Each kind has its own proof beyond its shape (a day of the year, a check digit, a numbering plan), because masking what
is none hides the citizen's words, and missing what is some spreads it. The patterns are linear.
"""

import re
from collections.abc import Callable, Iterator
from typing import Literal

import phonenumbers

PrivateData = Literal["nic", "passport", "phone", "email", "card", "iban"]

_HOME = "LK"
"""The country whose identity numbers these are, and in which a phone number without a country code is rung."""

_WOMEN_FROM = 500
_DAYS = 366
_BORN_FROM, _BORN_UNTIL = 1900, 2015
"""Years of birth that an identity number can carry; later ones are what dates and reference numbers begin with."""


def _nic(number: str) -> bool:
    """Old (nine digits and V or X) and new (twelve digits) Sri Lankan identity numbers carry the day of birth.

    Both count every year with a 29 February, and add 500 for women. Their last digit is a check digit by an
    unpublished rule, which is therefore not relied on.
    """
    number = number.replace(" ", "").replace("-", "")
    old = len(number) == 10
    if not old and not _BORN_FROM <= int(number[:4]) <= _BORN_UNTIL:
        return False
    day = int(number[2:5] if old else number[4:7])
    return 1 <= (day - _WOMEN_FROM if day > _WOMEN_FROM else day) <= _DAYS


def _card(number: str) -> bool:
    """Luhn's check digit over 13 to 19 digits (ISO/IEC 7812-1); 0 and 1 do not begin a payment card."""
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


def _phone(number: str) -> bool:
    """A number that exists in the plan of its country, by the rules that phones themselves ship with."""
    try:
        parsed = phonenumbers.parse(number, _HOME)
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(parsed)


def _always(_: str) -> bool:
    return True


_PROOFS: tuple[tuple[PrivateData, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("email", re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"), _always),
    (
        "nic",
        re.compile(
            r"(?<![0-9A-Za-z])(?:[0-9]{2} ?[0-9]{3} ?[0-9]{4}[ -]?[VXvx]|[0-9]{12}|[0-9]{4} [0-9]{4} [0-9]{4})"
            r"(?![0-9A-Za-z])"
        ),
        _nic,
    ),
    (
        "iban",
        re.compile(r"(?<![0-9A-Za-z])[A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]{4}){2,7}(?: ?[0-9A-Z]{1,3})?(?![0-9A-Za-z])"),
        _iban,
    ),
    ("card", re.compile(r"(?<![0-9A-Za-z])[2-9](?:[ -]?[0-9]){12,18}(?![0-9A-Za-z])"), _card),
    ("passport", re.compile(r"(?<![0-9A-Za-z])(?:[A-Z]{1,2}|[nN]) ?[0-9]{7}(?![0-9A-Za-z])"), _always),
    (
        "phone",
        re.compile(r"(?<![0-9A-Za-z+])(?<![0-9][.,])(?:\+|0|94)(?:[ ()./-]{0,2}[0-9]){7,14}(?![0-9A-Za-z])"),
        _phone,
    ),
)
"""In this order: what one kind has claimed is not looked at by the next."""

_DIGITS = re.compile(r"\d{2}")
_ENOUGH_DIGITS = re.compile(r"(?:\d\D*){6}\d")
"""As many as the shortest number has that is private, a passport's; most comments have not even two together."""

_DIGIT = re.compile(r"\d")
_GROUPED: frozenset[PrivateData] = frozenset({"phone", "card"})
_LAST_GROUP = re.compile(r"[^0-9]+[0-9]*$")
_SIGNS = {
    **dict.fromkeys([0xA0, 0x2007, 0x2009, 0x202F, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0xAD], " "),
    **dict.fromkeys(range(0x2010, 0x2016), "-"),
    **{0xFF20: "@", 0xFF0B: "+", 0xFF0E: ".", 0xFF0D: "-", 0x2212: "-"},
}


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
    for kind, start, stop in sorted(_finds(text), key=lambda find: find[1]):
        pieces += [text[end:start], f"[{kind}]"]
        end = stop
    return "".join(pieces) + text[end:]


def _may_hold_any(text: str) -> bool:
    return (
        "@" in text
        or "\uff20" in text
        or (_DIGITS.search(text) is not None and _ENOUGH_DIGITS.search(text) is not None)
    )


def _finds(text: str) -> Iterator[tuple[PrivateData, int, int]]:
    plain = text if text.isascii() else _plain(text)
    for kind, shape, proof in _PROOFS:
        claimed: list[tuple[int, int]] = []
        for match in shape.finditer(plain):
            found = _proven(match.group(), proof, kind in _GROUPED)
            if found:
                claimed.append((match.start(), match.start() + len(found)))
                yield kind, match.start(), match.start() + len(found)
        plain = _without(plain, claimed)


def _proven(found: str, proof: Callable[[str], bool], grouped: bool) -> str:
    """As much of what was found as is proven, from its beginning: what follows a number may be another one."""
    while not proof(found):
        shorter = _LAST_GROUP.sub("", found) if grouped else found
        if shorter == found or not shorter:
            return ""
        found = shorter
    return found


def _without(text: str, claimed: list[tuple[int, int]]) -> str:
    """``text`` with what was claimed made unreadable, character for character."""
    pieces, end = [], 0
    for start, stop in claimed:
        pieces += [text[end:start], "\x00" * (stop - start)]
        end = stop
    return "".join(pieces) + text[end:]


def _plain(text: str) -> str:
    """``text`` as the shapes are written, character for character: digits of any script as ASCII, signs likewise."""
    return _DIGIT.sub(lambda digit: str(int(digit.group())), text).translate(_SIGNS)
