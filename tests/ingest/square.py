"""The town square on a real socket, behind a front that notes what is asked and can answer in the square's place.

The square checks tokens, pages and counts as the platforms do; the front adds what only tests want: an answer that is
no answer, a refusal, a stream that ends.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.local.town_square.app import create_app
from deploy.local.town_square.clock import system_clock
from deploy.local.town_square.connection import CuttableProtocol
from deploy.local.town_square.settings import Settings
from deploy.local.town_square.websocket import WebSocketProtocol
from services.ingest.adapters import http as way_out
from services.ingest.adapters.polling.feed import Feed, Outside, Page, Span
from services.ingest.adapters.store.comments import Watched
from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import Entry, Written
from shared.clock import utc_now
from tests.ingest.support import account
from tests.support.ports import free_port

WATER = "did:plc:water7boardofthesquare22"
BANK = "did:plc:bank7ofthesquare7777722"
CHANNEL = "UCwater7board7of7the7square"
ACCOUNTS = [
    {"agency": "water-board", "platform": "bluesky", "account": WATER, "name": "Water Board", "token": "water-app"},
    {"agency": "central-bank", "platform": "bluesky", "account": BANK, "name": "Central Bank", "token": "bank-app"},
    {"agency": "water-board", "platform": "youtube", "account": CHANNEL, "name": "Water Board", "token": "water-key"},
]
POSTS = "app.bsky.feed.post"


@dataclass
class TownSquare:
    """A running square. ``fail`` are answers given in its place, each to the next question with this in it;
    ``asked`` are the questions, path and query; ``ahead_seconds`` is how far its clock is ahead."""

    url: str
    app: ASGIApp
    http: httpx.AsyncClient
    fail: list[tuple[str, Response]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    ahead_seconds: int = 0
    streams: set[Any] = field(default_factory=set)

    def clock(self) -> int:
        return system_clock() + self.ahead_seconds * 1000

    @property
    def stream_url(self) -> str:
        return self.url.replace("http", "ws", 1) + "/subscribe"

    def count(self, part: str) -> int:
        """How often something was asked."""
        return sum(part in one for one in self.asked)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            return await self._stream(scope, receive, send)
        path = scope.get("path", "")
        if scope["type"] == "http" and path.startswith(("/xrpc", "/youtube")):
            question = f"{path}?{scope['query_string'].decode()}"
            self.asked.append(question)
            self.headers.append({name.decode(): value.decode() for name, value in scope["headers"]})
            for place, (part, answer) in enumerate(self.fail):
                if part in question:
                    del self.fail[place]
                    return await answer(scope, receive, send)
        await self.app(scope, receive, send)

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.asked.append(f"{scope['path']}?{scope['query_string'].decode()}")
        task = asyncio.current_task()
        self.streams.add(task)
        try:
            await self.app(scope, receive, send)
        except asyncio.CancelledError:
            await send({"type": "websocket.close", "code": 1012})
        finally:
            self.streams.discard(task)

    def end_streams(self) -> None:
        """Close every stream, as a server does that restarts."""
        for task in tuple(self.streams):
            task.cancel()

    async def say(self, text: str, to: str = WATER, *, name: str = "Nimal Perera", under: str | None = None) -> str:
        """A citizen writes to an account; the post's id."""
        content = {"name": name, "account": to, "text": text, "in_reply_to_id": under}
        made = (await self.http.post("/citizens/posts", json=content)).raise_for_status().json()
        return str(made["id"])

    async def change(self, post: str, text: str) -> None:
        """The citizen writes it otherwise."""
        (await self.http.put(f"/citizens/posts/{post}", json={"text": text})).raise_for_status()

    async def delete(self, post: str) -> None:
        """The citizen takes it away."""
        (await self.http.delete(f"/citizens/posts/{post}")).raise_for_status()

    async def write(self, record: dict[str, Any], *, did: str = WATER, password: str = "water-app") -> str:
        """An account writes a record into its Bluesky repository; its address."""
        who = {"identifier": did, "password": password}
        opened = (await self.http.post("/xrpc/com.atproto.server.createSession", json=who)).raise_for_status().json()
        content = {"repo": did, "collection": POSTS, "record": {"$type": POSTS, **record}}
        proof = {"Authorization": f"Bearer {opened['accessJwt']}"}
        made = await self.http.post("/xrpc/com.atproto.repo.createRecord", json=content, headers=proof)
        self.asked.clear()
        return str(made.raise_for_status().json()["uri"])

    async def ref(self, uri: str) -> dict[str, str]:
        """How a record names another one."""
        repo, collection, key = uri.removeprefix("at://").split("/")
        where = {"repo": repo, "collection": collection, "rkey": key}
        found = (await self.http.get("/xrpc/com.atproto.repo.getRecord", params=where)).raise_for_status().json()
        return {"uri": found["uri"], "cid": found["cid"]}


