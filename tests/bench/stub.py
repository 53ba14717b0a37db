"""The platform stub: as much of the Graph API as the publisher's Facebook adapter uses, and as lean as can be.

``POST /graph/{version}/{comment}/comments`` takes a reply, ``GET`` on the same address lists the replies to a comment.
Whoever listens is told of each reply at the moment it is recorded; that moment ends the way of a comment.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import httptools

OnReply = Callable[[str], None]
"""Called with the id of the comment that was answered."""

BACKLOG = 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply under a comment; ``body`` is what was posted."""

    native_id: str
    body: bytes
    at: datetime


class Stub:
    """The replies that were posted, by the comment they answer."""

    def __init__(self, page: str) -> None:
        """``page`` is the id of the Page in whose name all replies are posted."""
        self.replies: dict[str, list[Reply]] = defaultdict(list)
        self.looks = 0
        self.on_reply: OnReply = lambda comment: None
        self._page = page
        self._number = 0
        self._server: asyncio.Server | None = None

    async def listen(self, port: int) -> None:
        """Serve on a port of the loopback address."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Protocol(self), "127.0.0.1", port, backlog=BACKLOG)

    def close(self) -> None:
        """Take no more connections."""
        if self._server is not None:
            self._server.close()

    def forget(self) -> None:
        """Drop what was recorded."""
        self.replies.clear()

    def accept(self, comment: str, body: bytes) -> bytes:
        """Record a reply; the body of the answer."""
        self._number += 1
        native_id = f"{comment.partition('_')[0]}_{9_000_000_000 + self._number}"
        self.replies[comment].append(Reply(native_id, body, datetime.now(UTC)))
        self.on_reply(comment)
        return b'{"id":"%b"}' % native_id.encode()

    def listed(self, comment: str) -> bytes:
        """The Page's replies to a comment, newest first; the body of the answer."""
        self.looks += 1
        replies = self.replies.get(comment, [])
        return json.dumps({"data": [self._shown(reply) for reply in reversed(replies)]}).encode()

    def _shown(self, reply: Reply) -> dict[str, object]:
        return {
            "id": reply.native_id,
            "message": json.loads(reply.body)["message"],
            "from": {"id": self._page, "name": "Page"},
            "created_time": reply.at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        }


class _Protocol(asyncio.Protocol):
    """One connection of the publisher."""

    _transport: asyncio.WriteTransport

    def __init__(self, stub: Stub) -> None:
        self._stub = stub
        self._parser = httptools.HttpRequestParser(self)
        self._path = b""
        self._body = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of this class without being of it.
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._path = self._body = b""

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        # /graph/{version}/{comment}/comments
        pieces = self._path.partition(b"?")[0].decode().split("/")
        if len(pieces) != 5 or pieces[4] != "comments":
            self._answer(b"404 Not Found", b'{"error":{"code":100,"error_subcode":33,"message":"no such object"}}')
        elif self._parser.get_method() == b"POST":
            self._answer(b"200 OK", self._stub.accept(pieces[3], self._body))
        else:
            self._answer(b"200 OK", self._stub.listed(pieces[3]))

    def _answer(self, status: bytes, body: bytes) -> None:
        head = b"HTTP/1.1 %b\r\nContent-Type: application/json; charset=UTF-8\r\nContent-Length: %d\r\n\r\n"
        self._transport.write(head % (status, len(body)) + body)
