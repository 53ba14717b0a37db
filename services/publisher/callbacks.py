"""Claim, deliver, settle: the loop that tells subscribers what happened.

What must stay true: no transaction is open while an endpoint is spoken to; nothing is sent under a lease that may end
before the attempt does; every attempt is logged, the one of a service that died in between as ``lost``. A delivery is
made at least once and with the same id each time. An endpoint that fails or is slow gets one attempt at a time, so that
it takes no room from the others.
"""

import asyncio
import json
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.publisher.callback_ports import Claim, Deliveries, Post, Request, Settled
from services.publisher.domain import signing, subscriptions
from services.publisher.domain.pacing import FIRST_ROOM, Pace
from services.publisher.domain.retrying import Schedule
from services.publisher.domain.subscriptions import Outcome, Settlement
from services.publisher.ports import Bell, Watch
from shared import telemetry

STUMBLE_SECONDS = 1.0
SOON_SECONDS = 10.0
"""What is due later than this is found by the idle look."""
FAULTS = frozenset({"refused", "redirected", "gone", "throttled", "timeout", "broken", "not_connected", "not_echoed"})
"""Outcomes after which an endpoint is tried with one attempt at a time."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much at once, and how long. Times are seconds.

    ``each`` is for one healthy endpoint; one that took longer than ``slow`` is not healthy. ``breath`` is the least
    time between two claims, ``look_after`` that between two looks after endpoints that fail.
    """

    most: int = 1024
    each: int = 32
    breath: float = 0.02
    idle: float = 1.0
    lease: float = 30.0
    attempt: float = 15.0
    slow: float = 2.0
    save: float = 120.0
    drain: float = 8.0
    look_after: float = 60.0


