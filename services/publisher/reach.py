"""Measuring how far answers came, when each hour has come.

What must stay true: publishing never waits for this. At most a few platforms are asked at once, in a loop of its own;
an account that gave no answer is asked again a little later, and after that its number for this hour is unknown. What
was due while nothing ran is measured once, for the latest hour that has come.
"""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from services.publisher.domain.outcomes import Measure, Unmeasured
from services.publisher.domain.reach import Measurement, Reading, Shares, alarm_of, broken_since, reading_of
from services.publisher.ports import Channel
from services.publisher.record_ports import DueReach, Reaches
from shared import telemetry

AT_ONCE = 4
IDLE_SECONDS = 5.0
MOST_FAILURES = 3
MEASURE_SECONDS = 20.0
WAIT_AFTER_FAILURE = timedelta(minutes=2)


class Measuring:
    """The loop that measures what is due, until it is cancelled."""

    def __init__(
        self,
        reaches: Reaches,
        channels: Mapping[str, Channel],
        shares: Shares,
        *,
        at_once: int = AT_ONCE,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._reaches = reaches
        self._channels = channels
        self._shares = shares
        self._at_once = at_once
        self._idle_seconds = idle_seconds

    async def run(self) -> None:
        """Measure; the supervisor starts it again after a fault, the leases see to what was under way."""
        while True:
            if await self.measure_due() < self._at_once:
                await asyncio.sleep(self._idle_seconds)

    async def measure_due(self) -> int:
        """Measure a few that are due; how many there were."""
        due = await self._reaches.claim(self._at_once)
        async with asyncio.TaskGroup() as tasks:
            for one in due:
                tasks.create_task(self._measure(one))
        return len(due)

    async def _measure(self, due: DueReach) -> None:
        answer, question = await asyncio.gather(self._ask(due, due.native_id), self._ask(due, due.reply_to))
        if _may_come_yet(answer, question) and due.failures + 1 < MOST_FAILURES:
            await self._reaches.put_off(due, WAIT_AFTER_FAILURE)
            return
        measurement = _measurement(due, reading_of(answer), reading_of(question))
        alarm = alarm_of(measurement, self._shares.of(due.agency), self._shares.from_hour)
        await self._reaches.keep(due, measurement, alarm)

    async def _ask(self, due: DueReach, native_id: str) -> Measure:
        channel = self._channels.get(due.platform)
        if channel is None or not channel.nature.measures:
            return Unmeasured("not_offered")
        if channel.needs_credentials and due.credentials is None:
            return Unmeasured("no_answer", "the account has no credentials")
        try:
            async with asyncio.timeout(MEASURE_SECONDS):
                return await channel.measure(due.account, native_id, due.credentials)
        except Exception as error:
            telemetry.logger().warning("reach.measure_failed", platform=due.platform, error=type(error).__name__)
            return Unmeasured("no_answer", f"our own mistake: {type(error).__name__}")


def _may_come_yet(*measures: Measure) -> bool:
    return any(isinstance(one, Unmeasured) and one.reason == "no_answer" for one in measures)


def _measurement(due: DueReach, answer: Reading, question: Reading) -> Measurement:
    broken = {
        *broken_since(due.answer_before, answer.series),
        *broken_since(due.question_before, question.series),
    }
    return Measurement(due.after_hours, due.now, answer, question, tuple(sorted(broken)))
