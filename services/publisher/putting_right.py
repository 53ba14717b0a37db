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
from collections.abc import Callable, Mapping
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
    Unavailable,
    Unknown,
    View,
)
from services.publisher.domain.tasks import Patience, Task
from services.publisher.ports import Bell, Channel, ClaimedTask, SettledTask, Tasks, Watch
from services.publisher.side_by_side import Rhythm, SideBySide
from shared import telemetry

AT_ONCE = 64
EACH = 4
"""How many tasks of one account are under way at once."""
EACH_ON = 16
"""The same for one platform: one that hangs leaves room for the others."""
TRY_SECONDS = 40.0
"""How long a task may be tried; less than the lease of a claim."""
RHYTHM = Rhythm(breath=0.02, idle=2.0, drain=5.0)
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
        self._patience = patience
        self._watch = watch
        self._chance = chance
        self._try_seconds = try_seconds
        self._errands = SideBySide(bell, all=AT_ONCE, each=EACH, each_on=EACH_ON)

    async def run(self) -> None:
        """The loop. On cancellation it claims nothing more, and what is under way may still end."""
        await self._errands.go_on(self.claim_and_start, RHYTHM)

    async def carry_out_due(self) -> int:
        """Carry out what is due now and has room, to its end; how many that were."""
        begun = await self.claim_and_start()
        await self._errands.finish()
        return begun

    async def claim_and_start(self) -> int:
        """Claim what there is room for and begin with it; how many that were."""
        now = self._watch()
        rooms = self._errands.rooms(now)
        claims = await self._store.claim(rooms) if rooms.all > 0 else []
        for claim in claims:
            self._errands.start(claim.task.whose, self._carry_out(claim, now + self._try_seconds), now)
        return len(claims)

    async def _carry_out(self, claim: ClaimedTask, until: float) -> bool:
        """Whether the platform gave an answer."""
        effect, evidence = await self._try(claim, until)
        ending = tasks.after_try(effect, claim.attempts + 1, claim.age, self._patience, self._chance())
        kept = await self._store.settle(SettledTask(claim, effect, ending, evidence))
        tell = telemetry.logger().info if kept else telemetry.logger().warning
        tell("task.settled", task=claim.task.task, kind=claim.task.kind, state=ending.state, kept=kept)
        return not isinstance(effect, Unavailable | Unknown)

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
