"""Cursors of lists that are ordered by position, and the ``Link`` to the next page."""

import base64
import binascii
from typing import Any
from urllib.parse import urlencode

from shared.problems import Problem


def cursor_of(position: int) -> str:
    """The cursor of the page below a position."""
    return base64.urlsafe_b64encode(b"p%d" % position).decode().rstrip("=")


def position_of(cursor: str | None) -> int | None:
    """The position that a cursor stands for. Raises ``Problem`` 400 ``invalid-cursor``."""
    if cursor is None:
        return None
    try:
        decoded = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        position = int(decoded[1:]) if decoded[:1] == b"p" and decoded[1:].isdigit() else 0
    except (binascii.Error, ValueError):
        position = 0
    if not 0 < position < 2**63:
        raise Problem(400, "invalid-cursor", "This cursor is none of ours", detail="Begin again without a cursor.")
    return position


def link_to(path: str, query: dict[str, Any]) -> dict[str, str]:
    """The header that leads to the next page."""
    return {"Link": f'<{path}?{urlencode({k: v for k, v in query.items() if v is not None})}>; rel="next"'}
