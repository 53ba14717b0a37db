"""Putting right and moderating: the loop that carries tasks out.

    claim ──▶ view (what stands there: the evidence) ──▶ change ──▶ settle

What must stay true: what is about to change is captured first, and nothing is hidden, removed, edited or deleted of
which nothing was captured, unless the platform has no way to show it. No transaction is open meanwhile. A task that was
carried out by a process that died is carried out again, which changes nothing; one that took so long that its lease may
end is left to whoever claims it next, for a belated change could undo a later one.
"""

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from services.publisher.domain import tasks
from services.publisher.domain.outcomes import (
    MOVED,
    CannotDo,
    CannotSee,
    Captured,
    CredentialsDead,
    Effect,
    Gone,
    Unknown,
    View,
)
from services.publisher.domain.tasks import Patience, Task
from services.publisher.ports import Bell, Channel, ClaimedTask, SettledTask, Tasks, Watch
from shared import telemetry

AT_ONCE = 16
TRY_SECONDS = 40.0
"""How long a task may be tried; less than the lease of a claim."""
IDLE_SECONDS = 2.0
STUMBLE_SECONDS = 1.0
OUT_OF_TIME = "it took longer than its claim is good for"


class PuttingRight:
    """Carries tasks out until it is cancelled."""

    def __init__(
        self,
        store: Tasks,
        channels: Mapping[str, Channel],
        bell: Bell,
        patience: Patience,
        *,
        watch: Watch = time.monotonic,
        chance: Callable[[], float] = random.random,
        try_seconds: float = TRY_SECONDS,
    ) -> None:
        self._store = store
        self._channels = channels
        self._bell = bell
        self._patience = patience
        self._watch = watch
        self._chance = chance
        self._try_seconds = try_seconds

    async def run(self) -> None:
        """The loop."""
        while True:
            try:
                self._bell.clear()
                carried_out = await self.carry_out_due()
                if carried_out == 0:
                    await self._bell.wait(IDLE_SECONDS)
            except Exception as error:
                telemetry.logger().error("tasks.stumbled", error=type(error).__name__, exc_info=error)
                await asyncio.sleep(STUMBLE_SECONDS)

    async def carry_out_due(self) -> int:
        """Carry out what is due now, at most ``AT_ONCE``; how many that were."""
        until = self._watch() + self._try_seconds
        claims: Sequence[ClaimedTask] = await self._store.claim(AT_ONCE)
        await asyncio.gather(*(self._carry_out(claim, until) for claim in claims))
        return len(claims)

    async def _carry_out(self, claim: ClaimedTask, until: float) -> None:
        effect, evidence = await self._try(claim, until)
        ending = tasks.after_try(effect, claim.attempts + 1, claim.age, self._patience, self._chance())
        kept = await self._store.settle(SettledTask(claim, effect, ending, evidence))
        tell = telemetry.logger().info if kept else telemetry.logger().warning
        tell("task.settled", task=claim.task.task, kind=claim.task.kind, state=ending.state, kept=kept)

    async def _try(self, claim: ClaimedTask, until: float) -> tuple[Effect, dict[str, Any] | None]:
        task = claim.task
        channel = self._channels.get(task.platform)
        if channel is None or task.kind not in channel.nature.tasks:
            return CannotDo(f"{task.platform} has no way to {task.kind} this"), None
        if claim.moved:
            return CannotDo(MOVED), None
        if channel.needs_credentials and claim.credentials is None:
            return CredentialsDead("the account has no credentials"), None
        evidence, effect = None, None
        try:
            async with asyncio.timeout(until - self._watch()):
                seen = await channel.view(task.account, task.native_id, claim.credentials)
                evidence = _evidence(seen, claim.claimed_at)
                effect = _without_change(task, seen)
                if effect is None and self._watch() < until:
                    effect = await channel.change(task, claim.credentials)
        except TimeoutError:
            effect = None
        except Exception as error:
            telemetry.logger().error("task.failed", platform=task.platform, exc_info=error)
            return Unknown(f"our own mistake: {type(error).__name__}"), None
        return effect or Unknown(OUT_OF_TIME), evidence


def _without_change(task: Task, seen: View) -> Effect | None:
    """The end of a task that what was seen decides already."""
    # What is to be taken away may be gone because an earlier try, whose answer was lost, took it away.
    if isinstance(seen, Gone) and task.kind not in ("delete", "remove"):
        return CannotDo(f"it is not there any more: {seen.detail}")
    if isinstance(seen, CannotSee) and not seen.never:
        return Unknown(f"nothing is changed of which nothing was captured: {seen.detail}")
    return None


def _evidence(seen: View, at: datetime) -> dict[str, Any]:
    """What was seen before the change, as it is kept."""
    match seen:
        case Captured(text, body):
            return {"at": at.isoformat(), "seen": "captured", "text": text, "body": dict(body)}
        case Gone(detail):
            return {"at": at.isoformat(), "seen": "gone", "detail": detail}
        case CannotSee(detail):
            return {"at": at.isoformat(), "seen": "cannot_see", "detail": detail}