@asynccontextmanager
async def town_square(home: Path) -> AsyncIterator[TownSquare]:
    """A square that knows the accounts above."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with httpx.AsyncClient(base_url=url, timeout=60, trust_env=False) as client:
        square = TownSquare(url, _nothing, client)
        square.app = create_app(Settings(home=home, port=port), square.clock)
        config = uvicorn.Config(
            square, port=port, http=CuttableProtocol, ws=WebSocketProtocol, log_level="error", lifespan="off"
        )
        server = _Quiet(config)
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        (await client.put("/accounts", json=ACCOUNTS)).raise_for_status()
        try:
            yield square
        finally:
            server.should_exit = True
            await serving


async def _nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands in for the square until that is made."""


class _Quiet(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        yield


@dataclass
class Reading:
    """A feed without the tables: its pages are taken as the watch takes them, and kept here.

    ``texts`` and ``threads`` are what is held of each comment, by its native id; ``later`` is how far the feed's clock
    is ahead.
    """

    feed: Feed
    account: Account
    cursor: str | None = None
    texts: dict[str, str] = field(default_factory=dict)
    threads: dict[str, str] = field(default_factory=dict)
    later: timedelta = timedelta()

    async def page(self, *, write: bool = True) -> Page:
        """The next page."""
        now = utc_now() + self.later
        page = await self.feed.next_page(self.account, Span(self.cursor, now.replace(year=now.year - 20), None, now))
        if write:
            self._keep(page)
            self.cursor = page.cursor or self.cursor
        return page

    async def round(self) -> list[Entry]:
        """What the next round of the watch brings."""
        found: list[Entry] = []
        for _ in range(20):
            page = await self.page()
            found += page.reading
            if not page.more:
                break
        return found

    async def again(self) -> list[Entry]:
        """What reading everything again brings."""
        watched = [
            Watched(f"cmt_{number}", id_, None, self.threads[id_], text)
            for number, (id_, text) in enumerate(self.texts.items())
        ]
        found: list[Entry] = []
        async for page in self.feed.read_again(self.account, watched, utc_now()):
            self._keep(page)
            found += page.reading
        return found

    def _keep(self, page: Page) -> None:
        for entry in page.reading:
            if isinstance(entry, Written):
                self.texts[entry.native_id] = entry.text
                self.threads[entry.native_id] = entry.thread or entry.parent or entry.native_id


@asynccontextmanager
async def reading(
    feed: type[Feed], square: TownSquare, *, listens: bool = False, secret: str | None = None
) -> AsyncIterator[Reading]:
    """A feed on the square."""
    native, secrets = {
        "bluesky": (WATER, {"app_password": secret or "water-app"}),
        "youtube": (CHANNEL, {"api_key": secret or "water-key"}),
    }[feed.platform]
    known = account(feed.platform, native, secrets, agency="water-board", base_url=square.url)
    async with way_out.client(5) as http, way_out.client(5) as streams:
        outside = Outside(http, streams, utc_now, square.stream_url if listens else None)
        yield Reading(feed(outside), known)


def refusal(status: int, content: object, **headers: str) -> Response:
    """An answer for ``fail``."""
    return JSONResponse(content, status, {name.replace("_", "-"): value for name, value in headers.items()})
