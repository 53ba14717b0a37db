"""Moments as platforms write them; what is no moment, or has no offset, is None."""

from datetime import UTC, datetime

from services.publisher.adapters.http import Answer


def iso(said: object) -> datetime | None:
    """An ISO 8601 time with its offset, as ``Z``, ``+05:30`` or ``+0000`` (Graph)."""
    try:
        moment = datetime.fromisoformat(str(said))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def on_the_servers_clock(answer: Answer) -> datetime:
    """When the server says that it answered: the ``Date`` header, which has whole seconds; else our own clock."""
    try:
        return datetime.strptime(answer.headers.get("date", ""), "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    except ValueError:
        return datetime.now(UTC)
