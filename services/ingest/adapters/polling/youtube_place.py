"""Where reading a YouTube channel stands, as its cursor says it."""

import json
from dataclasses import dataclass, field
from typing import Final

from services.ingest.adapters.polling.walk import Walk

_REPLIES: Final = "replies"
_THREADS: Final = "threads"


@dataclass(frozen=True, slots=True)
class Place:
    """In the list of threads and in the replies that it led to, and a number that tells pages with news apart.

    The pages of the walk are ``threads <token>`` and ``replies <thread> <token>``, the latter without a token for the
    first replies of a thread.
    """

    walk: Walk = field(default_factory=Walk)
    page: int = 0

    @staticmethod
    def parse(cursor: str | None) -> "Place":
        """The place that a cursor stands for; a cursor that is none begins anew, which only repeats."""
        try:
            stored = json.loads(cursor) if cursor else {}
            return Place(Walk.parse(stored.get("list")), int(stored.get("page", 0)))
        except (ValueError, AttributeError, TypeError):
            return Place()

    @property
    def cursor(self) -> str:
        """The place as it is stored."""
        return json.dumps({"list": self.walk.cursor, "page": self.page})

    @property
    def thread(self) -> str | None:
        """The thread whose replies are to be read now; None for the list of threads."""
        kind, *rest = (self.walk.page or "").split(" ")
        return rest[0] if kind == _REPLIES and rest else None

    @property
    def token(self) -> str | None:
        """What leads to the page to be read now; None for a first one."""
        kind, *rest = (self.walk.page or "").split(" ")
        tokens = rest[1:] if kind == _REPLIES else rest
        return tokens[0] if tokens else None

    @staticmethod
    def threads(token: str) -> str:
        """A page of the list of threads, as the walk has it."""
        return f"{_THREADS} {token}"

    @staticmethod
    def replies(thread: str, token: str | None = None) -> str:
        """A page of a thread's replies, as the walk has it."""
        return f"{_REPLIES} {thread} {token}" if token else f"{_REPLIES} {thread}"
