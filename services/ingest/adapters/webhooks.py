"""``GET|POST /webhooks/{platform}/{account}``: the door for platforms.

Every comment comes through here, so the route is a bare ASGI application: nothing is built that the answer does not
need. A 2xx is a commit. Of a refused body nothing is kept but a count. Compressed bodies are refused for the whole
service, before any route.

    no, wrong, stale or used signature  401
    unknown account or platform         404
    larger than the platform's limit    413, without reading the rest
    authentic                           200, whether used, repeated, counted or set aside
    database away                       503 with Retry-After
"""

import asyncio
from collections.abc import Mapping
from functools import cache
from urllib.parse import parse_qsl

from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from services.ingest import intake
from services.ingest.adapters import metrics
from services.ingest.domain.refusals import (
    BadHandshake,
    BadSignature,
    Refusal,
    ReusedSignature,
    StaleSignature,
    UnknownAccount,
)
from services.ingest.intake import Accepted, Delivery
from services.ingest.platforms import WEBHOOKS
from services.ingest.platforms.base import MEBIBYTE, Answer
from services.ingest.ports import Accounts, Health, Keeper
from shared.auth import signed_by_platform
from shared.clock import Clock
from shared.group_commit import Closed
from shared.problems import Problem, answer_to, unavailable

PREFIX = "/webhooks/"
PATH = PREFIX + "{platform}/{account}"

_STATUS: Mapping[type[Refusal], tuple[int, str]] = {
    UnknownAccount: (404, "not-found"),
    BadSignature: (401, "bad-signature"),
    StaleSignature: (401, "stale-signature"),
    ReusedSignature: (401, "reused-signature"),
    BadHandshake: (403, "bad-handshake"),
}
LARGE_BODIES_BYTES = 80 * MEBIBYTE
"""Of bodies over a mebibyte at once: anyone may send them, and reading one takes several times its size."""

BODY_SECONDS = 30.0
"""As long may a body take to arrive: room is held for it, and nobody has proved anything yet."""

_MOST_DIGITS = 12
_METHODS = ["GET", "POST"]
_TAKEN = Answer("")
_OTHER = "other"
"""The platform under which requests for platforms that do not exist are counted."""


class BodyTooLarge(Exception):
    """The body is larger than this platform's limit."""


class SenderGone(Exception):
    """The sender went away before the body was complete."""


class NoRoom(Exception):
    """Too many large bodies are under way; the platform shall send this one again."""


_FORESEEN = (Refusal, BodyTooLarge, NoRoom, Closed, SQLAlchemyError, OSError)


@signed_by_platform
class Webhooks:
    """The route as an ASGI application."""

    def __init__(self, accounts: Accounts, keeper: Keeper, health: Health, clock: Clock) -> None:
        self._accounts = accounts
        self._keeper = keeper
        self._health = health
        self._clock = clock
        self._room = LARGE_BODIES_BYTES

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        platform, account = scope["path_params"]["platform"], scope["path_params"]["account"]
        counted = platform if platform in WEBHOOKS else _OTHER
        try:
            if scope["method"] == "POST":
                answer = await self._take_in(platform, account, scope, receive)
            else:
                query = dict(parse_qsl(scope["query_string"].decode("latin-1")))
                answer = intake.answer_handshake(platform, account, query, self._accounts)
        except SenderGone:
            return
        except _FORESEEN as error:
            problem = _problem(error, scope["path"])
            _deliveries(counted, str(problem.status)).inc()
            await problem.response()(scope, receive, send)
            return
        _deliveries(counted, "200").inc()
        await _send(answer, send)

    async def _take_in(self, platform: str, account: str, scope: Scope, receive: Receive) -> Answer:
        webhook, _ = intake.addressee(platform, account, self._accounts)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        room = _room_for(_announced(headers, webhook.most_bytes))
        if room > self._room:
            raise NoRoom
        self._room -= room
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _read_body(receive, webhook.most_bytes)
            delivery = Delivery(platform, account, headers, body)
            accepted = await intake.take_in(delivery, self._accounts, self._keeper, self._health, self._clock())
        finally:
            self._room += room
        _count(platform, accepted)
        # Nothing of the input, ever: Telegram would carry out a JSON answer as a command of the bot.
        return _TAKEN


class Front:
    """The same route for the server itself: the layers of a framework cost more than
    reading the webhook does."""

    def __init__(self, endpoint: Webhooks) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        platform, _, account = scope["path"].removeprefix(PREFIX).partition("/")
        if not account or "/" in account:
            await Problem(404).response()(scope, receive, send)
        elif scope["method"] not in _METHODS:
            await Problem(405, headers={"Allow": ", ".join(_METHODS)}).response()(scope, receive, send)
        else:
            scope["path_params"] = {"platform": platform, "account": account}
            try:
                await self._endpoint(scope, receive, send)
            except Exception as error:
                await answer_to(error, scope["path"]).response()(scope, receive, send)


def webhooks(endpoint: Webhooks) -> APIRouter:
    """The route as FastAPI knows it: with its rule, among all others."""
    router = APIRouter()
    router.routes.append(Route(PATH, endpoint, methods=_METHODS, include_in_schema=False))
    return router


def _announced(headers: Mapping[str, str], most: int) -> int:
    """How large the body will be: as announced, else as large as may be. Raises ``BodyTooLarge``."""
    announced = headers.get("content-length", "")
    if not announced.isdecimal():
        return most
    if len(announced) > _MOST_DIGITS or int(announced) > most:
        raise BodyTooLarge
    return int(announced)


def _room_for(size: int) -> int:
    """What a body takes of the room for large ones: nothing if it is small."""
    return size if size > MEBIBYTE else 0


async def _read_body(receive: Receive, most: int) -> bytes:
    """The raw body; raises ``BodyTooLarge`` by what comes, whatever was announced."""
    pieces: list[bytes] = []
    length = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise SenderGone
        pieces.append(message.get("body", b""))
        length += len(pieces[-1])
        if length > most:
            raise BodyTooLarge
        if not message.get("more_body", False):
            # Adding piece to piece would copy a heavy mail hundreds of times.
            return b"".join(pieces)


async def _send(answer: Answer, send: Send) -> None:
    body = answer.body.encode()
    headers = [(b"content-type", answer.content_type.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _problem(error: Exception, path: str) -> Problem:
    if isinstance(error, BodyTooLarge):
        return Problem(413)
    if isinstance(error, NoRoom):
        return unavailable()
    if isinstance(error, Refusal):
        status, kind = _STATUS[type(error)]
        return Problem(status, kind, detail=str(error))
    return answer_to(error, path)


def _count(platform: str, accepted: Accepted) -> None:
    if accepted.changed:
        _entries(platform, "changed").inc(accepted.changed)
    if accepted.repeated:
        _entries(platform, "repeated").inc(accepted.repeated)
    if accepted.unreadable:
        _entries(platform, "unreadable").inc()
    if accepted.undelivered:
        _entries(platform, "undelivered").inc(accepted.undelivered)
    for kind, count in accepted.unused.items():
        metrics.UNUSED.labels(platform, kind).inc(count)


# Looking a counter up by its labels costs more than counting.
_deliveries = cache(metrics.DELIVERIES.labels)
_entries = cache(metrics.ENTRIES.labels)
