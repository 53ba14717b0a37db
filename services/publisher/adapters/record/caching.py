"""Answers that may be kept: an ETag over the bytes, and 304 for who has them already.

There is no ``Last-Modified``: what is heard of late, or leaves the record, changes a page without moving any time on
it, and two changes may fall into one second. Who asks by a time gets the page.
"""

import hashlib

from starlette.requests import Request
from starlette.responses import Response

FRESH = "public, max-age=5, stale-if-error=600"
"""The record: seconds after a publication it is there for all."""

LASTING = "public, max-age=86400"
"""What changes with a release of Parley only."""


def kept(
    request: Request,
    body: bytes,
    media_type: str,
    *,
    headers: dict[str, str] | None = None,
    caching: str = FRESH,
) -> Response:
    """``body``, or 304 where the caller has it (RFC 9110, 13.1.2)."""
    fields = {"ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"', "Cache-Control": caching, **(headers or {})}
    if _is_known(request, fields["ETag"]):
        return Response(status_code=304, headers=fields)
    return Response(body, headers=fields, media_type=media_type)


def _is_known(request: Request, tag: str) -> bool:
    known = ",".join(request.headers.getlist("if-none-match"))
    tags = {one.strip().removeprefix("W/") for one in known.split(",")}
    return "*" in tags or tag in tags
