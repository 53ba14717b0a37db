"""What every service is: an HTTP application, loops beside it, and an orderly end.

``/live`` says that the process is worth keeping, ``/ready`` that it can do its job (database reached, schema as the
code expects it, no consumer stopped by its own faults), ``/metrics`` what it counted. A broker that is away does not
make a service unready: the outbox waits.

At a stop: requests under way end (uvicorn), loops are cancelled and finish what must not be cut off, what is gathered
for a group commit is written, then the pool is closed. All within ``drain_seconds`` and uvicorn's three.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import idempotency, inbox, openapi, problems, rate_limit, telemetry
from shared.auth import Tokens, public
from shared.database import EVERY_AGENCY, Database, is_passing
from shared.kafka import Consumer, PositionsLost, TooManyDead
from shared.migrations import newest_revision
from shared.outbox import CHANNEL
from shared.producer import Producer
from shared.rate_limit import RateLimits
from shared.relay import Relay
from shared.settings import HttpSettings, ServiceSettings
from shared.supervision import Loop, Supervisor
from shared.wakeup import Wakeup

API_VERSION = "1.0.0"
MOST_BODY_BYTES = 1024 * 1024
UVICORN_DRAIN_SECONDS = 3
TIDY_SECONDS = 300.0

_STOPPED_BY_ITS_OWN_FAULT = {TooManyDead.__name__, PositionsLost.__name__}


@dataclass
class Service:
    """The parts of one service, gathered by its ``main`` and turned into an application by ``app()``."""

    name: str
    settings: ServiceSettings
    description: str
    database: Database = field(init=False)
    routers: list[APIRouter] = field(default_factory=list)
    loops: dict[str, Loop] = field(default_factory=dict)
    consumers: list[Consumer] = field(default_factory=list)
    before_start: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    at_close: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    front: tuple[str, ASGIApp] | None = None
    """A path prefix whose requests go straight to an ASGI application of their own, past FastAPI's layers."""
    limits: RateLimits | None = None
    """What each client may ask of the routes that want a token; None for as much as it likes."""

    def __post_init__(self) -> None:
        self.database = Database(
            self.settings.database.url.get_secret_value(),
            application_name=f"parley-{self.name}",
            pool_size=self.settings.database.pool_size,
        )

    def consume(self, consumer: Consumer) -> None:
        """Run a consumer as one of the loops."""
        self.consumers.append(consumer)
        self.loops["consumer"] = consumer.run

    def relay_outbox(self) -> None:
        """Run the relay of this service's outbox as one of the loops."""
        producer = Producer(self.settings.kafka, f"parley-{self.name}")
        wakeup = Wakeup(self.settings.database.url.get_secret_value(), CHANNEL, self.name)
        relay = Relay(
            self.name,
            self.database,
            producer,
            wakeup,
            kafka=self.settings.kafka,
            retention_hours=self.settings.retention.outbox_hours,
        )
        self.loops["wakeup"] = wakeup.run
        self.loops["relay"] = relay.run
        self.at_close.append(producer.close)

    def app(self) -> FastAPI:
        """The application. Nothing is connected before its lifespan begins."""
        self.loops["tidy"] = self._tidy
        supervisor = Supervisor(self.name, self.loops)
        app = _Application(
            self.front,
            title=f"Parley {self.name}",
            description=self.description,
            version=API_VERSION,
            lifespan=self._lifespan(supervisor),
            telemetry={"auto_configure": False, "logs": False},
        )
        app.state.tokens = Tokens(self.settings.auth)
        app.state.limits = self.limits
        problems.install(app)
        app.include_router(self._probes(supervisor))
        for router in self.routers:
            app.include_router(router)
        app.add_middleware(RequestBodyLimitMiddleware, max_body_size=MOST_BODY_BYTES)
        app.add_middleware(_TooLarge)
        app.add_middleware(_Edge)
        app.add_middleware(_Head)
        return app

    def _lifespan(self, supervisor: Supervisor) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
        @asynccontextmanager
        async def lifespan(_: FastAPI) -> AsyncIterator[None]:
            for prepare in self.before_start:
                await prepare()
            supervisor.start()
            telemetry.logger().info("service.started")
            yield
            await supervisor.stop(self.settings.drain_seconds)
            for close in self.at_close:
                with suppress(Exception):
                    await close()
            await self.database.close()
            telemetry.logger().info("service.stopped")

        return lifespan

    def _probes(self, supervisor: Supervisor) -> APIRouter:
        router = APIRouter(include_in_schema=False)

        @router.get("/live")
        @public("a probe of the cluster")
        async def live() -> Response:
            return JSONResponse({"status": "live"})

        @router.get("/ready")
        @public("a probe of the cluster")
        async def ready() -> Response:
            checks = {
                "database": await self._check_database(),
                **{name: error for name, error in supervisor.failed.items() if error in _STOPPED_BY_ITS_OWN_FAULT},
            }
            healthy = all(check == "ok" for check in checks.values())
            body = {
                "status": "ready" if healthy else "not ready",
                "checks": checks,
                "consuming": all(consumer.ready for consumer in self.consumers),
            }
            return JSONResponse(body, 200 if healthy else 503)

        @router.get("/metrics")
        @public("counts only; the ingress does not pass it on")
        async def metrics() -> Response:
            return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

        return router

    async def _check_database(self) -> str:
        try:
            async with asyncio.timeout(2), self.database.begin(EVERY_AGENCY) as connection:
                found = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one()
        except Exception as error:
            return "away" if is_passing(error) or isinstance(error, TimeoutError) else "without schema"
        # A newer schema bears older code: that is how migrations are written, and how a rollout begins.
        return "ok" if found >= newest_revision(self.name) else f"schema is at {found}"

    async def _tidy(self) -> None:
        while True:
            await asyncio.sleep(TIDY_SECONDS)
            await inbox.tidy(self.database, retention_hours=self.settings.retention.inbox_hours)
            await idempotency.tidy(self.database)


