"""Where reading a Bluesky account stands, as its cursor says it."""

import json
from dataclasses import dataclass, field

from services.ingest.adapters.polling.walk import Walk


@dataclass(frozen=True, slots=True)
class Place:
    """In the list, in the stream (microseconds since 1970; None before anything was heard), and a number that tells
    pages with news apart."""

    walk: Walk = field(default_factory=Walk)
    heard_us: int | None = None
    page: int = 0

    @staticmethod
    def parse(cursor: str | None) -> "Place":
        """The place that a cursor stands for; a cursor that is none begins anew, which only repeats."""
        try:
            stored = json.loads(cursor) if cursor else {}
            return Place(Walk.parse(stored.get("list")), stored.get("heard"), int(stored.get("page", 0)))
        except (ValueError, AttributeError, TypeError):
            return Place()

    @property
    def cursor(self) -> str:
        """The place as it is stored."""
        return json.dumps({"list": self.walk.cursor, "heard": self.heard_us, "page": self.page})
