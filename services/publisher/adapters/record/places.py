"""Places in a list of publications by the time they were published, as an opaque word for whoever pages through it."""

import base64
import binascii
from datetime import UTC, datetime

from services.publisher.adapters.store.record import Position
from shared.problems import Problem

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def cursor_at(published_at: datetime, publication: str) -> str:
    """The cursor that begins below an entry."""
    micros = int((published_at - EPOCH).total_seconds()) * 1_000_000 + published_at.microsecond
    return base64.urlsafe_b64encode(f"{micros}.{publication}".encode()).decode().rstrip("=")


def place_of(cursor: str | None) -> Position | None:
    """The place that a cursor stands for. Raises ``Problem`` 400."""
    if cursor is None:
        return None
    try:
        decoded = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        micros, _, publication = decoded.partition(".")
        moment = datetime.fromtimestamp(int(micros) // 1_000_000, UTC).replace(microsecond=int(micros) % 1_000_000)
    except (binascii.Error, ValueError, OverflowError, OSError) as error:
        raise _no_cursor() from error
    if not publication or not publication.isprintable():
        raise _no_cursor()
    return Position(moment, publication)


def _no_cursor() -> Problem:
    return Problem(400, "invalid-cursor", "This cursor is none of ours", detail="Begin again without a cursor.")
