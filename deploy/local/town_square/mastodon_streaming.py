"""Mastodon's streaming API, as far as an agency's account listens to what concerns it.

Source: Mastodon documentation, "streaming"; its own code (`streaming/index.js`, `remove_status_service.rb`). Whoever is
mentioned hears of notifications and deletions; an edit is streamed to followers only, and nobody follows anybody here.
Nothing is repeated for those who were not there.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from .mastodon import account_of
from .mastodon_entities import Entities
from .people import People, Person
from .statuses import Status, Statuses

_HEARTBEAT_SECONDS: Final = 15.0


class StreamingRoutes:
    """`/api/v1/streaming`."""

    def __init__(self, people: People, statuses: Statuses, entities: Entities) -> None:
        """Tell these people what happens to these statuses."""
        self._people = people
        self._statuses = statuses
        self._entities = entities

    def router(self) -> APIRouter:
        """Bind the route."""
        router = APIRouter(prefix="/api/v1/streaming", include_in_schema=False)
        router.add_api_route("/user", self.user, methods=["GET"])
        return router

    async def user(self, request: Request) -> Response:
        """Send what concerns the account from now on, as server-sent events."""
        account = account_of(request, self._people)
        headers = {"Cache-Control": "private, no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._events(account), headers=headers, media_type="text/event-stream")

    async def _events(self, account: Person) -> AsyncIterator[str]:
        happened: asyncio.Queue[Status | None] = asyncio.Queue()
        stop = self._statuses.listen(happened.put_nowait)
        after = self._statuses.newest_notification(account.id)
        try:
            yield ":)\n"
            while True:
                try:
                    async with asyncio.timeout(_HEARTBEAT_SECONDS):
                        gone = await happened.get()
                except TimeoutError:
                    yield ":thump\n"
                    continue
                if gone is not None and account in self._statuses.mentioned(gone.text):
                    yield _event("delete", str(gone.id))
                for notification in self._statuses.notifications_after(account.id, after):
                    after = notification.id
                    yield _event("notification", json.dumps(self._entities.notification(notification)))
        finally:
            stop()


def _event(kind: str, payload: str) -> str:
    return f"event: {kind}\ndata: {payload}\n\n"
