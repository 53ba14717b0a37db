"""Claim, send, settle: the loop that carries duties out into the world.

What must stay true: no transaction is open while a platform is spoken to; nothing is sent under a lease that may end
before the attempt does; an outcome that is known is written down, however the service ends. Of each thread only the
oldest open publication is ever claimed (the store sees to that), so answers appear in the order of their release; what
is no answer and in doubt keeps nothing back.
"""

import asyncio
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.publisher.domain import publications, settlements
from services.publisher.domain.outcomes import (
    MOVED,
    NOT_POSSIBLE,
    CannotSee,
    CredentialsDead,
    Outcome,
    Refused,
    Sighting,
    Unknown,
    detail_of,
    name_of,
)
from services.publisher.domain.pacing import FIRST_ROOM, Pace, PlatformPace
from services.publisher.domain.publications import Publication
from services.publisher.domain.settlements import RetryPolicy, Settlement
from services.publisher.ports import AccountKey, Attempt, Bell, Channel, Claim, Claims, Settled, Watch
from shared import telemetry

STUMBLE_SECONDS = 1.0
SOON_SECONDS = 0.04
TROUBLE = frozenset({"unknown", "unavailable", "throttled", "credentials_dead", "cannot_see"})
"""Outcomes after which an account is tried with one attempt at a time."""
SILENCE = frozenset({"unknown", "unavailable", "cannot_see"})
"""Those of them that speak against the whole platform: it gave no answer."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much at once, and how long. Times are seconds.

    ``breath`` is the least time between two claims: what becomes due meanwhile is claimed together.
    """

    most: int = 64
    each: int = 48
    breath: float = 0.01
    idle: float = 1.0
    lease: float = 30.0
    attempt: float = 15.0
    save: float = 120.0
    drain: float = 8.0