class _Application(FastAPI):
    """FastAPI, with a way past it for the one route that every comment comes through."""

    def __init__(self, front: tuple[str, ASGIApp] | None, **options: Any) -> None:
        super().__init__(**options)
        self._prefix = front[0] if front else None
        self._front = _Edge(front[1]) if front else None

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = openapi.describe(self, super().openapi())
        return self.openapi_schema

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._front is not None and scope["type"] == "http" and scope["path"].startswith(self._prefix):
            await self._front(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)


class _Edge:
    """What holds for every request: no compressed bodies in, safe headers out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                # What may be kept says so itself.
                kept = () if any(name == b"cache-control" for name, _ in headers) else _NOT_KEPT
                message["headers"] = [*headers, *_SAFE, *kept, *rate_limit.fields_for(scope)]
            await send(message)

        for name, value in scope["headers"]:
            if name == b"content-encoding" and value != b"identity":
                refusal = problems.Problem(415, detail="Send the body as it is, without Content-Encoding.")
                await refusal.response()(scope, receive, send_safely)
                return
        await self._app(scope, receive, send_safely)


class _Head:
    """Answers HEAD as GET without the body (RFC 9110, 9.3.2), wherever there is a GET."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, send_head)


class _TooLarge:
    """Makes a problem like any other of the plain text with which the framework refuses a large body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = False

        async def send_problem(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] == 413:
                refused = True
                await problems.Problem(413).response()(scope, receive, send)
            if not refused:
                await send(message)

        await self._app(scope, receive, send_problem)


_SAFE = (
    (b"api-version", API_VERSION.encode()),
    (b"x-content-type-options", b"nosniff"),
)
_NOT_KEPT = ((b"cache-control", b"no-store"),)


def serve(app: FastAPI, http: HttpSettings) -> None:
    """Listen until SIGINT or SIGTERM, then drain."""
    calm_garbage_collection()
    uvicorn.run(
        app,
        host=http.host,
        port=http.port,
        loop="uvloop",
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=UVICORN_DRAIN_SECONDS,
        backlog=4096,
    )


def calm_garbage_collection() -> None:
    """Do not walk through what was made at start, again and again: with the defaults that took a third of a request."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
