"""A batch's items, cut out of its body before any of them is read.

So a bad item is its own misfortune, each is read within the bounds of a single one, and a body that has too many is
known by its first thousand. The time taken grows with the body, whatever stands in it, and nothing is built of a body
but slices of it.
"""

import re
from collections.abc import Iterator
from itertools import islice

from services.ingest.adapters.json_in import JSON
from shared.problems import Problem

NDJSON = "application/x-ndjson"
KINDS = (NDJSON, JSON)

MOST_BODY_BYTES = 16 << 20
MOST_ITEMS = 1000
MOST_ITEM_BYTES = 256 << 10
"""Room for the longest text with each of its characters escaped."""

MOST_PARTS = 200_000
"""Strings, brackets and commas in an array: five times what a thousand complete comments have."""

_LINE = re.compile(rb"[^ \t\r\n][^\n]*")
_PART = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{},"]', re.DOTALL)
_BLANK = b" \t\r\n"


def items_of(body: bytes, kind: str) -> list[bytes]:
    """The items of a body of one of ``KINDS``, each as it stands there. Raises ``Problem`` 400 and 422."""
    found = list(islice(_lines(body) if kind == NDJSON else _elements(body), MOST_ITEMS + 1))
    if not found:
        raise Problem(422, "invalid-input", "The batch is empty", detail="Send at least one comment.")
    if len(found) > MOST_ITEMS:
        raise Problem(422, "batch-too-long", "The batch is too long", detail=f"Send at most {MOST_ITEMS} comments.")
    return found


def _lines(body: bytes) -> Iterator[bytes]:
    """Every line that is not blank."""
    return (line.group().rstrip(_BLANK) for line in _LINE.finditer(body))


def _elements(body: bytes) -> Iterator[bytes]:
    """Every element of a JSON array, by its brackets, strings and commas alone."""
    inside = body.lstrip(_BLANK)
    if not inside.startswith(b"["):
        raise _not_an_array("Send a JSON array of comments, in UTF-8 without a byte order mark.")
    depth, begin, first = 0, 1, True
    for number, part in enumerate(_PART.finditer(inside)):
        if number > MOST_PARTS:
            raise _not_an_array(f"The array has more parts than {MOST_ITEMS} comments have.")
        sign = part.group()
        if sign in (b"[", b"{"):
            depth += 1
        elif sign in (b"]", b"}"):
            depth -= 1
        elif sign == b'"':
            break
        elif sign != b"," or depth != 1:
            continue
        if depth == 0 or (sign == b"," and depth == 1):
            element = inside[begin : part.start()].strip(_BLANK)
            if element or not (first and depth == 0):
                yield element
            begin, first = part.end(), False
        if depth == 0:
            if sign == b"]" and not inside[begin:].strip(_BLANK):
                return
            break
    raise _not_an_array("The array has no end, or does not end with the body.")


def _not_an_array(detail: str) -> Problem:
    return Problem(400, "invalid-json", "The body is not valid JSON", detail=detail)
