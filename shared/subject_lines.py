"""The subject of a letter: kept on one line as its writer put it, and answered by ``Re:``.

Sources: RFC 5322, sections 2.1.1 (no line over 998 octets) and 3.6.5 (``Re:`` stands once before the subject that is
answered). Mail programs show a letter with what it answers only where both have one subject but for that prefix. What
must stay true: nothing that could end a header field, or make a second one of it, stands in a subject line.
"""

import re

ANSWERING = "Re: "
MOST_OCTETS = 998 - len("Subject: ") - len(ANSWERING)
"""As UTF-8: then even the answer's subject, written without any encoding, is one line of a mail."""

_SPACES_AND_CONTROLS = re.compile("[\\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+")
_ANSWERS = re.compile(r"\A(?:re|aw|antw|sv|odp|පිළිතුර|பதில்)\s*(?:\[\d{1,3}\]|\(\d{1,3}\))?\s*[:：]\s*", re.IGNORECASE)
"""How mail programs mark an answer, some with a number: English, German, Dutch, Swedish, Polish, Sinhala, Tamil."""


def one_line(subject: str) -> str | None:
    """A subject on one line, without control characters, cut at a word; None where nothing is left of it."""
    line = _SPACES_AND_CONTROLS.sub(" ", subject).strip()
    octets = line.encode()
    if len(octets) > MOST_OCTETS:
        # One octet more tells whether the last word is whole.
        words, space, _ = octets[: MOST_OCTETS + 1].rpartition(b" ")
        line = (words if space else octets[:MOST_OCTETS]).decode(errors="ignore").rstrip()
    return line or None


def is_answer(line: str) -> bool:
    """Whether a subject line says by its prefix that it repeats the one that is answered."""
    return _ANSWERS.match(line) is not None


def answer_to(line: str | None) -> str | None:
    """The subject of the answer: one prefix gives way to ours. None where nothing but a prefix was written."""
    subject = _ANSWERS.sub("", one_line(line or "") or "")
    return ANSWERING + subject if subject else None
