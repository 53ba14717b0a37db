"""HTTP to platforms: the one module that knows httpx, and aiohttp under it.

What must stay true: ``NothingSent`` is raised only when no byte of the request can have left us; everything else that
goes wrong is ``NoAnswer``, and then the platform may have done what was asked. The transport's own translation cannot
be used for that: httpx-aiohttp 0.2.0 reports a connection that the server dropped after reading the request as
``ConnectTimeout``. So the error beneath is looked at.

What an error says never holds the address of a request, which is a secret where the token stands in it.

The transport is called without ``httpx.AsyncClient`` around it: redirects, cookies, proxies and authentication of
the client must never apply here, and it costs more than the request itself (265 against 147 µs each).
"""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from services.publisher.adapters import metrics

CONNECT_SECONDS = 5.0
TOTAL_SECONDS = 15.0
MOST_BODY_BYTES = 64 * 1024
"""Of an answer to something that was done."""
MOST_PAGE_BYTES = 1024 * 1024
"""Of something that is read: a page of a long conversation fits into this."""
KEEP_ALIVE_SECONDS = 3.0
"""Shorter than servers keep an idle connection (5 s and more): a reused one is hardly ever closed under our hands."""


class NothingSent(Exception):
    """No connection came about, so the platform knows nothing of the request."""


class NoAnswer(Exception):
    """The request may have arrived; no whole answer did."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a platform answered. ``body`` is at most 64 KiB, or 1 MiB of what was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The value of the body. Raises ``ValueError``."""
        return json.loads(self.body)

    def object(self) -> dict[str, Any]:
        """The JSON object in the body, empty if there is none."""
        try:
            value = self.json()
        except (ValueError, RecursionError):
            return {}
        return value if isinstance(value, dict) else {}

    def retry_after(self) -> float | None:
        """``Retry-After`` in seconds; its date form is not used by the platforms here."""
        try:
            return float(self.headers.get("retry-after", ""))
        except ValueError:
            return None


class Http:
    """Requests to platforms, each within 15 seconds in all."""

    def __init__(self, *, connections: int = 128, total_seconds: float = TOTAL_SECONDS) -> None:
        self._total_seconds = total_seconds
        self._connections = connections
        # The transport counts the name look-up into "pool", not into "connect".
        self._timeout = {"connect": CONNECT_SECONDS, "read": None, "pool": CONNECT_SECONDS}
        self._transport = AiohttpTransport(client=self._session, trust_env=False)

    @property
    def total_seconds(self) -> float:
        """How long any request may take."""
        return self._total_seconds

    async def post(self, platform: str, url: str, headers: Mapping[str, str], content: dict[str, Any]) -> Answer:
        """POST a JSON object. Raises ``NothingSent`` and ``NoAnswer``."""
        body = json.dumps(content, ensure_ascii=False).encode()
        return await self._request(platform, "POST", url, {**headers, "content-type": "application/json"}, body)

    async def get(self, platform: str, url: str, headers: Mapping[str, str], query: Mapping[str, str]) -> Answer:
        """GET with a query. Raises ``NothingSent`` and ``NoAnswer``."""
        return await self._request(platform, "GET", str(httpx.URL(url, params=dict(query))), headers, b"")

    async def request(
        self, platform: str, method: str, url: str, headers: Mapping[str, str], body: bytes = b""
    ) -> Answer:
        """Any other method or body; its content type is the caller's. Raises ``NothingSent`` and ``NoAnswer``."""
        return await self._request(platform, method, url, headers, body)

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def _request(self, platform: str, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        began = time.perf_counter()
        try:
            # Headers and addresses that cannot be written at all fail here, before anything is sent.
            request = httpx.Request(
                method,
                url,
                headers={**headers, "accept-encoding": "identity", "user-agent": "Parley"},
                content=body,
                extensions={"timeout": self._timeout},
            )
        except (httpx.InvalidURL, ValueError, TypeError) as error:
            raise NothingSent(f"the request cannot be written: {type(error).__name__}") from error
        try:
            async with asyncio.timeout(self._total_seconds):
                return await self._exchange(request)
        except TimeoutError as error:
            raise NoAnswer(f"no answer within {self._total_seconds:g} s") from error
        except (httpx.HTTPError, aiohttp.ClientError, OSError) as error:
            raise _meaning(error) from error
        finally:
            metrics.SEND_SECONDS.labels(platform).observe(time.perf_counter() - began)

    async def _exchange(self, request: httpx.Request) -> Answer:
        response = await self._transport.handle_async_request(request)
        try:
            stream = response.stream
            assert isinstance(stream, httpx.AsyncByteStream)
            most = MOST_PAGE_BYTES if request.method == "GET" else MOST_BODY_BYTES
            body = bytearray()
            async for chunk in stream:
                body += chunk
                if len(body) > most:
                    raise NoAnswer(f"the answer is larger than {most} bytes")
            return Answer(response.status_code, response.headers, bytes(body))
        finally:
            await response.stream.aclose()  # type: ignore[union-attr]

    def _session(self) -> aiohttp.ClientSession:
        # A limit for each host and none over all: how many requests there are at once is the dispatcher's business, and
        # one host that hangs must not keep its connections from the others.
        connector = aiohttp.TCPConnector(
            limit=0,
            limit_per_host=self._connections,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            ssl=httpx.create_ssl_context(trust_env=False),
        )
        # One account's cookies must not travel with another's request.
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False)


def _meaning(error: Exception) -> NothingSent | NoAnswer:
    beneath = error.__cause__ if isinstance(error, httpx.HTTPError) and error.__cause__ else error
    unconnected = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
    said = f"{type(beneath).__name__}: {_words(beneath)}"[:300]
    return NothingSent(said) if isinstance(beneath, unconnected) else NoAnswer(said)


def _words(error: BaseException) -> str:
    """What an error says, without the address: on some platforms that holds the token."""
    match error:
        case aiohttp.ClientResponseError():
            return error.message
        case aiohttp.InvalidURL():
            return "the address cannot be used"
        case _:
            return str(error)
