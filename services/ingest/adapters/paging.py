"""Pages of a list: an opaque cursor and a ``Link`` to the next one (RFC 8288)."""

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.responses import JSONResponse, Response

from shared.problems import Problem

MOST = 200
DEFAULT = 50

Word = Annotated[str | None, Query(max_length=256, pattern=r"^[^\x00]*$")]
"""A filter of a list: any text but one that Postgres refuses."""


def last_id(cursor: str | None) -> str | None:
    """The id that a cursor stands for. Raises ``Problem`` 400."""
    if cursor is None:
        return None
    try:
        padded = cursor.encode() + b"=" * (-len(cursor) % 4)
        last = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise _not_ours() from error
    if not last.isprintable():
        raise _not_ours()
    return last


def _not_ours() -> Problem:
    return Problem(400, "invalid-cursor", "This cursor is not one of ours")


def page(request: Request, items: Sequence[dict[str, Any]], limit: int) -> Response:
    """The answer with at most ``limit`` of ``items``, which were looked up as one more than that."""
    shown = list(items[:limit])
    if len(items) <= limit:
        return JSONResponse({"items": shown, "next": None})
    cursor = base64.urlsafe_b64encode(shown[-1]["id"].encode()).decode().rstrip("=")
    following = request.url.include_query_params(cursor=cursor)
    link = f'<{following.path}?{following.query}>; rel="next"'
    return JSONResponse({"items": shown, "next": cursor}, headers={"Link": link})
