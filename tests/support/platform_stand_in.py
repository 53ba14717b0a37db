"""A platform that really takes replies, and really drops, hangs, throttles and breaks: a small HTTP server on a socket.

It checks what a platform checks (token, method, the shape of the body), keeps the replies it accepted, and misbehaves
once for each fault that it was given. What it counts is the truth of a test; what the publisher believes is not.
"""

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

Answer = tuple[int, Any, dict[str, str]]
TOKEN = "stand-in-token"


@dataclass
class Request:
    """One request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value


@dataclass
class Reply:
    """A reply that the platform took."""

    id: str
    parent: str
    text: str
    at: datetime
    key: str | None = None


@dataclass
class PlatformStandIn:
    """Speaks like Facebook's Graph API or like Mastodon: ``async with PlatformStandIn("facebook") as platform``."""

    platform: str
    account: str = "110000000000001"
    replies: list[Reply] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    faults: deque[str] = field(default_factory=deque)
    token: str = TOKEN
    hang_seconds: float = 0.3
    """How long ``hang`` holds a request before the connection is closed."""

    async def __aenter__(self) -> Self:
        self._connections: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def misbehave(self, *kinds: str) -> None:
        """Meet the next replies with these faults, one each."""
        self.faults.extend(kinds)

    @property
    def sends(self) -> list[Request]:
        return [request for request in self.requests if request.method == "POST"]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while (request := await _read(reader)) is not None:
                self.requests.append(request)
                if not await self._serve(request, writer):
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.transport.abort()

    async def _serve(self, request: Request, writer: asyncio.StreamWriter) -> bool:
        """Answer; False if the connection is to be cut."""
        fault = self.faults.popleft() if request.method == "POST" and self.faults else None
        if fault == "hang":
            await asyncio.sleep(self.hang_seconds)
            return False
        answer = None
        if fault in (None, "accept_then_drop", "accept_then_500", "accept_then_garbage", "accept_then_flood"):
            answer = self._dialect()(request)
        match fault:
            case "accept_then_drop" | "drop":
                return False
            case "accept_then_500":
                answer = (500, self._error("unknown"), {})
            case "accept_then_garbage":
                answer = (200, "<html>not what you think</html>", {})
            case "accept_then_flood":
                answer = (200, {"id": "x" * 200_000}, {})
            case None:
                pass
            case kind:
                answer = (*self._refusals()[kind], {"retry-after": "1"} if kind == "throttle" else {})
        assert answer is not None
        await _write(writer, answer)
        return True

    def _dialect(self) -> Callable[[Request], Answer]:
        return self._graph if self.platform == "facebook" else self._mastodon

    def _error(self, kind: str) -> Any:
        return self._refusals()[kind][1]

    def _refusals(self) -> dict[str, tuple[int, Any]]:
        if self.platform == "facebook":
            return {
                "unknown": (500, _graph_error(1, None)),
                "throttle": (429, _graph_error(32, None)),
                "down": (503, _graph_error(2, None)),
                "token_dead": (401, _graph_error(190, 467)),
                "parent_gone": (400, _graph_error(100, 33)),
                "duplicate": (400, _graph_error(506, None)),
            }
        return {
            "unknown": (500, {"error": "We're sorry, but something went wrong"}),
            "throttle": (429, {"error": "Too many requests"}),
            "down": (503, {"error": "Service unavailable"}),
            "token_dead": (401, {"error": "The access token was revoked"}),
            "parent_gone": (404, {"error": "Record not found"}),
        }

    def _graph(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return (401, _graph_error(190, 467), {})
        _, version, parent, edge = request.path.split("/")
        assert (version[:1], edge) == ("v", "comments"), request.path
        if request.method == "POST":
            return (200, {"id": self._take(parent, request.json()["message"]).id}, {})
        listed = [reply for reply in reversed(self.replies) if reply.parent == parent]
        data = [
            {
                "id": reply.id,
                "message": reply.text,
                "from": {"id": self.account, "name": "Passports"},
                "created_time": reply.at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
            }
            for reply in listed
        ]
        return (200, {"data": data[: int(request.query["limit"])]}, {})

    def _mastodon(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.token}":
            return (401, {"error": "The access token is invalid"}, {})
        if request.method == "POST":
            body, key = request.json(), request.headers.get("idempotency-key")
            known = next((reply for reply in self.replies if key and reply.key == key), None)
            reply = known or self._take(body["in_reply_to_id"], body["status"], key)
            return (200, self._status(reply), {})
        assert request.path == f"/api/v1/accounts/{self.account}/statuses", request.path
        return (200, [self._status(reply) for reply in reversed(self.replies)][: int(request.query["limit"])], {})

    def _status(self, reply: Reply) -> dict[str, Any]:
        return {
            "id": reply.id,
            "in_reply_to_id": reply.parent,
            "created_at": reply.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "content": f"<p>{reply.text}</p>",
            "url": f"{self.url}/@agency/{reply.id}",
            "visibility": "public",
        }

    def _take(self, parent: str, text: str, key: str | None = None) -> Reply:
        reply = Reply(f"{parent}_{len(self.replies) + 1}", parent, text, datetime.now(UTC), key)
        self.replies.append(reply)
        return reply


def _graph_error(code: int, subcode: int | None) -> dict[str, Any]:
    error = {"message": "words to be ignored", "type": "OAuthException", "code": code, "fbtrace_id": "A1"}
    return {"error": error | ({} if subcode is None else {"error_subcode": subcode})}


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return Request(method, parts.path, query, headers, body)


async def _write(writer: asyncio.StreamWriter, answer: Answer) -> None:
    status, content, headers = answer
    body = content.encode() if isinstance(content, str) else json.dumps(content).encode()
    lines = [f"HTTP/1.1 {status} X", "content-type: application/json", f"content-length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join([*lines, "", ""]).encode() + body)
    await writer.drain()
