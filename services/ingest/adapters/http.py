"""The way out: httpx, with aiohttp underneath, because httpx's own transport is several times slower.

The one place of this service that knows both. Redirects are not followed, and no proxy is taken from the environment.
"""

import httpx
from httpx_aiohttp import AiohttpTransport

MOST_BODY_BYTES = 8 << 20
MOST_CONNECTIONS = 50


class Oversized(httpx.TransportError):
    """The answer is larger than anything a platform has to say."""


def client(timeout_seconds: float) -> httpx.AsyncClient:
    """A client for platforms' APIs; closed by whoever made it."""
    limits = httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS)
    return httpx.AsyncClient(
        transport=AiohttpTransport(trust_env=False, limits=limits),
        timeout=httpx.Timeout(timeout_seconds, connect=5.0),
        headers={"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "Parley"},
        follow_redirects=False,
        trust_env=False,
    )


async def get(
    http: httpx.AsyncClient, url: str, *, token: str, params: dict[str, str | list[str]] | None = None
) -> httpx.Response:
    """GET with a bearer token; the body is read up to ``MOST_BODY_BYTES``. Raises ``httpx.TransportError``."""
    async with http.stream("GET", url, params=params, headers={"Authorization": f"Bearer {token}"}) as answer:
        body = bytearray()
        async for chunk in answer.aiter_raw():
            body += chunk
            if len(body) > MOST_BODY_BYTES:
                raise Oversized("The answer is too large.")
        # Without Content-Encoding: what was sent compressed against our word is not inflated.
        headers = [(name, value) for name, value in answer.headers.items() if name != "content-encoding"]
        return httpx.Response(answer.status_code, headers=headers, content=bytes(body))
