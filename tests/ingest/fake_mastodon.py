"""A small Mastodon server: the wire format of its client API, and the faults that it has in life.

It checks what a real server checks (token, parameters) and lists newest first, as one does. Its stream speaks at once
of what happens, sends ``:thump`` now and then, and repeats nothing to those who were not there.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.ingest.serving import serving

TOKEN = "a-token"
OWN = {"id": "42", "username": "water", "acct": "water"}


@dataclass
class FakeMastodon:
    """Its statuses and notifications, and how it misbehaves: ``fail`` answers the next questions with these.

    Without ``streaming`` it has no stream, as small servers; ``no_stream`` is what is answered instead. ``thumps`` is
    the time between two of them, None for a stream that says nothing. ``streaming_url`` is what it calls its stream's
    host.
    """

    url: str = ""
    streaming: bool = False
    streaming_url: str | None = None
    no_stream: Response | None = None
    thumps: float | None = 0.05
    listeners: list[asyncio.Queue[bytes | None]] = field(default_factory=list)
    listened: int = 0
    statuses: dict[str, dict[str, Any]] = field(default_factory=dict)
    notifications: list[dict[str, Any]] = field(default_factory=list)
    fail: list[Response] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    token: str = TOKEN

    def mention(self, words: str, *, parent: str | None = None, notify: bool = True, **fields: Any) -> str:
        """A person writes to the account; the status id."""
        status = {
            "id": str(1000 + len(self.statuses)),
            "created_at": "2026-11-22T08:29:00.000Z",
            "edited_at": None,
            "in_reply_to_id": parent,
            "visibility": "public",
            "language": "en",
            "content": f'<p><a href="{self.url}/@water" class="u-url mention">@<span>water</span></a> {words}</p>',
            "account": {"id": "501", "username": "kamala", "acct": "kamala@far.example", "display_name": "Kamala"},
            "mentions": [OWN],
            **fields,
        }
        self.statuses[status["id"]] = status
        if notify:
            self._notify("mention", status)
        return str(status["id"])

    def edit(self, status: str, words: str, at: str, *, notify: bool) -> None:
        """The person writes it otherwise."""
        self.statuses[status] = self.statuses[status] | {"content": f"<p>@water {words}</p>", "edited_at": at}
        if notify:
            self._notify("update", self.statuses[status])

    def say(self, kind: str, payload: Any) -> None:
        """Send an event to whoever listens."""
        data = payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False)
        self.send(f"event: {kind}\ndata: {data}\n\n".encode())

    def send(self, piece: bytes) -> None:
        """Send bytes to whoever listens."""
        for listener in self.listeners:
            listener.put_nowait(piece)

    def hang_up(self) -> None:
        """End every stream."""
        for listener in self.listeners:
            listener.put_nowait(None)

    def _notify(self, kind: str, status: dict[str, Any]) -> None:
        number = str(len(self.notifications) + 1)
        self.notifications.append({"id": number, "type": kind, "account": status["account"], "status": status})
        self.say("notification", self.notifications[-1])

    async def list_notifications(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        assert request.query_params.getlist("types[]") == ["mention", "update"]
        after, limit = int(request.query_params["min_id"]), int(request.query_params["limit"])
        assert 1 <= limit <= 80
        page = [one for one in self.notifications if int(one["id"]) > after][:limit]
        return JSONResponse(page[::-1])

    async def show_status(self, request: Request) -> Response:
        found = self.statuses.get(request.path_params["status"])
        return self._refusal(request) or (JSONResponse(found) if found else _not_found())

    async def show_context(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        status = self.statuses.get(request.path_params["status"])
        if status is None:
            return _not_found()
        ancestors: list[dict[str, Any]] = []
        while (parent := status["in_reply_to_id"]) in self.statuses:
            status = self.statuses[parent]
            ancestors.insert(0, status)
        return JSONResponse({"ancestors": ancestors, "descendants": []})

    async def show_instance(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        if not self.streaming:
            return _not_found()
        url = self.streaming_url or self.url.replace("http", "ws")
        return JSONResponse({"version": "4.5.0", "configuration": {"urls": {"streaming": url}}})

    async def stream(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        if not self.streaming:
            return self.no_stream or _not_found()
        if refusal := self._unproved(request):
            return refusal
        self.listened += 1
        return StreamingResponse(self._pieces(), media_type="text/event-stream")

    async def _pieces(self) -> AsyncIterator[bytes]:
        listener: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.listeners.append(listener)
        try:
            while True:
                try:
                    async with asyncio.timeout(self.thumps):
                        piece = await listener.get()
                except TimeoutError:
                    piece = b":thump\n"
                if piece is None:
                    return
                yield piece
        finally:
            self.listeners.remove(listener)

    def _refusal(self, request: Request) -> Response | None:
        self.asked.append(request.url.path)
        return self.fail.pop(0) if self.fail else self._unproved(request)

    def _unproved(self, request: Request) -> Response | None:
        if request.headers["authorization"] != f"Bearer {self.token}":
            return JSONResponse({"error": "The access token is invalid"}, 401)
        return None


def _not_found() -> Response:
    return JSONResponse({"error": "Record not found"}, 404)


@asynccontextmanager
async def fake_mastodon() -> AsyncIterator[FakeMastodon]:
    """A server on a free port."""
    fake = FakeMastodon()
    routes = [
        Route("/api/v2/instance", fake.show_instance),
        Route("/api/v1/streaming/user", fake.stream),
        Route("/api/v1/notifications", fake.list_notifications),
        Route("/api/v1/statuses/{status}", fake.show_status),
        Route("/api/v1/statuses/{status}/context", fake.show_context),
    ]
    async with serving(routes) as fake.url:
        try:
            yield fake
        finally:
            fake.streaming = False
            fake.hang_up()
