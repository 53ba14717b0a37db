"""Callbacks a second to fifty subscribers: from the event to the log of the attempt, beside the barest loop.

The database is Parley's own; receivers and load are in this process. Both loops tell the same subscribers the same
things with the same HTTP client in one run; that each subscriber got each message is counted at its door.
"""

import asyncio
import json
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from deploy.local.postgres import EmbeddedPostgres
from shared.migrations import migrate
from shared.provisioning import provision
from tests.bench.callback_receivers import Receivers
from tests.bench.callback_sender import Task
from tests.bench.cpu import Watch
from tests.bench.flow import Stuck
from tests.support.ports import free_port

SUBSCRIBERS = 50
PATIENCE_SECONDS = 45.0


@dataclass(frozen=True)
class Told:
    """So many callbacks a second, with so much CPU each (ms, in the sender and in PostgreSQL), while the rest of the
    machine used so many CPUs."""

    count: int
    per_second: float
    sender_cpu_ms: float
    postgres_cpu_ms: float
    others_cpus: float

    @property
    def cpu_ms(self) -> float:
        return self.sender_cpu_ms + self.postgres_cpu_ms


@dataclass(frozen=True)
class Callbacks:
    """What Parley did, and what can be had at best."""

    ours: Told
    barest: Told

    @property
    def ratio(self) -> float:
        return self.ours.per_second / self.barest.per_second


async def run_callbacks(messages: int) -> Callbacks:
    """Tell each of the subscribers so many messages. Raises ``Stuck`` where one did not arrive, or twice."""
    receivers, ports = Receivers(), [free_port() for _ in range(SUBSCRIBERS)]
    await receivers.listen(ports)
    folder = Path(tempfile.mkdtemp(prefix="parley-bench-"))
    postgres = EmbeddedPostgres(folder / "postgres", free_port())
    try:
        await asyncio.to_thread(postgres.start)
        urls = await provision(postgres.url, "publisher", "bench")
        await asyncio.to_thread(migrate, "publisher", urls.owning)
        assert postgres.process is not None, "it has just started"
        ours = await _measure(Task(ports, messages, urls.working), receivers, {"postgres": postgres.process.pid})
    finally:
        await asyncio.to_thread(postgres.stop)
        shutil.rmtree(folder, ignore_errors=True)
    barest = await _measure(Task(ports, messages), receivers, {})
    receivers.close()
    return Callbacks(ours, barest)


async def _measure(task: Task, receivers: Receivers, pids: dict[str, int]) -> Told:
    receivers.forget()
    count = task.messages * len(task.ports)
    async with _sender(task) as process:
        assert process.stdin is not None
        watch = Watch({"sender": process.pid, **pids})
        began = time.perf_counter()
        process.stdin.write(b"go\n")
        while receivers.requests < count:
            if time.perf_counter() - began > PATIENCE_SECONDS:
                raise Stuck(f"{receivers.requests} of {count} callbacks arrived within {PATIENCE_SECONDS:g} s")
            await asyncio.sleep(0.02)
        await _line(process, b"done")
        seconds, used = time.perf_counter() - began, watch.used()
    if receivers.requests != count or any(len(ids) != task.messages for ids in receivers.ids):
        raise Stuck(f"{receivers.requests} callbacks arrived and not {count}, each once")
    return Told(
        count,
        count / seconds,
        used.system["sender"] * 1000 / count,
        used.system.get("postgres", 0.0) * 1000 / count,
        used.others / seconds,
    )


@asynccontextmanager
async def _sender(task: Task) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.callback_sender", json.dumps(asdict(task))),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        await _line(process, b"ready")
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _line(process: asyncio.subprocess.Process, wanted: bytes) -> None:
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        while (line := await process.stdout.readline()).strip() != wanted:
            if not line:
                raise Stuck("the sender of callbacks ended early")