class Dispatcher:
    """Carries out publications until it is cancelled; then what is under way may still end."""

    def __init__(
        self,
        claims: Claims,
        channels: Mapping[str, Channel],
        bell: Bell,
        policy: RetryPolicy,
        limits: Limits,
        *,
        watch: Watch = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._claims = claims
        self._channels = channels
        self._bell = bell
        self._policy = policy
        self._limits = limits
        self._watch = watch
        self._chance = chance
        self._paces: dict[AccountKey, Pace] = {}
        # A platform of which nothing is known yet gets a quarter; even one that is well leaves the others some.
        self._on = {one: PlatformPace(limits.each, max(limits.most // 4, FIRST_ROOM)) for one in channels}
        self._under_way: set[asyncio.Task[None]] = set()
        self._attempting: set[asyncio.Task[None]] = set()
        self._soon: asyncio.TimerHandle | None = None
        self._is_full = False

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
            await self.claim_and_start()
            await asyncio.sleep(self._limits.breath)
            await self._bell.wait(self._limits.idle)
        except Exception as error:
            telemetry.logger().error("dispatch.stumbled", error=type(error).__name__, exc_info=error)
            await asyncio.sleep(STUMBLE_SECONDS)

    async def claim_and_start(self) -> int:
        """Claim what there is room for and begin with it; how many that were."""
        room = self._limits.most - len(self._under_way)
        if room <= 0:
            self._is_full = True
            return 0
        before = self._watch()
        self._paces = {account: pace for account, pace in self._paces.items() if not pace.is_outdated(before)}
        room_of = {account: pace.room for account, pace in self._paces.items()}
        room_on = {platform: pace.room for platform, pace in self._on.items()}
        claims = await self._claims.claim(room, room_of, min(self._limits.each, FIRST_ROOM), room_on)
        for claim in claims:
            self._start(claim, before)
        paces = [*self._paces.values(), *self._on.values()]
        self._is_full = len(claims) == room or any(pace.room == 0 for pace in paces)
        return len(claims)

    async def finish(self) -> None:
        """Wait until nothing is under way."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    def _start(self, claim: Claim, claimed: float) -> None:
        self._paces.setdefault(claim.account, Pace(self._limits.each)).start(claimed)
        if claim.publication.platform in self._on:
            self._on[claim.publication.platform].start(claimed)
        task = asyncio.create_task(self._carry_out(claim, claimed))
        self._under_way.add(task)
        self._attempting.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        self._attempting.discard(task)
        self._make_room_known()
        if not task.cancelled() and (error := task.exception()) is not None:
            telemetry.logger().error("dispatch.stumbled", error=type(error).__name__, exc_info=error)

    def _make_room_known(self) -> None:
        """Claim at once where something waits for room, else soon: a thread may have a younger one waiting."""
        if self._is_full:
            self._bell.ring()
        elif self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(SOON_SECONDS, self._ring_at_last)

    def _ring_at_last(self) -> None:
        self._soon = None
        self._bell.ring()

    def _ring_when_due(self, settlement: Settlement) -> None:
        """What other processes put off is found by the idle look."""
        if settlement.due_in is not None:
            wait = max(settlement.due_in, settlement.pause or settlement.due_in).total_seconds()
            asyncio.get_running_loop().call_later(wait, self._bell.ring)

    async def _carry_out(self, claim: Claim, claimed: float) -> None:
        outcome: str | None = "unknown"
        try:
            settled = await self._attempt(claim, claimed)
            outcome = None if settled.attempt is None else settled.attempt.outcome
        finally:
            self._learn(claim, outcome)
        # From here on the outcome is known, so a drain waits instead of cancelling.
        task = asyncio.current_task()
        if task is not None:
            self._attempting.discard(task)
        await self._save(settled)

    def _learn(self, claim: Claim, outcome: str | None) -> None:
        """What an attempt tells of its account and its platform; it was none where there is no outcome."""
        self._paces[claim.account].end(outcome not in TROUBLE)
        if claim.publication.platform in self._on:
            self._on[claim.publication.platform].end(None if outcome is None else outcome not in SILENCE)

    async def _attempt(self, claim: Claim, claimed: float) -> Settled:
        """Do what the claim asks for; the clock is the database's, moved on by our own watch."""
        channel = self._channels.get(claim.publication.platform)
        elapsed = self._watch() - claimed
        started = claim.claimed_at + timedelta(seconds=elapsed)
        if channel is None:
            refused = Refused("not_supported", f"nothing is published on {claim.publication.platform} yet")
            return self._sent(claim, refused, started, started)
        valid_until = claim.publication.valid_until
        step = settlements.next_step(claim.progress, channel.nature, self._policy, started, valid_until)
        if step == "too_late":
            return Settled(claim, settlements.too_late(claim.progress), None)
        if step == "superseded":
            return Settled(claim, settlements.superseded(claim.progress), None)
        if step == "retracted":
            return Settled(claim, settlements.retracted(claim.progress), None)
        if step == "give_up":
            return Settled(claim, settlements.given_up(claim.progress), None)
        if elapsed + self._limits.attempt >= self._limits.lease:
            return Settled(claim, settlements.left(claim.progress), None)
        if claim.moved and not claim.progress.in_doubt:
            return self._sent(claim, Refused(NOT_POSSIBLE, MOVED), started, started)
        if step == "look" or claim.moved:
            sighting = await self._look(claim, channel, started)
            return self._looked(claim, channel, sighting, started, self._now(claim, claimed))
        outcome = await self._send(claim, channel)
        return self._sent(claim, outcome, started, self._now(claim, claimed))

    def _now(self, claim: Claim, claimed: float) -> datetime:
        return claim.claimed_at + timedelta(seconds=self._watch() - claimed)

    async def _send(self, claim: Claim, channel: Channel) -> Outcome:
        if channel.needs_credentials and claim.credentials is None:
            return CredentialsDead("the account has no credentials")
        try:
            return await channel.send(_part(claim, channel), claim.credentials)
        except Exception as error:
            telemetry.logger().error("publication.send_failed", platform=claim.publication.platform, exc_info=error)
            return Unknown(f"our own mistake: {type(error).__name__}")

    async def _look(self, claim: Claim, channel: Channel, now: datetime) -> Sighting:
        if not channel.nature.can_look:
            return CannotSee("replies on this platform cannot be looked up")
        if claim.moved:
            return CannotSee(MOVED)
        if channel.needs_credentials and claim.credentials is None:
            return CannotSee("the account has no credentials")
        since = claim.progress.sent_at or now
        try:
            taken = claim.taken.union(claim.progress.posted)
            return await channel.find(_part(claim, channel), since, taken, claim.credentials)
        except Exception as error:
            telemetry.logger().error("publication.look_failed", platform=claim.publication.platform, exc_info=error)
            return CannotSee(f"our own mistake: {type(error).__name__}")

    def _sent(self, claim: Claim, outcome: Outcome, started: datetime, ended: datetime) -> Settled:
        settlement = settlements.after_send(
            claim.progress, outcome, self._policy, started=started, troubles=claim.troubles, chance=self._chance()
        )
        return Settled(claim, settlement, Attempt(started, ended, name_of(outcome), detail_of(outcome)))

    def _looked(
        self, claim: Claim, channel: Channel, sighting: Sighting, started: datetime, ended: datetime
    ) -> Settled:
        settlement = settlements.after_look(
            claim.progress,
            sighting,
            channel.nature,
            self._policy,
            now=ended,
            purpose=claim.publication.purpose,
            chance=self._chance(),
        )
        return Settled(claim, settlement, Attempt(started, ended, name_of(sighting), detail_of(sighting)))

    async def _save(self, settled: Settled) -> None:
        """Write the outcome down; tries on while the database is away, for the lease may still be ours then."""
        until = self._watch() + self._limits.save
        wait = 0.1
        while True:
            try:
                kept = await self._claims.settle(settled)
                break
            except Exception as error:
                telemetry.logger().warning("publication.not_saved", error=type(error).__name__)
                if self._watch() > until:
                    raise
            await asyncio.sleep(wait)
            wait = min(wait * 2, 2.0)
        self._ring_when_due(settled.settlement)
        _tell(settled, kept)

    async def _drain(self) -> None:
        """Let attempts end; those that take too long are left to their lease, and so to a look."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=self._limits.drain)
        for task in self._attempting:
            task.cancel()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=1)


def _part(claim: Claim, channel: Channel) -> Publication:
    return publications.part_of(claim.publication, claim.progress, channel.nature)


def _tell(settled: Settled, kept: bool) -> None:
    progress = settled.settlement.progress
    publication = settled.claim.publication
    if kept and progress.state == "published":
        return
    tell = telemetry.logger().info if kept else telemetry.logger().warning
    tell(
        "publication.settled" if kept else "publication.lease_lost",
        publication=publication.publication,
        case=publication.case,
        thread=publication.thread,
        platform=publication.platform,
        state=progress.state,
        reason=progress.reason,
        outcome=settled.attempt.outcome if settled.attempt else None,
        needs_person=progress.needs_person,
    )
