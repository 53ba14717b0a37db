"""What officers say of their presence: that they, or those beside and below them, are away.

Leave takes no authority away. It says who can be expected: cases are passed over those who are away, and the agency
sees beforehand when nobody could answer.
"""

from datetime import datetime

from services.policy.domain.authority.grants import Fault, OverAlready, faults_of_span
from services.policy.domain.authority.powers import Powers
from services.policy.domain.authority.presence import Leave, ended
from services.policy.domain.clearance.approvals import NotYourAuthority, Refusal
from services.policy.domain.scales import LEVELS
from services.policy.ports import Act
from shared.clock import rfc3339


class LeaveRefused(Refusal):
    """This leave cannot be entered so."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(" ".join(fault.detail for fault in faults))
        self.faults = faults


def enter_leave(
    agency: str,
    subject: str,
    span: tuple[datetime, datetime],
    note: str | None,
    by: str,
    powers: Powers,
    now: datetime,
    leave: str,
) -> tuple[Leave, Act]:
    """Put down that a person is away from the first moment of ``span`` up to the second, by themselves or by one on
    their level or above. Raises NotYourAuthority and LeaveRefused."""
    _refuse_others(subject, by, powers, now)
    faults = list(faults_of_span(*span, now))
    if not powers.of(subject, now):
        faults.append(Fault("/subject", "unknown-person", "Nobody of this name has anything to decide in the agency."))
    if faults:
        raise LeaveRefused(tuple(faults))
    entered = Leave(leave, agency, subject, *span, by, now, note)
    return entered, _act(entered, "leave.entered", by, powers, now)


def end_leave(leave: Leave, by: str, powers: Powers, now: datetime) -> tuple[Leave, Act] | None:
    """The person is back, or never went; None where that was said before. Raises NotYourAuthority and OverAlready."""
    _refuse_others(leave.subject, by, powers, now)
    if leave.ended_at is not None:
        return None
    if leave.until <= now:
        raise OverAlready("The leave was over before.")
    back = ended(leave, by, now)
    return back, _act(back, "leave.ended", by, powers, now)


def _refuse_others(subject: str, by: str, powers: Powers, now: datetime) -> None:
    if by == subject:
        if not powers.of(by, now):
            raise NotYourAuthority("You hold no post in this agency, and nothing is delegated to you now.")
        return
    theirs = max((each.level for each in powers.held(subject, now)), default=LEVELS[0])
    if not any(each.level >= theirs for each in powers.held(by, now)):
        raise NotYourAuthority("Leave is entered and ended by the person, or by somebody on their level or above.")


def _act(leave: Leave, action: str, by: str, powers: Powers, now: datetime) -> Act:
    held = powers.held(by, now)
    details = {"subject": leave.subject, "from": rfc3339(leave.from_), "until": rfc3339(leave.ends)}
    return Act(leave.agency, by, action, leave.id, held[0].post if held else None, details)
