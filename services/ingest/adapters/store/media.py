"""What came with a text, between an entry, its row (a JSON list) and its event."""

import json
from collections.abc import Sequence
from typing import Any

from services.ingest.domain.entries import Media
from shared import events


def told(found: Sequence[Media]) -> tuple[events.Media, ...]:
    """As an event says it."""
    return tuple(
        events.Media(kind=one.kind, url=one.url, id=one.native_id, name=one.name, content_type=one.content_type)
        for one in found
    )


def written(found: Sequence[Media]) -> str | None:
    """As it stands in the row: as in the event, null where there is none."""
    return f"[{','.join(one.model_dump_json() for one in told(found))}]" if found else None


def read(column: str | None) -> list[dict[str, Any]]:
    """What stands in a row, as the API shows it."""
    found: list[dict[str, Any]] = json.loads(column) if column else []
    return found


def kept(column: str | None) -> tuple[events.Media, ...]:
    """What stands in a row, as an event says it again."""
    return tuple(events.Media.model_validate(one) for one in read(column))
