"""The closed loop: how many comments a second go all the way, and what CPU they cost."""

import asyncio
import time
from dataclasses import dataclass

from tests.bench.comments import Comments
from tests.bench.cpu import Seconds, Watch
from tests.bench.flow import Audit, Flow
from tests.bench.stub import Stub
from tests.bench.system import System

UNDER_WAY = 2_000
CONNECTIONS = 256
SLICE_SECONDS = 5.0


@dataclass(frozen=True)
class Length:
    """How long a phase warms up and how long it is measured, in seconds."""

    warm_up: float
    window: float


@dataclass(frozen=True)
class Pipeline:
    """One closed loop, measured. ``slices`` are the rates of its parts, CPU is in milliseconds a comment.

    ``others_cpus`` is how many CPUs the rest of the machine used meanwhile: more than a tenth, and it disturbed.
    """

    per_second: float
    slices: tuple[float, ...]
    cpu_ms: Seconds
    generator_cpu_ms: float
    others_cpus: float
    audit: Audit

    @property
    def cpu_ms_per_comment(self) -> float:
        """Over all processes but load generator and stub."""
        return sum(self.cpu_ms.values())


async def run_pipeline(system: System, comments: Comments, stub: Stub, length: Length) -> Pipeline:
    """Keep 2,000 comments under way; measure once that is steady. Raises ``Stuck``."""
    flow = Flow(comments, stub, system.page.host, system.page.port, connections=CONNECTIONS)
    await flow.open()
    flow.keep_under_way(UNDER_WAY)
    await asyncio.sleep(length.warm_up)
    flow.require_life()
    watch = Watch(system.pids)
    first, started = flow.done, time.perf_counter()
    slices = await _slices(flow, length.window)
    done, seconds = flow.done - first, time.perf_counter() - started
    used = watch.used()
    return Pipeline(
        per_second=done / seconds,
        slices=slices,
        cpu_ms={name: 1000 * cpu / done for name, cpu in used.system.items()},
        generator_cpu_ms=1000 * used.generator / done,
        others_cpus=used.others / seconds,
        audit=await flow.drain(),
    )


async def _slices(flow: Flow, window: float) -> tuple[float, ...]:
    """The rate of each slice of the window."""
    rates = []
    end = time.perf_counter() + window
    while (now := time.perf_counter()) < end - 0.01:
        done = flow.done
        await asyncio.sleep(min(SLICE_SECONDS, end - now))
        rates.append((flow.done - done) / (time.perf_counter() - now))
    return tuple(rates)
