"""The embedded run: PostgreSQL, broker, issuer, town square and the three services, started and stopped in order.

Whatever dies is started again. A broker that was started again is another one (it forgets all); the services see that
by its cluster id and tell it everything anew.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import hmac
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
from sqlalchemy.engine import make_url

from deploy.local import broker, parley_json, seeding
from deploy.local.addresses import HOST, Addresses
from deploy.local.children import Child, Say
from deploy.local.errors import CannotRun
from deploy.local.issuer import Issuer
from deploy.local.keep import Keep, open_keep
from deploy.local.postgres import EmbeddedPostgres
from deploy.local.sample import AGENCIES_FOLDER, EVERY_SCOPE
from shared.broker import create_topics
from shared.migrations import migrate
from shared.provisioning import SERVICES, ServiceUrls, provision

READY_SECONDS = 60.0
SERVICE_STOP_SECONDS = 8.0
NEW_TOKENS_SECONDS = 12 * 3600
PARTITIONS = 3
"""Of each topic. A broker answers every fetch for every partition, and here one process reads them all."""


class NotStarted(CannotRun):
    """A needed part cannot be had."""


@dataclass(frozen=True)
class Options:
    """What ``parley up`` was asked for. ``kafka`` and ``database`` name servers that are used instead of own ones."""

    home: Path
    port_base: int = 8000
    kafka: str | None = None
    database: str | None = None


class Embedded:
    """One running Parley in one home folder."""

    def __init__(self, options: Options, say: Say) -> None:
        self.options = options
        self.addresses = Addresses(options.port_base)
        self.kafka = options.kafka or self.addresses.address("broker")
        self._say = say
        self._children: dict[str, Child] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._complete = False
        self._lock: object | None = None

    async def start(self) -> None:
        """Start everything and write ``parley.json``. Raises ``NotStarted`` and what the parts raise."""
        home = self.options.home
        self._lock = _lock(home)
        parley_json.remove(home)
        self.addresses.require_free(self._own_parts())
        self._keep: Keep = open_keep(home)
        self._issuer = Issuer(self.addresses.url("issuer"), self._keep.issuer_key)
        self._tasks.append(asyncio.create_task(self._issuer.serve(HOST, self.addresses.port("issuer"))))
        await self._start_broker()
        self.database_url = await self._start_database()
        urls = await self._prepare_schemas()
        await self._start_services(urls)
        await self._until_ready()
        await seeding.seed(self.addresses, self._keep, self._issuer.token("parley-up", EVERY_SCOPE, "*"))
        self._complete = True
        self._write()
        self._tasks.append(asyncio.create_task(self._renew_tokens()))

    async def stop(self) -> None:
        """Drain the services, then stop what they stood on; nothing is left running."""
        if self._lock is None:
            return  # The home is another's, or nobody's: nothing in it is ours to take away.
        self._complete = False
        parley_json.remove(self.options.home)
        for task in self._tasks:
            task.cancel()
        services = [self._children.pop(name) for name in (*SERVICES, "town_square") if name in self._children]
        await asyncio.gather(*(child.stop(SERVICE_STOP_SECONDS) for child in services))
        if "broker" in self._children:
            await self._children["broker"].stop(1.0)
        if "database" in self._children:
            await self._children["database"].stop(5.0, first=signal.SIGINT)
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _own_parts(self) -> list[str]:
        parts = [*SERVICES, "town_square", "issuer"]
        if self.options.kafka is None:
            parts.append("broker")
        if self.options.database is None:
            parts.append("database")
        return parts

    async def _start_broker(self) -> None:
        if self.options.kafka is None:
            self._say("starting the broker")
            address = self.addresses.address("broker")
            await self._child("broker", lambda: broker.command(address)).start()
        try:
            await _until(lambda: create_topics(self.kafka, partitions=PARTITIONS), 20)
        except Exception as error:
            raise NotStarted(f"No Kafka broker answers at {self.kafka} ({type(error).__name__}).") from error

    async def _start_database(self) -> str:
        if self.options.database is not None:
            return self.options.database
        self._say("starting PostgreSQL")
        postgres = EmbeddedPostgres(self.options.home / "postgres", self.addresses.port("database"))
        await asyncio.to_thread(postgres.prepare)
        child = self._child("database", postgres.command, log=postgres.log, as_user=postgres.run_as)
        await child.start()
        await asyncio.to_thread(postgres.wait_until_ready)
        return postgres.url

    async def _prepare_schemas(self) -> dict[str, ServiceUrls]:
        self._say("preparing the schemas")
        urls = {}
        for service in SERVICES:
            try:
                urls[service] = await provision(self.database_url, service, _password(self.database_url, service))
            except OSError as error:
                raise NotStarted(f"The database cannot be reached: {error}") from error
        for service, url in urls.items():
            await asyncio.to_thread(migrate, service, url.owning)
        return urls

    async def _start_services(self, urls: Mapping[str, ServiceUrls]) -> None:
        self._say("starting the services and the town square")
        square = [
            *(sys.executable, "-m", "deploy.local.town_square", "--host", HOST),
            *("--port", str(self.addresses.port("town_square")), "--home", str(self.options.home / "town_square")),
        ]
        (self.options.home / "town_square").mkdir(exist_ok=True)
        await self._child("town_square", lambda: square).start()
        for service in SERVICES:
            command = [sys.executable, "-m", "services.cli", "serve", service]
            env = self._environment(service, urls[service])
            await self._child(service, partial(list, command), env=env).start()

    def _environment(self, service: str, urls: ServiceUrls) -> dict[str, str]:
        own_broker = self.options.kafka is None
        return {
            "PARLEY_DATABASE__URL": urls.working,
            "PARLEY_KAFKA__BOOTSTRAP": self.kafka,
            "PARLEY_KAFKA__VOLATILE": str(own_broker).lower(),
            "PARLEY_KAFKA__IDEMPOTENT_PRODUCER": str(not own_broker).lower(),
            "PARLEY_KAFKA__CREATE_TOPICS": "true",
            "PARLEY_KAFKA__PARTITIONS": str(PARTITIONS),
            "PARLEY_KAFKA__FETCH_MAX_WAIT_MS": "20",
            "PARLEY_KAFKA__SESSION_TIMEOUT_MS": "6000",
            "PARLEY_AUTH__ISSUER": self._issuer.url,
            "PARLEY_AUTH__JWKS_URL": self._issuer.jwks_url,
            "PARLEY_HTTP__HOST": HOST,
            "PARLEY_HTTP__PORT": str(self.addresses.port(service)),
            "PARLEY_HTTP__PUBLIC_URL": self.addresses.url(service),
            "PARLEY_SECRETS__KEY": self._keep.sealing_key,
            "PARLEY_POLICIES__PATH": str(AGENCIES_FOLDER),
            "PARLEY_POLLING__BLUESKY__STREAM_URL": _stream_url(self.addresses.url("town_square")),
            "PARLEY_DRAIN_SECONDS": "4",
            **_EMBEDDED[service],
        }

    async def _until_ready(self) -> None:
        async with httpx.AsyncClient(timeout=3, trust_env=False) as client:
            try:
                await _until(lambda: self._look(client), READY_SECONDS)
            except RuntimeError as error:
                logs = self.options.home / "logs"
                raise NotStarted(f"Not everything became ready ({error}); the logs are in {logs}.") from error

    async def _look(self, client: httpx.AsyncClient) -> None:
        for service in SERVICES:
            answer = await client.get(f"{self.addresses.url(service)}/ready")
            if answer.status_code != 200 or not answer.json()["consuming"]:
                raise RuntimeError(f"{service}: {answer.text[:200]}")
        (await client.get(f"{self.addresses.url('town_square')}/live")).raise_for_status()

    def _child(
        self,
        name: str,
        command: Callable[[], Sequence[str]],
        *,
        env: Mapping[str, str] | None = None,
        log: Path | None = None,
        as_user: tuple[int, int] | None = None,
    ) -> Child:
        child = Child(
            name, command, log or self.options.home / "logs" / f"{name}.log", self._say, env=env, as_user=as_user
        )
        child.on_change = self._write
        self._children[name] = child
        return child

    def _write(self) -> None:
        if not self._complete:
            return
        pids = {name: child.pid for name, child in self._children.items()}
        content = parley_json.document(self.addresses, self.database_url, self.kafka, pids, self._keep, self._issuer)
        parley_json.write(self.options.home, content)

    async def _renew_tokens(self) -> None:
        while True:
            await asyncio.sleep(NEW_TOKENS_SECONDS)
            self._write()


_EMBEDDED: dict[str, dict[str, str]] = {
    "ingest": {
        "PARLEY_POLLING__MASTODON__POLL_SECONDS": "1",
        "PARLEY_POLLING__MASTODON__LEAST_SECONDS": "0.1",
        "PARLEY_POLLING__MASTODON__REREAD_SECONDS": "2",
        "PARLEY_POLLING__MASTODON__REREAD_BATCH": "20",
        "PARLEY_POLLING__MASTODON__RETRY_SECONDS": "1",
        "PARLEY_POLLING__BLUESKY__POLL_SECONDS": "1",
        "PARLEY_POLLING__BLUESKY__LEAST_SECONDS": "0.1",
        "PARLEY_POLLING__BLUESKY__REREAD_SECONDS": "2",
        "PARLEY_POLLING__BLUESKY__RETRY_SECONDS": "1",
        "PARLEY_POLLING__YOUTUBE__POLL_SECONDS": "1",
        "PARLEY_POLLING__YOUTUBE__REREAD_SECONDS": "2",
        "PARLEY_POLLING__YOUTUBE__RETRY_SECONDS": "1",
        "PARLEY_OPEN311__SERVICES": str(Path(__file__).parent / "open311"),
        "PARLEY_OPEN311__TYPE": "test",
    },
    "policy": {},
    "publisher": {
        "PARLEY_RETRY__SETTLE_SECONDS": "20",
        "PARLEY_DISPATCH__LEASE_SECONDS": "20",
        # Subscribers of a local run are on this machine, and listen where they like.
        "PARLEY_CALLBACKS__ALLOWED_NETWORKS": '["127.0.0.0/8"]',
        "PARLEY_CALLBACKS__PORTS": '["80", "1024-65535"]',
    },
}


def _stream_url(square: str) -> str:
    """Where the town square stands in for Jetstream: nothing of the local run listens to the real one."""
    return square.replace("http", "ws", 1) + "/subscribe"


def _lock(home: Path) -> object:
    """Two Parleys in one home would share one database folder. The lock is held as long as the file is open."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        file = (home / ".lock").open("w")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise NotStarted(f"Parley runs in {home} already.") from error
    except OSError as error:
        raise NotStarted(
            f"{home} cannot be the home of a Parley: {error.strerror}. Name another with --home."
        ) from error
    return file


def service_url(admin_url: str, service: str) -> str:
    """Where the working role of a service finds its schema, as the superuser may derive it."""
    url = make_url(admin_url).set(username=f"parley_{service}", password=_password(admin_url, service))
    return url.render_as_string(hide_password=False)


def _password(admin_url: str, service: str) -> str:
    # The same for whoever uses the same server, so that two homes on one server do not lock each other out.
    admin = make_url(admin_url).password or "parley"
    return hmac.new(str(admin).encode(), service.encode(), hashlib.sha256).hexdigest()


async def _until(attempt: Callable[[], Awaitable[None]], seconds: float) -> None:
    """Try until it succeeds. Raises the last failure as ``RuntimeError``."""
    last: Exception | None = None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while True:
                try:
                    await attempt()
                    return
                except Exception as error:
                    last = error
                await asyncio.sleep(0.1)
    raise RuntimeError(str(last) or type(last).__name__) from last
