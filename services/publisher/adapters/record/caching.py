"""Answers that may be kept: an ETag over the bytes, the time of the last change, and 304 for who has them already."""

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from starlette.requests import Request
from starlette.responses import Response

from shared.clock import Clock

SETTLED_SECONDS = 5.0
"""A change this young may be followed by another of the same second, so its time does not name a version yet."""

FRESH = "public, max-age=5, stale-if-error=600"
"""The record: seconds after a publication it is there for all."""

ANYWHERE = {"Access-Control-Allow-Origin": "*"}
"""What anybody may read, the page of another site may read for them (Fetch, 3.2)."""

LASTING = "public, max-age=86400"
"""What changes with a release of Parley only."""


def kept(
    request: Request,
    body: bytes,
    media_type: str,
    clock: Clock,
    *,
    modified: datetime | None = None,
    headers: dict[str, str] | None = None,
    caching: str = FRESH,
) -> Response:
    """``body``, or 304 where the caller has it; ``If-None-Match`` outweighs ``If-Modified-Since`` (RFC 9110, 13.2)."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    fields = {"ETag": tag, "Cache-Control": caching, **ANYWHERE, **(headers or {})}
    if modified is not None and (clock() - modified).total_seconds() > SETTLED_SECONDS:
        fields["Last-Modified"] = format_datetime(modified.astimezone(UTC), usegmt=True)
    if _is_known(request, fields):
        return Response(status_code=304, headers=fields)
    return Response(body, headers=fields, media_type=media_type)


def for_people(request: Request) -> bool:
    """Whether a page is wanted rather than something for programs: browsers name HTML, programs as a rule do not."""
    return "text/html" in request.headers.get("accept", "")


def _is_known(request: Request, fields: dict[str, str]) -> bool:
    known = request.headers.get("if-none-match")
    if known is not None:
        tags = {tag.strip().removeprefix("W/") for tag in known.split(",")}
        return "*" in tags or fields["ETag"] in tags
    since, modified = request.headers.get("if-modified-since"), fields.get("Last-Modified")
    if since is None or modified is None:
        return False
    try:
        return parsedate_to_datetime(modified) <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False
