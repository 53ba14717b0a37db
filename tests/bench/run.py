"""The order of one run: decisions, then intake, pipeline and latency on one Parley, then the barest loop and a replay.

Each system has the machine to itself while it is measured; the replay comes last, because its database stays.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.bench import deciding, replaying
from tests.bench.backlog import run_backlog
from tests.bench.callbacks import SUBSCRIBERS, Callbacks, run_callbacks
from tests.bench.comments import Comments
from tests.bench.flow import Audit
from tests.bench.intake import Heavy, Intake, Rounds, run_heavy, run_intake
from tests.bench.latency import Latency, run_latency
from tests.bench.pipeline import Length, Pipeline, run_pipeline
from tests.bench.publishing import run_publishing
from tests.bench.stub import Stub
from tests.bench.system import (
    PAGE,
    Kafka,
    System,
    barest,
    broker_of_the_run,
    empty_route,
    held,
    open_door,
    parley,
    reply_to_stub,
    versions,
)
from tests.bench.timers import A_MINUTE, Timers, run_timers
from tests.support.ports import free_port
from tests.support.senders import SENDERS

PARTS = frozenset(
    {"deciding", "replay", "intake", "heavy", "pipeline", "latency", "timers", "publishing", "backlog", "callbacks"}
)
STEADY_RATE = 87.0
DISTURBED_CPUS = 0.1
ASSUMED_PER_SECOND = 1_000.0
"""Whose half the latency is measured at when the pipeline was not measured."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """How long everything takes; ``latency`` is in seconds, ``deciding`` in rounds, ``replay`` in stored comments,
    ``timers`` in how many are due, ``publishing`` in replies, ``backlog`` in
    seconds a round, ``callbacks`` in messages to each subscriber."""

    deciding: int
    replay: int
    intake: Rounds
    heavy: Rounds
    pipeline: Length
    barest: Length
    latency: float
    timers: int
    publishing: int
    backlog: float
    callbacks: int


FULL = Plan(
    deciding=25,
    replay=20_000,
    intake=Rounds(5, 5.0),
    heavy=Rounds(1, 1.5, 0.5),
    pipeline=Length(10.0, 25.0),
    barest=Length(5.0, 20.0),
    latency=25.0,
    timers=40_000,
    publishing=10_000,
    backlog=8.0,
    callbacks=800,
)
QUICK = Plan(
    deciding=7,
    replay=3_000,
    intake=Rounds(2, 3.0),
    heavy=Rounds(1, 1.0, 0.3),
    pipeline=Length(4.0, 10.0),
    barest=Length(3.0, 5.0),
    latency=6.0,
    timers=5_000,
    publishing=2_000,
    backlog=4.0,
    callbacks=100,
)


@dataclass
class Outcome:
    """What was measured so far, by the keys of the file."""

    kafka: Kafka
    versions: dict[str, str] = field(default_factory=dict)
    values: dict[str, float] = field(default_factory=dict)
    audits: dict[str, Audit] = field(default_factory=dict)
    heavy: list[Heavy] = field(default_factory=list)
    pipeline: Pipeline | None = None
    barest: Pipeline | None = None

    @property
    def is_right(self) -> bool:
        return all(audit.is_right for audit in self.audits.values())


async def measure(parts: frozenset[str], plan: Plan, say: Say) -> Outcome:
    """Measure these parts. Raises ``NotStarted`` and ``Stuck``."""
    outcome = Outcome(broker_of_the_run())
    say(f"broker: {outcome.kafka.version}")
    if "deciding" in parts:
        await _deciding(outcome, plan, say)
    if parts & {"intake", "heavy"}:
        await _intake(outcome, parts, plan, say)
    if parts & {"pipeline", "latency"}:
        await _whole_way(outcome, parts, plan, say)
    if "timers" in parts:
        await _timers(outcome, plan, say)
    if "publishing" in parts:
        await _publishing(outcome, plan, say)
    if "backlog" in parts:
        await _backlog(outcome, plan, say)
    if "pipeline" in parts:
        await _barest(outcome, plan, say)
    if "callbacks" in parts:
        await _callbacks(outcome, plan, say)
    if "replay" in parts:
        await _replay(outcome, plan, say)
    return outcome


async def _deciding(outcome: Outcome, plan: Plan, say: Say) -> None:
    say("deciding: making the policies")
    measured = await asyncio.to_thread(deciding.measure, plan.deciding)
    rules, phrases = deciding.SIZE
    say(f"deciding: {measured.decide:.0f} µs a comment under {rules:,} rules and {phrases:,} phrases")
    say(f"deciding: × {measured.growth:.2f} under twice as many")
    outcome.values["decide_us"], outcome.values["decide_growth"] = measured.decide, measured.growth
    outcome.values["classify_us"], outcome.values["language_us"] = measured.classify, measured.language


async def _replay(outcome: Outcome, plan: Plan, say: Say) -> None:
    say(f"replay: storing {plan.replay:,} comments")
    measured = await asyncio.to_thread(replaying.measure, plan.replay)
    seconds = measured["replay_seconds"]
    outcome.values["replay_100k_seconds"] = seconds * replaying.COUNT / plan.replay
    say(
        f"replay: {plan.replay:,} stored comments in {seconds:.1f} s, "
        f"scaled to {replaying.COUNT:,}: {outcome.values['replay_100k_seconds']:.0f} s"
    )


async def _intake(outcome: Outcome, parts: frozenset[str], plan: Plan, say: Say) -> None:
    say("intake: starting Parley and the empty route")
    async with parley(outcome.kafka) as (system, found), empty_route() as (empty, pid):
        # Ingest alone: the others stand still, and what it sends waits at the broker.
        with held([system.pids["policy"], system.pids["publisher"]]):
            if "intake" in parts:
                intake = await run_intake(system, empty, pid, plan.intake, lambda line: say(f"intake: {line}"))
                outcome.values["intake_ratio"] = intake.ratio
                _say_intake(intake, say)
            if "heavy" in parts:
                for platform in SENDERS:
                    door = await open_door(found, platform)
                    outcome.heavy.append(await run_heavy(system, platform, door, empty, plan.heavy))
                    _say_heavy(outcome.heavy[-1], say)


async def _whole_way(outcome: Outcome, parts: frozenset[str], plan: Plan, say: Say) -> None:
    say("pipeline: starting Parley and the stub")
    stub, port = await _stub()
    async with parley(outcome.kafka) as (system, found):
        outcome.versions = await versions(outcome.kafka, system)
        await reply_to_stub(found, system.page, port)
        comments = Comments(system.page)
        if "pipeline" in parts:
            outcome.pipeline = await run_pipeline(system, comments, stub, plan.pipeline)
            _say_pipeline("pipeline", outcome.pipeline, say)
            outcome.audits["pipeline"] = outcome.pipeline.audit
            outcome.values["pipeline_per_second"] = outcome.pipeline.per_second
            outcome.values["cpu_ms_per_comment"] = outcome.pipeline.cpu_ms_per_comment
        if "latency" in parts:
            await _latencies(outcome, system, comments, stub, plan, say)
    stub.close()


async def _latencies(outcome: Outcome, system: System, comments: Comments, stub: Stub, plan: Plan, say: Say) -> None:
    half = outcome.values.get("pipeline_per_second", ASSUMED_PER_SECOND) / 2
    for prefix, rate in (("latency", half), ("latency_87", STEADY_RATE)):
        latency = await run_latency(system, comments, stub, rate, plan.latency)
        _say_latency(latency, say)
        outcome.audits[f"latency at {rate:,.0f} a second"] = latency.audit
        outcome.values[f"{prefix}_p50_ms"] = latency.p50_ms
        outcome.values[f"{prefix}_p99_ms"] = latency.p99_ms


async def _timers(outcome: Outcome, plan: Plan, say: Say) -> None:
    say(f"timers: starting Parley, {plan.timers:,} are due at {A_MINUTE:,} a minute")
    async with parley(outcome.kafka) as (system, _):
        timers = await run_timers(system, plan.timers, Rounds(3, 3.0))
    outcome.values["intake_beside_timers"] = timers.intake_ratio
    _say_timers(timers, say)


async def _callbacks(outcome: Outcome, plan: Plan, say: Say) -> None:
    say(f"callbacks: telling {SUBSCRIBERS} subscribers {plan.callbacks:,} messages each")
    callbacks = await run_callbacks(plan.callbacks)
    outcome.values["callbacks_per_second"] = callbacks.ours.per_second
    outcome.values["callbacks_cpu_ms"] = callbacks.ours.cpu_ms
    outcome.values["callbacks_ratio"] = callbacks.ratio
    _say_callbacks(callbacks, say)


async def _publishing(outcome: Outcome, plan: Plan, say: Say) -> None:
    say(f"publishing: starting Parley, {plan.publishing:,} replies wait")
    stub, port = await _stub()
    async with parley(outcome.kafka) as (system, found):
        with held([system.pids["ingest"], system.pids["policy"]]):
            measured = await run_publishing(system, found, stub, port, plan.publishing)
    stub.close()
    outcome.values["replies_per_second"] = measured.per_second
    outcome.values["reply_cpu_ms"] = measured.cpu_ms
    outcome.values["reply_ratio"] = measured.ratio
    say(
        f"publishing: {measured.per_second:,.0f} replies a second, {measured.cpu_ms:.2f} ms CPU each; "
        f"barest loop {measured.barest_per_second:,.0f} a second, {measured.barest_cpu_ms:.2f} ms"
    )


async def _backlog(outcome: Outcome, plan: Plan, say: Say) -> None:
    say(f"backlog: replies of live accounts beside a dead platform, {plan.backlog:.0f} s each time")
    without, *beside = await run_backlog(plan.backlog)
    say(f"backlog: nothing waits, p50 {without.p50_ms:.0f} ms, p99 {without.p99_ms:.0f} ms")
    for one in beside:
        p50, p99 = one.p50_ms / without.p50_ms, one.p99_ms / without.p99_ms
        outcome.values[f"beside_{one.backlog}_p50"], outcome.values[f"beside_{one.backlog}_p99"] = p50, p99
        say(
            f"backlog: {one.backlog:,} wait for the dead platform, p50 {one.p50_ms:.0f} ms (× {p50:.2f}), "
            f"p99 {one.p99_ms:.0f} ms (× {p99:.2f})"
        )


async def _barest(outcome: Outcome, plan: Plan, say: Say) -> None:
    say("pipeline: starting the barest loop")
    stub, port = await _stub()
    async with barest(outcome.kafka, port) as system:
        outcome.barest = await run_pipeline(system, Comments(system.page), stub, plan.barest)
    stub.close()
    _say_pipeline("barest loop", outcome.barest, say)
    outcome.audits["barest loop"] = outcome.barest.audit
    if outcome.pipeline is not None:
        outcome.values["pipeline_ratio"] = outcome.pipeline.per_second / outcome.barest.per_second


async def _stub() -> tuple[Stub, int]:
    stub, port = Stub(PAGE), free_port()
    await stub.listen(port)
    return stub, port


def _say_intake(intake: Intake, say: Say) -> None:
    say(
        f"intake: {intake.per_second:,.0f} ÷ {intake.empty_per_second:,.0f} a second = {intake.ratio:.2f} "
        f"(the generator needs {intake.generator_us:.0f} µs a request)"
    )
    _say_disturbed("intake", intake.others_cpus, say)


def _say_heavy(heavy: Heavy, say: Say) -> None:
    say(
        f"intake of {heavy.platform}: {heavy.per_second:,.0f} ÷ {heavy.empty_per_second:,.0f} a second "
        f"= {heavy.ratio:.2f} ({heavy.comments} comments in {heavy.bytes:,} bytes)"
    )


def _say_pipeline(name: str, pipeline: Pipeline, say: Say) -> None:
    slices = " ".join(f"{rate:,.0f}" for rate in pipeline.slices)
    say(f"{name}: {pipeline.per_second:,.0f} a second ({slices}), {pipeline.cpu_ms_per_comment:.2f} ms CPU a comment")
    _say_disturbed(name, pipeline.others_cpus, say)


def _say_timers(timers: Timers, say: Say) -> None:
    say(
        f"timers: {timers.count:,} went off once each, the last {timers.late_seconds:.1f} s late; intake beside them "
        f"{timers.beside:,.0f} ÷ {timers.before:,.0f} a second = {timers.intake_ratio:.2f}"
    )


def _say_callbacks(callbacks: Callbacks, say: Say) -> None:
    ours, barest = callbacks.ours, callbacks.barest
    say(
        f"callbacks: {ours.per_second:,.0f} ÷ {barest.per_second:,.0f} a second = {callbacks.ratio:.2f}; CPU each "
        f"{ours.sender_cpu_ms:.2f} ms and {ours.postgres_cpu_ms:.2f} ms in PostgreSQL, beside {barest.cpu_ms:.2f} ms"
    )
    _say_disturbed("callbacks", ours.others_cpus, say)


def _say_latency(latency: Latency, say: Say) -> None:
    say(
        f"latency at {latency.rate:,.0f} a second: p50 {latency.p50_ms:.0f} ms, p99 {latency.p99_ms:.0f} ms, "
        f"worst {latency.worst_ms:.0f} ms"
    )
    _say_disturbed("latency", latency.others_cpus, say)


def _say_disturbed(name: str, others_cpus: float, say: Say) -> None:
    if others_cpus > DISTURBED_CPUS:
        say(f"{name}: [yellow]disturbed:[/] the rest of the machine used {others_cpus:.1f} CPUs meanwhile")
