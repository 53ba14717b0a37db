"""HTTP to subscribers: the way out, and the guard on it.

What must stay true: a connection is made only to an address that ``domain/addresses.py`` permits. Names are resolved
here, every address found is judged, and the connection goes to exactly those: there is no second look-up in between
for a name to change its mind. The socket itself is made by the guard as well, so that IP addresses which need no
look-up pass it too. Redirects, cookies, proxies and compressed answers do not exist here.

Of an answer at most 64 KiB are read, as they come over the wire, and the first 8 KiB kept. What went wrong with a
connection is told as one word, whatever it was: a subscriber learns nothing of what is there.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from services.publisher.adapters.client_certificates import ClientCertificates
from services.publisher.callback_ports import Request
from services.publisher.domain import subscriptions
from services.publisher.domain.addresses import Egress, NotAllowed
from services.publisher.domain.subscriptions import Outcome
from shared.clock import Clock, utc_now

CONNECT_SECONDS = 5.0
ATTEMPT_SECONDS = 15.0
MOST_READ_BYTES = 64 * 1024
EXCERPT_BYTES = 8 * 1024
KEEP_ALIVE_SECONDS = 15.0
LOOK_UPS = 16
USER_AGENT = "Parley-Callbacks/1"

LookUp = Callable[[str, int], list[Any]]
"""What the system knows of a name, as ``socket.getaddrinfo`` tells it."""


class _Refused(OSError):
    """The guard lets nothing through to this address."""


class GuardedPost:
    """Requests to endpoints, each within its time."""

    def __init__(
        self,
        egress: Egress,
        *,
        attempt_seconds: float = ATTEMPT_SECONDS,
        connect_seconds: float = CONNECT_SECONDS,
        look_up: LookUp | None = None,
        trusted: ssl.SSLContext | None = None,
        clock: Clock = utc_now,
    ) -> None:
        """``trusted`` says which certificates of servers are believed; by default those the system believes."""
        self._egress = egress
        self._attempt_seconds = attempt_seconds
        self._connect_seconds = connect_seconds
        self._look_up = look_up or _look_up
        self._certificates = ClientCertificates(trusted)
        self._clock = clock
        self._threads = ThreadPoolExecutor(LOOK_UPS, thread_name_prefix="look-up")
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def send(self, request: Request) -> Outcome:
        """Send a request and read the beginning of its answer; what came of it."""
        try:
            self._egress.check(request.url)
            url = URL(request.url, encoded=True)
            async with asyncio.timeout(self._attempt_seconds):
                return await self._exchange(url, request)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, NotAllowed, ValueError):
            return Outcome("not_connected")
        except TimeoutError:
            return Outcome("timeout")
        except (aiohttp.ClientError, OSError):
            return Outcome("broken")

    async def close(self) -> None:
        """Close all connections."""
        for session in self._sessions.values():
            await session.close()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _exchange(self, url: URL, request: Request) -> Outcome:
        plain = url.scheme == "http"
        async with self._session(plain).request(
            request.method,
            url,
            data=request.body or None,
            headers=_headers(request),
            ssl=True if plain else self._certificates.context(request.credentials),
            allow_redirects=False,
        ) as answer:
            excerpt = await _beginning(answer)
            return subscriptions.outcome_of(answer.status, self._retry_after(answer), excerpt)

    def _retry_after(self, answer: aiohttp.ClientResponse) -> float | None:
        """``Retry-After`` in seconds, out of either of its forms (RFC 9110, section 10.2.3)."""
        said = answer.headers.get("retry-after", "").strip()
        if said.isdecimal() and said.isascii():
            return float(said[:12])
        try:
            return (parsedate_to_datetime(said) - self._clock()).total_seconds()
        except (ValueError, TypeError, OverflowError):
            return None

    def _session(self, plain: bool) -> aiohttp.ClientSession:
        if plain not in self._sessions:
            self._sessions[plain] = self._new_session(plain)
        return self._sessions[plain]

    def _new_session(self, plain: bool) -> aiohttp.ClientSession:
        def guarded_socket(info: Any) -> socket.socket:
            family, kind, protocol, _, address = info
            if not self._egress.permits(address[0], plain=plain):
                raise _Refused
            return socket.socket(family=family, type=kind, proto=protocol)

        connector = aiohttp.TCPConnector(
            limit=0,
            resolver=_Resolver(self._threads, self._look_up, self._egress, plain),
            use_dns_cache=False,
            socket_factory=guarded_socket,
            keepalive_timeout=KEEP_ALIVE_SECONDS,
            # The sooner an address is given up the more can be tried; and the guard must judge each by itself.
            happy_eyeballs_delay=None,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            timeout=aiohttp.ClientTimeout(total=None, connect=self._connect_seconds),
            skip_auto_headers=("Content-Type",),
        )


class _Resolver(AbstractResolver):
    """Looks names up and lets through none of which a single address is not permitted."""

    def __init__(self, threads: ThreadPoolExecutor, look_up: LookUp, egress: Egress, plain: bool) -> None:
        self._threads = threads
        self._look_up = look_up
        self._egress = egress
        self._plain = plain
        self._asking: dict[str, asyncio.Future[list[Any]]] = {}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._found(host, port)
        hosts = [str(address[0]) for _, _, _, _, address in found]
        if not hosts or not all(self._egress.permits(one, plain=self._plain) for one in hosts):
            raise _Refused
        return [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=family,
                proto=protocol,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for family, _, protocol, _, address in found
        ]

    async def _found(self, host: str, port: int) -> list[Any]:
        """What the system knows of a name: asked once at a time, however many wait for it.

        Threads of our own, and one a name: a name server that does not answer must not hold up who else looks something
        up.
        """
        if host not in self._asking:
            asking = asyncio.get_running_loop().run_in_executor(self._threads, self._look_up, host, port)
            self._asking[host] = asking
            asking.add_done_callback(lambda _: self._asking.pop(host, None))
        return await asyncio.shield(self._asking[host])

    async def close(self) -> None:
        """Nothing is kept open."""


def _look_up(host: str, port: int) -> list[Any]:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)


def _headers(request: Request) -> dict[str, str]:
    headers = {**request.credentials.headers, **request.headers}
    headers |= {"accept-encoding": "identity", "user-agent": USER_AGENT}
    if request.body:
        headers["content-type"] = "application/json"
    if request.credentials.bearer is not None:
        headers["authorization"] = f"Bearer {request.credentials.bearer}"
    return headers


async def _beginning(answer: aiohttp.ClientResponse) -> bytes:
    """The first bytes of a body; one that is longer than we read is left there, with its connection."""
    kept = bytearray()
    read = 0
    async for chunk in answer.content.iter_any():
        kept += chunk[: EXCERPT_BYTES - len(kept)]
        read += len(chunk)
        if read >= MOST_READ_BYTES:
            answer.close()
            break
    return bytes(kept)
