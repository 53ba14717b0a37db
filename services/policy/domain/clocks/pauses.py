"""Pauses: stretches in which a response clock stands still, each with its reason and with whoever asked for it.

There are three reasons and no more. While the agency waits for the citizen the clock stands for five working days at
most and then runs again by itself; under an embargo until its moment; of what was transferred until it comes back.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.policy.domain.calendars import WorkingTime
from services.policy.domain.clearance.approvals import Refusal

PauseReason = Literal["waiting_for_citizen", "embargo", "transferred"]

LONGEST_WAIT_DAYS = 5
"""Working days after the one on which the agency began to wait for the citizen; the clock runs when the last closes."""


class ClockNotRunning(Refusal):
    """No clock of this case runs, so there is none to stop."""


class AlreadyPaused(Refusal):
    """The clocks of this case stand still already."""


class PauseOver(Refusal):
    """This pause is over; the clocks run."""


class WrongUntil(Refusal):
    """An embargo names the moment at which it ends, and every end lies ahead."""


@dataclass(frozen=True, slots=True)
class Pause:
    """One pause. ``number`` counts those of a case from 1, ``until`` is the end that was asked for, ``ended_at`` when
    it was ended by somebody or something before that."""

    number: int
    reason: PauseReason
    started_at: datetime
    by: str
    until: datetime | None = None
    ended_at: datetime | None = None

    def runs_out(self, working: WorkingTime) -> datetime | None:
        """When the clock runs again, at the latest; None where that is open."""
        ends = [end for end in (self.until, self.ended_at) if end is not None]
        if self.reason == "waiting_for_citizen":
            longest = working.close_after(self.started_at, LONGEST_WAIT_DAYS)
            ends.append(longest or self.started_at + timedelta(days=LONGEST_WAIT_DAYS))
        return min(ends, default=None)

    def holds_at(self, now: datetime, working: WorkingTime) -> bool:
        """Whether the clock stands still at ``now`` because of it."""
        end = self.runs_out(working)
        return self.started_at <= now and (end is None or now < end)


def pause_at(pauses: tuple[Pause, ...], now: datetime, working: WorkingTime) -> Pause | None:
    """The pause that holds at ``now``."""
    return next((pause for pause in pauses if pause.holds_at(now, working)), None)
