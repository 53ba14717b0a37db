"""Pages of a list: an opaque cursor, and a ``Link`` to the next page (RFC 8288)."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

from fastapi import Query, Request
from starlette.responses import JSONResponse, Response

from shared.problems import Problem

MOST = 200
DEFAULT = 50

Limit = Annotated[int, Query(ge=1, le=MOST)]
Cursor = Annotated[str | None, Query(max_length=400)]

T = TypeVar("T")


def place_of(cursor: str) -> str:
    """The place that a cursor stands for. Raises ``Problem`` 400."""
    try:
        place = base64.b64decode(cursor.encode() + b"=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise not_ours() from error
    if not place.isprintable():
        raise not_ours()
    return place


def not_ours() -> Problem:
    """400 for a cursor that was not given out here."""
    return Problem(400, "invalid-cursor", "This cursor is not one of ours")


def page(
    request: Request, found: Sequence[T], limit: int, body: Callable[[T], dict[str, Any]], place: Callable[[T], str]
) -> Response:
    """The answer with at most ``limit`` of what was found, which was looked up as one more than that."""
    shown = found[:limit]
    items = [body(each) for each in shown]
    if len(found) <= limit:
        return JSONResponse({"items": items, "next": None})
    cursor = base64.urlsafe_b64encode(place(shown[-1]).encode()).decode().rstrip("=")
    following = request.url.include_query_params(cursor=cursor)
    link = f'<{following.path}?{following.query}>; rel="next"'
    return JSONResponse({"items": items, "next": cursor}, headers={"Link": link})
