"""The record of every reply the square has taken, on whichever platform.

It is what tests and people look at to see whether somebody was answered, and whether twice; so it is
written once, as posted, and neither an edit nor a deletion changes it. A letter is shown with its subject.
"""

from typing import Final

from fastapi import APIRouter

from .clock import rfc3339
from .platforms import Platform
from .store import Store

_LISTED: Final = """
SELECT platform, parent, id, text, at,
       (SELECT subject FROM sent_mail WHERE sent_mail.platform = reply.platform AND message_id = reply.id LIMIT 1)
FROM reply WHERE ?1 IS NULL OR platform = ?1 ORDER BY number
"""


class Replies:
    """Replies in the order in which they were recorded."""

    def __init__(self, store: Store) -> None:
        """Keep the record in this store."""
        self._store = store

    def record(self, platform: Platform, parent: str, reply: str, text: str, now: int) -> None:
        """Write a reply down; the caller's transaction makes it one with the reply itself."""
        self._store.change(
            "INSERT INTO reply (platform, parent, id, text, at) VALUES (?, ?, ?, ?, ?)",
            platform,
            parent,
            reply,
            text,
            now,
        )

    def listed(self, platform: Platform | None) -> list[dict[str, str]]:
        """List what was recorded, on one platform or on all."""
        rows = self._store.rows(_LISTED, (platform,))
        return [_shown(*row) for row in rows]


def _shown(platform: str, parent: str, reply: str, text: str, at: int, subject: str | None) -> dict[str, str]:
    shown = {"platform": platform, "parent": parent, "id": reply, "text": text, "at": rfc3339(at)}
    return shown if subject is None else shown | {"subject": subject}


class ReplyRoutes:
    """`GET /replies`: what was answered, to whom, when."""

    def __init__(self, replies: Replies) -> None:
        """Serve this record."""
        self._replies = replies

    def router(self) -> APIRouter:
        """Bind the routes."""
        router = APIRouter()
        router.add_api_route("/replies", self.listed, methods=["GET"])
        return router

    async def listed(self, platform: Platform | None = None) -> dict[str, list[dict[str, str]]]:
        """List the recorded replies."""
        return {"items": self._replies.listed(platform)}
