"""A small Mastodon server: the wire format of its client API, and the faults that it has in life.

It checks what a real server checks (token, parameters) and lists newest first, as one does.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.ports import free_port

TOKEN = "a-token"
OWN = {"id": "42", "username": "water", "acct": "water"}


@dataclass
class FakeMastodon:
    """Its statuses and notifications, and how it misbehaves: ``fail`` answers the next requests with these."""

    url: str = ""
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

    def _notify(self, kind: str, status: dict[str, Any]) -> None:
        number = str(len(self.notifications) + 1)
        self.notifications.append({"id": number, "type": kind, "account": status["account"], "status": status})

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

    def _refusal(self, request: Request) -> Response | None:
        self.asked.append(request.url.path)
        if self.fail:
            return self.fail.pop(0)
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
        Route("/api/v1/notifications", fake.list_notifications),
        Route("/api/v1/statuses/{status}", fake.show_status),
        Route("/api/v1/statuses/{status}/context", fake.show_context),
    ]
    port = free_port()
    fake.url = f"http://127.0.0.1:{port}"
    server = _Quiet(uvicorn.Config(Starlette(routes=routes), port=port, log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield fake
    server.should_exit = True
    await serving


class _Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield
