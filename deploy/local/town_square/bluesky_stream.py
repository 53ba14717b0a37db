"""Jetstream, as far as the square's own posts go: everything that is written, for everybody who listens.

Source: the README of Jetstream (``/subscribe``). It says nothing that a client could check, repeats what follows a
cursor, and starts silently at the oldest it has where the cursor is older than that.
"""

import asyncio
import json
from typing import Any, Final

from fastapi import APIRouter
from starlette.websockets import WebSocket, WebSocketDisconnect

from .bluesky_ids import POSTS, repo_of, tid
from .bluesky_posts import Event, Posts
from .clock import Clock

_LOOK_BACK: Final = 36 * 3600 * 1000
_MOST_AT_ONCE: Final = 100


class StreamRoutes:
    """`/subscribe`."""

    def __init__(self, posts: Posts, clock: Clock) -> None:
        """Tell of these posts."""
        self._posts = posts
        self._clock = clock

    def router(self) -> APIRouter:
        """Bind the route."""
        router = APIRouter()
        router.add_api_websocket_route("/subscribe", self.subscribe)
        return router

    async def subscribe(self, socket: WebSocket) -> None:
        """Send what happened since the cursor, or from now on, for as long as anybody listens."""
        query = socket.query_params
        cursor = query.get("cursor")
        if cursor is not None and not (cursor.isascii() and cursor.isdigit()):
            await socket.close()
            return
        after = self._posts.newest_event() if cursor is None else self._before(int(cursor))
        await socket.accept()
        sending = asyncio.create_task(self._send(socket, after))
        try:
            while True:
                await socket.receive_text()
        except WebSocketDisconnect:
            sending.cancel()

    async def _send(self, socket: WebSocket, after: int) -> None:
        collections, dids = (set(socket.query_params.getlist(name)) for name in ("wantedCollections", "wantedDids"))
        happened = asyncio.Event()
        stop = self._posts.listen(happened.set)
        try:
            while True:
                happened.clear()
                for event in self._posts.events(after, _MOST_AT_ONCE):
                    after = event.number
                    if _wanted(collections) and (not dids or repo_of(event.uri) in dids):
                        await socket.send_text(json.dumps(_frame(event), ensure_ascii=False, separators=(",", ":")))
                if self._posts.newest_event() == after:
                    await happened.wait()
        finally:
            stop()

    def _before(self, time_us: int) -> int:
        milliseconds = max(time_us // 1000, self._clock() - _LOOK_BACK)
        return (milliseconds << 16) - 1


def _wanted(collections: set[str]) -> bool:
    prefixes = tuple(each[:-1] for each in collections if each.endswith(".*"))
    return not collections or POSTS in collections or POSTS.startswith(prefixes or ("-",))


def _frame(event: Event) -> dict[str, Any]:
    commit: dict[str, Any] = {
        "rev": tid(event.number),
        "operation": event.operation,
        "collection": POSTS,
        "rkey": event.uri.rpartition("/")[2],
    }
    if event.record is not None:
        commit |= {"record": event.record, "cid": event.cid}
    return {"did": repo_of(event.uri), "time_us": event.time_us, "kind": "commit", "commit": commit}
