"""Intake: webhooks accepted and committed a second, beside an empty route that takes the same ones.

The two are measured in turn, several rounds each, so that whatever else the machine does meets both; of each the median
counts. Before the empty route's turn what ingest still has to send to the broker is let go by.
"""

import asyncio
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tests.bench.comments import Comments, Page
from tests.bench.cpu import Processes, Watch
from tests.bench.flow import Stuck
from tests.bench.heaviest import Door, Heaviest
from tests.bench.posting import Posters
from tests.bench.system import System

CONNECTIONS = 64
SETTLE_SECONDS = 20.0
QUIET = 0.25
"""CPUs in use by a system that has nothing to do, at most: consumers ask for records all the time."""


@dataclass(frozen=True)
class Rounds:
    """How often each side is measured, for how many seconds after how many of warming up."""

    count: int
    seconds: float
    warm_up: float = 1.0


@dataclass(frozen=True)
class Intake:
    """Requests a second of each round, and what one costs the load generator in µs.

    ``others_cpus`` is how many CPUs everyone else used meanwhile.
    """

    accepted: tuple[float, ...]
    empty: tuple[float, ...]
    generator_us: float
    others_cpus: float

    @property
    def per_second(self) -> float:
        return statistics.median(self.accepted)

    @property
    def empty_per_second(self) -> float:
        return statistics.median(self.empty)

    @property
    def ratio(self) -> float:
        return self.per_second / self.empty_per_second


@dataclass(frozen=True)
class Heavy:
    """Intake of one platform's heaviest body: requests a second, and what one costs the ingest process in µs."""

    platform: str
    comments: int
    bytes: int
    per_second: float
    empty_per_second: float
    ingest_us: float

    @property
    def ratio(self) -> float:
        return self.per_second / self.empty_per_second


class Supply(Protocol):
    """Where requests come from; ``count`` were made so far."""

    count: int

    def next(self) -> tuple[str, bytes]:
        """A key, and the whole request."""


async def run_heavy(system: System, platform: str, door: Door, empty: Page, rounds: Rounds) -> Heavy:
    """One platform's heaviest body, then the empty route with the same. Raises ``Stuck``."""
    ours, theirs = Heaviest(platform, door), Heaviest(platform, Door(empty.host, empty.port, empty.path))
    processes = Processes(system.pids)
    before = processes.seconds()["ingest"]
    accepted = await accepted_a_second(door, ours, rounds)
    used = processes.seconds()["ingest"] - before
    await _settle(processes)
    nothing = await accepted_a_second(empty, theirs, rounds)
    return Heavy(platform, ours.comments, ours.bytes, accepted, nothing, 1e6 * used / ours.count)


async def run_intake(system: System, empty: Page, empty_pid: int, rounds: Rounds, say: Callable[[str], None]) -> Intake:
    """Both in turn. Raises ``Stuck`` where a webhook is not answered with 200."""
    accepted, nothing = [], []
    ours, theirs = Comments(system.page), Comments(empty)
    watch, started = Watch({**system.pids, "empty route": empty_pid}), time.perf_counter()
    for number in range(1, rounds.count + 1):
        accepted.append(await accepted_a_second(system.page, ours, rounds))
        await _settle(Processes(system.pids))
        nothing.append(await accepted_a_second(empty, theirs, rounds))
        say(f"round {number}: {accepted[-1]:,.0f} accepted, {nothing[-1]:,.0f} by the empty route")
    used = watch.used()
    return Intake(
        accepted=tuple(accepted),
        empty=tuple(nothing),
        generator_us=1e6 * used.generator / (ours.count + theirs.count),
        others_cpus=used.others / (time.perf_counter() - started),
    )


async def accepted_a_second(page: Page | Door, comments: Supply, rounds: Rounds) -> float:
    """Answers a second with every connection always busy."""
    answered = 0
    refused: list[int] = []

    def on_answer(_: str, status: int) -> None:
        nonlocal answered
        answered += 1
        if status != 200:
            refused.append(status)
        elif not stopped:
            posters.post(*comments.next())

    stopped = False
    posters = Posters(page.host, page.port, CONNECTIONS, on_answer)
    await posters.open()
    for _ in range(CONNECTIONS):
        posters.post(*comments.next())
    await asyncio.sleep(rounds.warm_up)
    before, started = answered, time.perf_counter()
    await asyncio.sleep(rounds.seconds)
    rate = (answered - before) / (time.perf_counter() - started)
    stopped = True
    await asyncio.sleep(0.5)
    posters.close()
    if refused:
        raise Stuck(f"{len(refused)} webhooks were answered with {sorted(set(refused))}")
    return rate


async def _settle(processes: Processes) -> None:
    """Wait until the system has worked off what it took in."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < deadline:
        before = sum(processes.seconds().values())
        await asyncio.sleep(1.0)
        if sum(processes.seconds().values()) - before < QUIET:
            return
