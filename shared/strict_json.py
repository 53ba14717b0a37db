"""JSON from outside, read strictly: what Postgres, Kafka or the next reader could not bear is refused here.

Refused: a byte order mark, other encodings than UTF-8, ``NaN`` and ``Infinity``, duplicate keys, nesting beyond 64,
integers of more than 100 digits, NUL, and lone surrogates. Python's own parser takes all of these.
"""

import json
import re
from collections.abc import Callable
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response

DEEPEST = 64
MOST_DIGITS = 100

_NOT_IN_TEXT = re.compile("[\x00\ud800-\udfff]")
# Possessive, and an open string swallows the rest: otherwise each quote within one would begin the search again.
_STRINGS = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|\Z)', re.DOTALL)
_OPENS = frozenset(b"[{")
_CLOSES = frozenset(b"]}")


class Malformed(HTTPException):
    """The body is not JSON as it is read here."""

    def __init__(self, detail: str) -> None:
        super().__init__(400, detail)


def read(body: bytes) -> Any:
    """The value of a JSON text. Raises ``Malformed``, whose detail never repeats the input."""
    if body.startswith(b"\xef\xbb\xbf"):
        raise Malformed("The body begins with a byte order mark; send UTF-8 without one.")
    try:
        source = body.decode()
    except UnicodeDecodeError as error:
        raise Malformed(f"The body is not UTF-8 (at byte {error.start}).") from error
    _refuse_deep(body)
    try:
        value = json.loads(source, object_pairs_hook=_object, parse_constant=_refuse_constant, parse_int=_integer)
    except json.JSONDecodeError as error:
        raise Malformed(f"The body is not valid JSON (line {error.lineno}, column {error.colno}).") from error
    if _NOT_IN_TEXT.search(source) or "\\u" in source:
        _refuse_bad_text(value)
    return value


def _refuse_deep(body: bytes) -> None:
    # Counted before parsing, because the parser recurses; brackets inside strings do not count.
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return
    depth = 0
    for byte in _STRINGS.sub(b"", body):
        if byte in _OPENS:
            depth += 1
            if depth > DEEPEST:
                raise Malformed(f"The body is nested more than {DEEPEST} deep.")
        elif byte in _CLOSES:
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Malformed("An object in the body has the same key twice.")
    return found


def _refuse_constant(_: str) -> Any:
    raise Malformed("NaN and Infinity are not JSON.")


def _integer(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise Malformed(f"A number in the body has more than {MOST_DIGITS} digits.")
    return int(digits)


def _refuse_bad_text(value: Any) -> None:
    if isinstance(value, str):
        if _NOT_IN_TEXT.search(value):
            raise Malformed("A text in the body has a NUL character or half of a surrogate pair.")
    elif isinstance(value, dict):
        for key, inner in value.items():
            _refuse_bad_text(key)
            _refuse_bad_text(inner)
    elif isinstance(value, list):
        for inner in value:
            _refuse_bad_text(inner)


class StrictRequest(Request):
    """A request whose ``json()`` is read strictly."""

    async def json(self) -> Any:
        return read(await self.body())


class StrictRoute(APIRoute):
    """A route that reads its JSON body strictly: ``APIRouter(route_class=StrictRoute)``."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        handler = super().get_route_handler()

        async def strict_handler(request: Request) -> Response:
            response: Response = await handler(StrictRequest(request.scope, request.receive))
            return response

        return strict_handler