class Callbacks:
    """Carries out deliveries until it is cancelled; then what is under way may still end."""

    def __init__(
        self,
        deliveries: Deliveries,
        post: Post,
        bell: Bell,
        schedule: Schedule,
        limits: Limits,
        *,
        watch: Watch = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._deliveries = deliveries
        self._post = post
        self._bell = bell
        self._schedule = schedule
        self._limits = limits
        self._watch = watch
        self._chance = chance
        self._paces: dict[str, Pace] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._attempting: set[asyncio.Task[None]] = set()
        self._looked_at = float("-inf")

    async def run(self) -> None:
        """The loop. On cancellation it claims nothing more and drains."""
        try:
            while True:
                await self._go_round()
        finally:
            await self._drain()

    async def _go_round(self) -> None:
        try:
            self._bell.clear()
            await self._look_after()
            claimed = await self.claim_and_start()
            await asyncio.sleep(self._limits.breath)
            if claimed == 0:
                await self._bell.wait(self._limits.idle)
        except Exception as error:
            telemetry.logger().error("callbacks.stumbled", error=type(error).__name__, exc_info=error)
            await asyncio.sleep(STUMBLE_SECONDS)

    async def _look_after(self) -> None:
        if self._watch() - self._looked_at >= self._limits.look_after:
            self._looked_at = self._watch()
            await self._deliveries.look_after()

    async def claim_and_start(self) -> int:
        """Claim what there is room for and begin with it; how many that were."""
        room = self._limits.most - len(self._under_way)
        if room <= 0:
            return 0
        before = self._watch()
        self._paces = {known: pace for known, pace in self._paces.items() if not pace.is_outdated(before)}
        room_of = {known: pace.room for known, pace in self._paces.items()}
        claims = await self._deliveries.claim(room, room_of, min(self._limits.each, FIRST_ROOM))
        for claim in claims:
            self._start(claim, before)
        return len(claims)

    def _start(self, claim: Claim, claimed: float) -> None:
        pace = self._paces.setdefault(claim.endpoint.subscription, Pace(self._limits.each))
        pace.start(claimed)
        task = asyncio.create_task(self._carry_out(claim, claimed, pace))
        self._under_way.add(task)
        self._attempting.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._attempting.discard(task)
        self._bell.ring()
        if not task.cancelled() and (error := task.exception()) is not None:
            telemetry.logger().error("callbacks.stumbled", error=type(error).__name__, exc_info=error)

    async def _carry_out(self, claim: Claim, claimed: float, pace: Pace) -> None:
        went_well = False
        try:
            settled = await self._attempt(claim, claimed)
            # From here on the outcome is known, so a drain waits instead of cancelling.
            task = asyncio.current_task()
            if task is not None:
                self._attempting.discard(task)
            went_well = self._went_well(settled)
            if not went_well:
                # What failed may change what the endpoint gets next, so nothing goes there before that is written.
                await self._save(settled)
        finally:
            pace.end(went_well)
        if went_well:
            await self._save(settled)

    def _went_well(self, settled: Settled) -> bool:
        took = (settled.ended_at - settled.started_at).total_seconds()
        return took <= self._limits.slow and (settled.outcome is None or settled.outcome.name not in FAULTS)

    async def _attempt(self, claim: Claim, claimed: float) -> Settled:
        """Send what the claim asks for; the clock is the database's, moved on by our own watch."""
        started = self._now(claim, claimed)
        if self._watch() - claimed + self._limits.attempt >= self._limits.lease:
            return Settled(claim, Settlement("waiting", claim.failures, timedelta(0)), None, started, started)
        outcome = await self._send(claim, started)
        settlement = subscriptions.after_attempt(
            claim.failures, outcome, self._schedule, self._chance(), one_off=claim.endpoint.is_callback
        )
        return Settled(claim, settlement, outcome, started, self._now(claim, claimed))

    def _now(self, claim: Claim, claimed: float) -> datetime:
        return claim.claimed_at + timedelta(seconds=self._watch() - claimed)

    async def _send(self, claim: Claim, at: datetime) -> Outcome:
        try:
            outcome = await self._post.send(request_of(claim, at))
        except Exception as error:
            telemetry.logger().error("delivery.send_failed", delivery=claim.delivery, error=type(error).__name__)
            return Outcome("not_connected")
        if claim.kind == "verification" and outcome.is_success and not _echoed(claim, outcome):
            return Outcome("not_echoed", outcome.status)
        return outcome

    async def _save(self, settled: Settled) -> None:
        """Write the outcome down; tries on while the database is away, for the lease may still be ours then."""
        until = self._watch() + self._limits.save
        wait = 0.1
        while True:
            try:
                kept = await self._deliveries.settle(settled)
                break
            except Exception as error:
                telemetry.logger().warning("delivery.not_saved", error=type(error).__name__)
                if self._watch() > until:
                    raise
            await asyncio.sleep(wait)
            wait = min(wait * 2, 2.0)
        wait_for = settled.settlement.due_in
        if wait_for is not None and wait_for.total_seconds() <= SOON_SECONDS:
            asyncio.get_running_loop().call_later(wait_for.total_seconds(), self._bell.ring)
        if not kept:
            telemetry.logger().warning("delivery.lease_lost", delivery=settled.claim.delivery)

    async def _drain(self) -> None:
        """Let attempts end; those that take too long are left to their lease, and so are made again."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._limits.drain)
        for task in self._attempting:
            task.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=1)


def request_of(claim: Claim, at: datetime) -> Request:
    """The request of one attempt, signed. Raises ``NoKey``."""
    endpoint = claim.endpoint
    signed = signing.headers(endpoint.keys, claim.message, at, claim.body)
    if claim.kind == "verification" and endpoint.verification == "get":
        # What is signed is the body, and a GET has none.
        signed = signing.headers(endpoint.keys, claim.message, at, b"")
        asked = subscriptions.challenging(endpoint.url, challenge_of(claim.body))
        return Request("GET", asked, signed, b"", endpoint.credentials)
    return Request("POST", endpoint.url, signed, claim.body, endpoint.credentials)


def challenge_of(body: bytes) -> str:
    """The challenge that a verification carries."""
    challenge: str = json.loads(body)["data"]["challenge"]
    return challenge


def _echoed(claim: Claim, outcome: Outcome) -> bool:
    return subscriptions.echoes(challenge_of(claim.body), outcome.excerpt)
