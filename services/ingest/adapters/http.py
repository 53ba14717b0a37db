"""The way out: httpx, with aiohttp underneath, because httpx's own transport is several times slower.

The one place of this service that knows both. Redirects are not followed, and no proxy is taken from the environment.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import cache

import httpx
from httpx_aiohttp import AiohttpTransport

MOST_BODY_BYTES = 8 << 20
MOST_CONNECTIONS = 50
UNLIMITED = 0
"""What aiohttp calls no limit of connections."""
LONGEST_ANSWER_SECONDS = 60.0
CONNECT_SECONDS = 5.0
EVENT_STREAM = "text/event-stream"

Params = Mapping[str, str | list[str]]


class Oversized(httpx.TransportError):
    """The answer is larger than anything a platform has to say."""


def client(timeout_seconds: float, *, connections: int = MOST_CONNECTIONS) -> httpx.AsyncClient:
    """A client for platforms' APIs; closed by whoever made it.

    ``timeout_seconds`` is the longest silence within an answer.
    """
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    return httpx.AsyncClient(
        transport=AiohttpTransport(verify=_trusted(), trust_env=False, limits=limits),
        timeout=httpx.Timeout(timeout_seconds, connect=CONNECT_SECONDS),
        headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "Parley"},
        follow_redirects=False,
        trust_env=False,
    )


@cache
def _trusted() -> ssl.SSLContext:
    """Whom connections trust: read once, because that takes longer than the rest of a client."""
    return httpx.create_ssl_context(trust_env=False)


async def get(
    http: httpx.AsyncClient, url: str, *, headers: Mapping[str, str], params: Params | None = None
) -> httpx.Response:
    """GET with these header fields; the body is read up to ``MOST_BODY_BYTES``.

    Raises ``httpx.TransportError``, and ``TimeoutError`` for an answer that comes too slowly to ever end.
    """
    async with asyncio.timeout(LONGEST_ANSWER_SECONDS):
        async with http.stream("GET", url, params=params, headers=headers) as answer:
            return await _whole(answer)


async def post(
    http: httpx.AsyncClient, url: str, *, headers: Mapping[str, str], json: Mapping[str, str] | None = None
) -> httpx.Response:
    """POST ``json``, or nothing; the answer is read as by ``get``, and fails as there."""
    async with asyncio.timeout(LONGEST_ANSWER_SECONDS):
        async with http.stream("POST", url, headers=headers, json=json) as answer:
            return await _whole(answer)


@asynccontextmanager
async def stream(
    http: httpx.AsyncClient, url: str, *, headers: Mapping[str, str]
) -> AsyncIterator[httpx.Response | AsyncIterator[bytes]]:
    """GET of an event stream: its pieces as they come, or the whole answer where that is none.

    Raises ``httpx.TransportError``, also from the pieces.
    """
    async with http.stream("GET", url, headers={"Accept": EVENT_STREAM, **headers}) as answer:
        streams = answer.headers.get("content-type", "").partition(";")[0].strip().lower() == EVENT_STREAM
        yield answer.aiter_raw() if answer.status_code == 200 and streams else await _whole(answer)


async def _whole(answer: httpx.Response) -> httpx.Response:
    body = bytearray()
    async for chunk in answer.aiter_raw():
        body += chunk
        if len(body) > MOST_BODY_BYTES:
            raise Oversized("The answer is too large.")
    # Without Content-Encoding: what was sent compressed against our word is not inflated.
    headers = [(name, value) for name, value in answer.headers.raw if name.lower() != b"content-encoding"]
    return httpx.Response(answer.status_code, headers=headers, content=bytes(body))
