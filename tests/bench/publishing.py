"""The publisher alone: how many released replies a second reach a platform, and what CPU each costs.

The replies are duties in its database already, on five accounts of three agencies; ingest and policy stand still.
Beside it the barest loop with the same HTTP client: it posts the same bodies to the same stub, and remembers nothing.

``python -m tests.bench.publishing CONFIG`` with CONFIG as JSON is that loop.
"""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import asyncpg
import httpx
import uvloop

from services.publisher.adapters.http import Http
from shared.ids import account_id
from tests.bench.barest import LINE
from tests.bench.cpu import Watch
from tests.bench.flow import Stuck
from tests.bench.stub import Stub
from tests.bench.system import HOST, System, process

ACCOUNTS = (
    ("passports", "110000000000001"),
    ("passports", "110000000000901"),
    ("water-board", "110000000000902"),
    ("water-board", "110000000000903"),
    ("central-bank", "110000000000904"),
)
AT_ONCE = 96
"""Requests of the barest loop under way: as many as the publisher lets one host have."""
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True)
class Publishing:
    """Replies a second and CPU milliseconds a reply, Parley's and the barest loop's."""

    count: int
    per_second: float
    cpu_ms: float
    barest_per_second: float
    barest_cpu_ms: float

    @property
    def ratio(self) -> float:
        return self.per_second / self.barest_per_second


@dataclass(frozen=True)
class Config:
    """What the barest loop posts, and where."""

    base_url: str
    comments: int


async def run_publishing(system: System, found: dict[str, Any], stub: Stub, port: int, count: int) -> Publishing:
    """Let the publisher send so many replies, then the barest loop. Raises ``Stuck`` where one is missing or double."""
    connection = await asyncpg.connect(system.database_url)
    try:
        await _prepare(connection, found, port)
        pids = {name: system.pids[name] for name in ("publisher", "postgres")}
        watch = Watch(pids)
        times = _times(stub)
        await connection.execute(_DUTIES, [a for a, _ in ACCOUNTS], [b for _, b in ACCOUNTS], count, LINE)
        await _until(lambda: len(times) >= count, f"of {count:,} replies")
        await _until_settled(connection)
        used = watch.used()
    finally:
        await connection.close()
    replies = [len(posted) for posted in stub.replies.values()]
    if sum(replies) != count or max(replies) != 1:
        raise Stuck(f"of {count:,} replies {len(replies):,} arrived, {sum(replies):,} times in all")
    barest, barest_cpu = await _barest(stub, port, count)
    cpu = 1000 * sum(used.system.values()) / count
    return Publishing(count, (count - 1) / (times[-1] - times[0]), cpu, barest, barest_cpu)


async def _prepare(connection: asyncpg.Connection, found: dict[str, Any], port: int) -> None:
    headers = {"Authorization": f"Bearer {found['tokens']['admin']}"}
    async with httpx.AsyncClient(headers=headers, timeout=10, trust_env=False) as client:
        for agency, account in ACCOUNTS:
            known_as = account_id("facebook", account)
            await connection.execute(_ACCOUNT, known_as, agency, account)
            body = {"token": f"token-of-{account}", "base_url": f"http://{HOST}:{port}/graph"}
            url = f"{found['publisher']}/v1/accounts/{known_as}/credentials"
            (await client.put(url, json=body)).raise_for_status()


def _times(stub: Stub) -> list[float]:
    times: list[float] = []
    stub.on_reply = lambda comment: times.append(time.perf_counter())
    return times


async def _barest(stub: Stub, port: int, count: int) -> tuple[float, float]:
    stub.forget()
    times = _times(stub)
    config = Config(f"http://{HOST}:{port}/graph/v25.0", count)
    command = [sys.executable, "-m", "tests.bench.publishing", json.dumps(asdict(config))]
    async with process(command, "publishing") as running:
        watch = Watch({"barest loop": running.pid})
        await _until(lambda: len(times) >= count, f"of {count:,} replies of the barest loop")
        used = watch.used()
    return (count - 1) / (times[-1] - times[0]), 1000 * sum(used.system.values()) / count


async def _until(done: Any, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise Stuck(f"not all {what} arrived within {PATIENCE_SECONDS:.0f} s")
        await asyncio.sleep(0.05)


async def _until_settled(connection: asyncpg.Connection) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while await connection.fetchval(_OPEN):
        if time.monotonic() > deadline:
            raise Stuck("not all replies were settled")
        await asyncio.sleep(0.05)


async def main(config: Config) -> None:
    """Post that many replies as fast as the client does, then wait to be ended."""
    http = Http(connections=AT_ONCE)
    numbers = iter(range(config.comments))

    async def post() -> None:
        for number in numbers:
            url = f"{config.base_url}/bare_{number}/comments"
            await http.post("facebook", url, {"authorization": "Bearer token"}, {"message": LINE})

    await asyncio.gather(*(post() for _ in range(AT_ONCE)))
    await asyncio.Event().wait()


_ACCOUNT = """
    INSERT INTO publisher.account (id, agency, platform, account) VALUES ($1, $2, 'facebook', $3) ON CONFLICT DO NOTHING
"""
_DUTIES = """
    INSERT INTO publisher.publication (id, agency, platform, account, thread, response, case_id, comments, reply_to,
                                       text, public, release, due_at)
    SELECT 'pub_bench' || i, ($1::text[])[1 + i % 5], 'facebook', ($2::text[])[1 + i % 5], 'bench_' || i,
           'rsp_bench' || i, 'case_bench', ARRAY['cmt_bench' || i], 'bench_' || i, $4, true, '{}', clock_timestamp()
    FROM generate_series(1, $3::int) AS i
"""
_OPEN = """
    SELECT EXISTS (SELECT 1 FROM publisher.publication WHERE id LIKE 'pub_bench%' AND state <> 'published')
"""


def config_of(arguments: Sequence[str]) -> Config:
    """The configuration on the command line."""
    return Config(**json.loads(arguments[1]))


if __name__ == "__main__":
    uvloop.run(main(config_of(sys.argv)))
