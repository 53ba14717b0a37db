"""A WebSocket server in one file, for uvicorn, which has none of its own.

Source: RFC 6455. As much of it as a stream needs that only ever sends: the handshake, text frames, answers to pings,
and noticing that the client has gone. What a client says is read past. To the application it looks as ASGI says.
"""

import asyncio
import base64
import hashlib
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, cast
from urllib.parse import unquote

from uvicorn.config import Config
from uvicorn.server import ServerState

_MAGIC: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
_GOING_AWAY: Final = 1001
_ABNORMAL: Final = 1006


class WebSocketProtocol(asyncio.Protocol):
    """One connection that uvicorn's HTTP protocol hands over together with the request that asked for it."""

    def __init__(self, config: Config, server_state: ServerState, app_state: dict[str, Any]) -> None:
        """Serve the application of this server."""
        self._app = config.loaded_app
        self._state = server_state
        self._app_state = app_state
        self._received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._headers: dict[bytes, bytes] = {}
        self._buffer = b""
        self._transport: asyncio.Transport
        self._writable = asyncio.Event()
        self._writable.set()
        self._accepted = self._over = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the line over."""
        # uvloop's transports only look like asyncio's.
        self._transport = cast(asyncio.Transport, transport)
        self._state.connections.add(self)  # type: ignore[arg-type]

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the application that the client has gone."""
        self._state.connections.discard(self)
        self._writable.set()
        self._end(_ABNORMAL)

    def data_received(self, data: bytes) -> None:
        """Read first the request, then frames."""
        if not self._headers:
            self._run(data)
            return
        self._buffer += data
        while frame := _frame(self._buffer):
            kind, content, self._buffer = frame
            self._meet(kind, content)

    def pause_writing(self) -> None:
        """Let the application wait for a client that reads slowly."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let the application go on."""
        self._writable.set()

    def shutdown(self) -> None:
        """Say goodbye, because the server stops."""
        if self._accepted and not self._over:
            self._transport.write(_written(_CLOSE, _GOING_AWAY.to_bytes(2)))
        self._end(_GOING_AWAY)
        self._transport.close()

    def _run(self, request: bytes) -> None:
        line, *fields = request.split(b"\r\n\r\n")[0].split(b"\r\n")
        pairs = [field.partition(b":")[::2] for field in fields]
        headers = [(name.strip().lower(), value.strip()) for name, value in pairs]
        self._headers = dict(headers)
        raw_path, _, query = line.split(b" ")[1].partition(b"?")
        scope = {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "scheme": "ws",
            "path": unquote(raw_path.decode("ascii")),
            "raw_path": raw_path,
            "query_string": query,
            "root_path": "",
            "headers": headers,
            "client": self._transport.get_extra_info("peername"),
            "server": self._transport.get_extra_info("sockname"),
            "subprotocols": [],
            "state": self._app_state.copy(),
            "extensions": {},
        }
        self._received.put_nowait({"type": "websocket.connect"})
        task = asyncio.get_running_loop().create_task(self._serve(scope))
        self._state.tasks.add(task)
        task.add_done_callback(self._state.tasks.discard)

    async def _serve(self, scope: dict[str, Any]) -> None:
        try:
            await self._app(scope, self._received.get, self._send)
        finally:
            self._transport.close()

    async def _send(self, event: Mapping[str, Any]) -> None:
        if self._transport.is_closing():
            return
        match event["type"]:
            case "websocket.accept":
                self._accepted = True
                self._transport.write(_accepting(self._headers.get(b"sec-websocket-key", b"")))
            case "websocket.send":
                self._transport.write(_written(_TEXT, event["text"].encode()))
                await self._writable.wait()
            case "websocket.close" if self._accepted:
                self._transport.write(_written(_CLOSE, event.get("code", 1000).to_bytes(2)))
            case "websocket.close":
                self._transport.write(_refusing(HTTPStatus.BAD_REQUEST))

    def _meet(self, kind: int, content: bytes) -> None:
        if kind == _PING:
            self._transport.write(_written(_PONG, content))
        elif kind == _CLOSE:
            self._transport.write(_written(_CLOSE, content[:2]))
            self._transport.close()
            self._end(int.from_bytes(content[:2]) if len(content) >= 2 else 1005)

    def _end(self, code: int) -> None:
        if not self._over:
            self._over = True
            self._received.put_nowait({"type": "websocket.disconnect", "code": code})


def _frame(data: bytes) -> tuple[int, bytes, bytes] | None:
    """Take one frame of a client off: its kind, its content, the rest. None as long as it is not whole."""
    if len(data) < 2:
        return None
    size, at = data[1] & 0x7F, 2
    if size > 125:
        width = 2 if size == 126 else 8
        size, at = int.from_bytes(data[2 : 2 + width]), 2 + width
    mask = data[at : at + 4] if data[1] & 0x80 else b""
    end = at + len(mask) + size
    if len(data) < end or (data[1] & 0x80 and len(mask) < 4):
        return None
    content = data[at + len(mask) : end]
    if mask:
        content = bytes(byte ^ mask[place % 4] for place, byte in enumerate(content))
    return data[0] & 0x0F, content, data[end:]


def _written(kind: int, content: bytes) -> bytes:
    size = len(content)
    if size <= 125:
        head = bytes((0x80 | kind, size))
    elif size < 1 << 16:
        head = bytes((0x80 | kind, 126)) + size.to_bytes(2)
    else:
        head = bytes((0x80 | kind, 127)) + size.to_bytes(8)
    return head + content


def _accepting(key: bytes) -> bytes:
    proof = base64.b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest())
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + proof + b"\r\n\r\n"
    )


def _refusing(status: HTTPStatus) -> bytes:
    return f"HTTP/1.1 {status.value} {status.phrase}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".encode()
