"""Who is there: leave that officers enter, who could answer when, and what would wait if some were away.

Leave takes no authority away. It says who can be expected: cases are passed over those who are away, and the agency
sees beforehand when nobody could answer.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from services.policy.domain.answering.drills import Released, Then, Waited, new_holes, waited
from services.policy.domain.answering.holes import Hole, holes
from services.policy.domain.answering.maps import AnsweringMap
from services.policy.domain.answering.remedies import Remedies, Remedy
from services.policy.domain.answering.subjects import rows_of
from services.policy.domain.authority.grants import Fault, OverAlready, Place, faults_of_span
from services.policy.domain.authority.powers import Powers
from services.policy.domain.authority.presence import Leave, Presence, ended
from services.policy.domain.clearance.approvals import NotYourAuthority, Refusal
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.scales import LEVELS
from services.policy.ports import Act
from shared.clock import rfc3339


class LeaveRefused(Refusal):
    """This leave cannot be entered so."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(" ".join(fault.detail for fault in faults))
        self.faults = faults


class DrillRefused(Refusal):
    """This drill cannot be held so."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        super().__init__(" ".join(fault.detail for fault in faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Offered:
    """A hole, and a delegation that would close it, if one does."""

    hole: Hole
    remedy: Remedy | None


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


def who_can_answer(policy: PolicyInForce, presence: Presence, now: datetime, end: datetime) -> AnsweringMap:
    """The map from ``now`` to ``end``, a month at most."""
    return AnsweringMap(rows_of(policy, presence.powers), presence, now, end)


def offers(found: AnsweringMap, policy: PolicyInForce, now: datetime, among: Iterable[Hole]) -> list[Offered]:
    """Holes, each with the delegation that its delegator could give now."""
    topics = {topic.id for topic in policy.policy.topics}
    remedies = Remedies(found, Place(policy.policy.agency, found.presence.powers, topics, now))
    return [Offered(hole, remedies.of(hole)) for hole in among]


def all_holes(found: AnsweringMap) -> list[Hole]:
    """The holes of a map, the next first."""
    return sorted(holes(found), key=lambda hole: hole.from_)


def absentees(persons: Sequence[str], posts: Sequence[str], presence: Presence, now: datetime) -> frozenset[str]:
    """Who is taken for away: persons by name, and whoever holds or stands in for a post. Raises DrillRefused."""
    known, held = presence.persons, presence.holders(now)
    faults = [
        Fault(f"/subjects/{at}", "unknown-person", f"Nobody called {person} has anything to decide in the agency.")
        for at, person in enumerate(persons)
        if person not in known
    ]
    faults += [
        Fault(f"/posts/{at}", "unknown-post", f"Nobody holds a post {post} in the agency.")
        for at, post in enumerate(posts)
        if not any(each.post == post for each in held)
    ]
    if faults:
        raise DrillRefused(tuple(faults))
    return frozenset(persons) | {each.subject for each in held if each.post in posts}


def refuse_span(start: datetime, end: datetime, most: timedelta) -> None:
    """Raises DrillRefused for a time that does not go forward, or goes further than ``most``."""
    if end <= start:
        raise DrillRefused((Fault("/until", "ends-before-it-begins", "It ends before it begins."),))
    if end - start > most:
        raise DrillRefused((Fault("/until", "too-long", f"It may last for {most.days} days at most."),))


def ahead(found: AnsweringMap, absent: Collection[str]) -> tuple[AnsweringMap, list[Hole]]:
    """The map with these away for all of it, and the holes that they leave, the next first."""
    drill, new = new_holes(found, absent)
    return drill, sorted(new, key=lambda hole: hole.from_)


def behind(released: Iterable[Released], absent: frozenset[str], then: Then) -> list[Waited]:
    """Which answers that were released would have waited without these."""
    return list(waited(released, absent, then))


def record_drill(
    agency: str, absent: Collection[str], span: tuple[datetime, datetime], by: str, powers: Powers, now: datetime
) -> Act:
    """That somebody had these persons away on paper."""
    held = powers.held(by, now)
    details = {"absent": sorted(absent), "from": rfc3339(span[0]), "until": rfc3339(span[1])}
    return Act(agency, by, "absence_drill.held", agency, held[0].post if held else None, details)


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
