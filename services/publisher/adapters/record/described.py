"""What the public routes may answer, for the OpenAPI document."""

from typing import Any

_PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

PROBLEMS: dict[int | str, dict[str, Any]] = {
    404: {"description": "There is no such agency here, or nothing of it under this name", "content": _PROBLEM},
    422: {"description": "Some of the input is not valid; each parameter is named", "content": _PROBLEM},
    503: {"description": "A needed part is away; ask again after `Retry-After` seconds", "content": _PROBLEM},
}
"""Of every public route. Who asks for `text/html` gets them as a page."""

PAGED: dict[int | str, dict[str, Any]] = {
    400: {"description": "The cursor is none of ours; begin again without one", "content": _PROBLEM}
}


def whole(*media_types: str, kept: bool = True) -> dict[int | str, dict[str, Any]]:
    """Success as any of ``media_types``; ``kept`` is whether who has it already is told so."""
    found: dict[int | str, dict[str, Any]] = {
        200: {"description": "As it stands now", "content": {one: {} for one in media_types}}
    }
    if kept:
        found[304] = {"description": "As `If-None-Match` or `If-Modified-Since` says, the caller has it already"}
    return found
