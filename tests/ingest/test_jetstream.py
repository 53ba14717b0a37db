"""The way to Jetstream, against a server that says what a test wants."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import web

from services.ingest.adapters.polling.answers import Answer, Throttled, Unavailable
from services.ingest.adapters.polling.feed import NoStream, NotNow
from services.ingest.adapters.polling.jetstream import LOOK_BACK_US, MOST_WAITING, Ear, Heard, Jetstream, StreamEnded
from services.ingest.platforms.bluesky_events import read_frame
from tests.ingest.support import payload
from tests.support.ports import free_port

pytestmark = pytest.mark.asyncio

WATER = "did:plc:z72i7hdynmk6r22z27h6tvur"
NIMAL = "did:plc:44ybard66vv44zksje25o7dz"
NOW = datetime(2026, 11, 22, 8, 45, tzinfo=UTC)
NOW_US = int(NOW.timestamp()) * 1_000_000


@dataclass
class Network:
    """A stream: ``say`` tells everybody who listens; ``refuses`` is answered instead of a stream."""

    url: str = ""
    refuses: int | None = None
    asked: list[dict[str, str]] = field(default_factory=list)
    sockets: list[web.WebSocketResponse] = field(default_factory=list)

    async def subscribe(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(dict(request.query))
        if self.refuses is not None:
            return web.Response(status=self.refuses)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for _ in socket:
            pass
        self.sockets.remove(socket)
        return socket

    async def say(self, *frames: bytes | str) -> None:
        for socket in self.sockets:
            for frame in frames:
                await (socket.send_str(frame) if isinstance(frame, str) else socket.send_bytes(frame))

    async def until_listeners(self, count: int) -> None:
        async with asyncio.timeout(30):
            while len(self.sockets) != count:  # noqa: ASYNC110 - the other side is another process's socket
                await asyncio.sleep(0.01)


@asynccontextmanager
async def network() -> AsyncIterator[tuple[Network, Jetstream]]:
    said = Network()
    app = web.Application()
    app.router.add_get("/subscribe", said.subscribe)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    said.url = f"ws://127.0.0.1:{port}/subscribe"
    try:
        yield said, Jetstream(said.url, lambda: NOW)
    finally:
        await runner.cleanup()


def text(name: str, **change: Any) -> str:
    return json.dumps(json.loads(payload("bluesky", name)) | change)


async def test_all_accounts_listen_over_one_connection_and_each_hears_what_concerns_it() -> None:
    async with network() as (said, jetstream):
        entered = asyncio.Event()

        async def other() -> None:
            async with jetstream.ear("did:plc:another", None) as ear:
                entered.set()
                assert await ear.next(0.2) is None
                assert ear.reached_us is not None

        listening = asyncio.create_task(other())
        async with jetstream.ear(WATER, None) as ear:
            await entered.wait()
            await said.say(text("frame-create"))
            heard = await ear.next(5)
            assert heard is not None
            assert heard.event.operation == "create"
            assert json.loads(heard.frame)["did"] == NIMAL
            await listening
            assert len(said.asked) == 1


async def test_the_connection_begins_a_little_before_whoever_is_farthest_behind() -> None:
    async with network() as (said, jetstream):
        async with jetstream.ear(WATER, NOW_US - 60_000_000):
            pass
        async with jetstream.ear(WATER, 1):
            pass
        async with jetstream.ear(WATER, None):
            pass
    assert said.asked == [
        {"wantedCollections": "app.bsky.feed.post", "cursor": str(NOW_US - 65_000_000)},
        {"wantedCollections": "app.bsky.feed.post", "cursor": str(NOW_US - LOOK_BACK_US)},
        {"wantedCollections": "app.bsky.feed.post"},
    ]


async def test_only_edits_and_deletions_by_known_authors_are_heard() -> None:
    async with network() as (said, jetstream), jetstream.ear(WATER, None) as ear:
        await said.say(text("delete", did="did:plc:somebody"), text("frame-update"))
        assert await ear.next(0.2) is None
        await said.say(text("frame-create"), text("frame-update"), text("delete"))
        operations = [heard.event.operation for _ in range(3) if (heard := await ear.next(5))]
        assert operations == ["create", "update", "delete"]


async def test_what_cannot_be_read_is_passed_by() -> None:
    async with network() as (said, jetstream), jetstream.ear(WATER, None) as ear:
        await said.say("{broken", "[]", '{"kind":"commit"}', b"\x28\xb5\x2f\xfd", text("frame-identity"), text("echo"))
        heard = await ear.next(5)
        assert heard is not None
        assert heard.event.author == WATER
        assert ear.reached_us == 1795336500000007


@pytest.mark.parametrize(("status", "answer"), [(429, Throttled(60.0)), (503, Unavailable("status_503"))])
async def test_a_refusal_is_an_answer(status: int, answer: Answer) -> None:
    async with network() as (said, jetstream):
        said.refuses = status
        with pytest.raises(NotNow) as raised:
            await _enter(jetstream)
        assert raised.value.answer == answer


async def test_a_server_without_a_stream_has_none() -> None:
    async with network() as (said, jetstream):
        said.refuses = 404
        with pytest.raises(NoStream):
            await _enter(jetstream)


async def test_where_nobody_answers_the_stream_is_unavailable_and_can_be_asked_for_again() -> None:
    jetstream = Jetstream(f"ws://127.0.0.1:{free_port()}/subscribe", lambda: NOW)
    for _ in range(2):
        with pytest.raises(NotNow) as raised:
            await _enter(jetstream)
        assert isinstance(raised.value.answer, Unavailable)


async def test_a_connection_that_ends_ends_for_everybody_and_the_next_one_is_another() -> None:
    async with network() as (said, jetstream):
        async with jetstream.ear(WATER, None) as ear:
            await said.sockets[0].close()
            with pytest.raises(StreamEnded):
                await ear.next(5)
        async with jetstream.ear(WATER, None) as ear:
            await said.say(text("frame-create"))
            assert await ear.next(5) is not None


async def test_the_last_one_to_leave_closes_the_connection() -> None:
    async with network() as (said, jetstream):
        async with jetstream.ear(WATER, None), jetstream.ear("did:plc:another", None):
            await said.until_listeners(1)
        await said.until_listeners(0)


async def test_whoever_joins_an_open_connection_hears_from_then_on() -> None:
    async with network() as (said, jetstream), jetstream.ear("did:plc:another", None):
        await said.until_listeners(1)
        async with jetstream.ear(WATER, 1) as ear:
            await said.say(text("frame-create"))
            assert await ear.next(5) is not None
        assert len(said.asked) == 1


async def test_whoever_is_too_slow_is_let_go_of_and_keeps_its_place() -> None:
    ear = Ear(WATER, None)
    create = payload("bluesky", "frame-create")
    for number in range(MOST_WAITING + 10):
        frame = read_frame(json.dumps(json.loads(create) | {"time_us": number}).encode())
        assert frame.event is not None
        ear.hear(frame.time_us, Heard(frame.event, create))
    assert ear.reached_us is None
    for _ in range(MOST_WAITING):
        assert await ear.next(1) is not None
    with pytest.raises(StreamEnded):
        await ear.next(1)
    assert ear.reached_us == MOST_WAITING - 1


async def _enter(jetstream: Jetstream) -> None:
    async with jetstream.ear(WATER, None):
        pass
