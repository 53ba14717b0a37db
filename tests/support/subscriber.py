"""A subscriber that really listens: it records what it is sent, and answers well, badly, slowly or without end.

What it counts is the truth of a test; what the publisher believes is not.
"""

import asyncio
import json
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit


@dataclass
class Received:
    """One request as it arrived; ``peer`` is the subject of the client's certificate."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    peer: str | None = None

    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


Answer = Callable[[Received], bytes]


def status(code: int, body: bytes = b"", **headers: str) -> bytes:
    """An answer with a status, a body and headers (``retry_after="1"``)."""
    lines = [f"HTTP/1.1 {code} Whatever", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Subscriber:
    """``async with Subscriber() as subscriber``: answers 204 unless told otherwise.

    ``faults`` are met once each, first come first served: a status code, or ``hang``, ``trickle``, ``flood``, ``drop``,
    ``babble``. ``always`` is met by every request.
    """

    faults: deque[int | str] = field(default_factory=deque)
    always: int | str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    answer: Answer | None = None
    tls: ssl.SSLContext | None = None
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    written: int = 0

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self.tls else 'http'}://127.0.0.1:{self.port}/hook"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def ids(self) -> list[str]:
        return [request.id for request in self.requests]

    async def until(self, number: int, seconds: float = 60) -> None:
        """Wait until so many requests came."""
        async with asyncio.timeout(seconds):
            while len(self.requests) < number:  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while True:
                request = await _read(reader)
                request.peer = _peer(writer)
                self.requests.append(request)
                fault = self.faults.popleft() if self.faults else self.always
                if not await self._behave(fault, request, writer):
                    break
        except (asyncio.IncompleteReadError, OSError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _behave(self, fault: int | str | None, request: Received, writer: asyncio.StreamWriter) -> bool:
        """Answer; whether the connection may be used again."""
        if fault == "hang":
            await asyncio.sleep(3600)
        if fault == "drop":
            return False
        if fault == "babble":
            writer.write(b"what do you want\r\n\r\n")
            return False
        if fault == "trickle":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
            while True:
                writer.write(b"x")
                await writer.drain()
                await asyncio.sleep(0.02)
        if fault == "flood":
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n")
            while True:
                writer.write(b"x" * 65536)
                await writer.drain()
                self.written += 65536
        if isinstance(fault, int):
            writer.write(status(fault, b"no thanks", **self.headers))
        else:
            writer.write(self.answer(request) if self.answer else status(204))
        await writer.drain()
        return True


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    return Received(method, parts.path, {k: v[0] for k, v in parse_qs(parts.query).items()}, headers, body)


def _peer(writer: asyncio.StreamWriter) -> str | None:
    certificate = writer.get_extra_info("peercert")
    if not certificate:
        return None
    return str(dict(part[0] for part in certificate["subject"])["commonName"])
