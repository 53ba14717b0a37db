"""The open loop: how long a comment takes from the moment it was meant to be sent to the recorded reply."""

import random
import statistics
from dataclasses import dataclass

from tests.bench.comments import Comments
from tests.bench.cpu import Watch
from tests.bench.flow import Audit, Flow
from tests.bench.stub import Stub
from tests.bench.system import System

CONNECTIONS = 64
SEED = 20261122
LULL_SECONDS = 2.0
"""What is sent at first finds connections and caches cold; it is answered but not counted."""


@dataclass(frozen=True)
class Latency:
    """Milliseconds at ``rate`` comments a second; ``others_cpus`` is what everyone else used meanwhile."""

    rate: float
    p50_ms: float
    p99_ms: float
    worst_ms: float
    others_cpus: float
    audit: Audit


async def run_latency(system: System, comments: Comments, stub: Stub, rate: float, seconds: float) -> Latency:
    """Let comments arrive at random for so long. Raises ``Stuck``."""
    flow = Flow(comments, stub, system.page.host, system.page.port, connections=CONNECTIONS)
    chance = random.Random(SEED)
    await flow.open()
    await flow.arrive(rate, LULL_SECONDS, chance)
    flow.start_counting()
    watch = Watch(system.pids)
    await flow.arrive(rate, seconds, chance)
    others_cpus = watch.used().others / seconds
    audit = await flow.drain()
    flow.require_life()
    hundredths = statistics.quantiles(flow.latencies, n=100)
    return Latency(rate, 1000 * hundredths[49], 1000 * hundredths[98], 1000 * max(flow.latencies), others_cpus, audit)
