"""What people write, in one form: NFC, line feeds, nothing that a database or a driver refuses.

Two spellings of one word must meet the same rule, and a NUL or half a surrogate pair must not become an error far
from where it came in. The untouched original stays in the raw body.
"""

import re
from functools import cache
from unicodedata import combining, normalize

from services.ingest.domain.refusals import Unreadable

MOST_CHARACTERS = 40_000
"""A longer text is cut: an event must stay under 256 KiB even where JSON spells each character as six bytes."""

MOST_ID_CHARACTERS = 256
MOST_NAME_CHARACTERS = 256

LONG = 1_000
"""From this length on marks piled on one letter are counted: to bring thousands into order takes seconds."""

MOST_MARKS = 30
"""As many marks may stand on one letter (Unicode Standard Annex 15, Stream-Safe Text Format)."""

_ODD = re.compile("[\x00\r\x85\u2028\u2029\ud800-\udfff]")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LINE_END = re.compile("\r\n|[\r\x85\u2028\u2029]")
_MAYBE_PILED = re.compile(rf"[^\w\s]{{{MOST_MARKS}}}")


def clean(text: str) -> str:
    """``text`` in NFC with ``\\n`` line ends, without NUL and lone surrogates, cut at ``MOST_CHARACTERS``."""
    text = text[:MOST_CHARACTERS]
    if text.isascii():
        text = text.replace("\x00", "")
        return text if "\r" not in text else _LINE_END.sub("\n", text)
    if _ODD.search(text):
        text = _LINE_END.sub("\n", _UNSTORABLE.sub("", text))
    if len(text) > LONG and _MAYBE_PILED.search(text):
        text = _piles().sub(r"\1", text)
    # Not asked first whether it is needed: for Sinhala and Tamil the answer costs as much as doing it.
    return normalize("NFC", text)[:MOST_CHARACTERS]


@cache
def _piles() -> re.Pattern[str]:
    """More marks on one letter than any language writes."""
    marks = "".join(chr(code) for code in range(0x300, 0x20000) if combining(chr(code)))
    return re.compile(f"([{marks}]{{{MOST_MARKS}}})[{marks}]+")


def clean_name(name: object) -> str | None:
    """A person's display name on one line, or None where the platform gave none."""
    if not isinstance(name, str):
        return None
    return " ".join(clean(name).split())[:MOST_NAME_CHARACTERS] or None


def identifier(value: object) -> str | None:
    """A platform's id as a string, exactly: 64-bit numbers keep every digit. None where there is none.

    Raises ``Unreadable`` for what cannot be an id (a fraction, a list, NUL, more than 256 characters).
    """
    if value is None or value == "":
        return None
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Unreadable("An id is neither a string nor a whole number.")
    text = str(value)
    if len(text) > MOST_ID_CHARACTERS or _UNSTORABLE.search(text):
        raise Unreadable("An id is longer than 256 characters or holds characters that no id has.")
    return text


def required_identifier(value: object, complaint: str) -> str:
    """The id that a part cannot be without; raises ``Unreadable`` with ``complaint``, also as ``identifier`` does."""
    found = identifier(value)
    if found is None:
        raise Unreadable(complaint)
    return found
