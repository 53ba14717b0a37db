"""The unit of work: what was read for a batch, and what the batch leaves to write.

It is plain memory; ``cases.py`` and ``issues.py`` fill it and write it out. Handlers and officers' acts work on the
same one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from services.policy.domain.clearance import timing
from services.policy.domain.clearance.approvals import Draft
from services.policy.domain.clearance.cases import Case, Thread, Turn
from services.policy.domain.clearance.paths import AgencyPace
from services.policy.domain.clearance.reviews import Review
from services.policy.domain.clearance.step_times import TakenStep, steps_taken
from services.policy.domain.clearance.submissions import Submission
from services.policy.domain.clocks.timers import Timer
from services.policy.domain.deciding.decisions import Decision, PolicyInForce
from services.policy.domain.same_issue.issues import Issue, Issues
from services.policy.domain.same_issue.readings import Reading
from services.policy.ports import Act
from shared.events import CommentText, Event, ResponseApproved

_UNKNOWN_PACE = AgencyPace()

_Flags = tuple[str, int, bool, bool, str | None, datetime | None, Any, str | None, str, str]


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a response."""

    response: str
    state: str
    at: datetime
    native_id: str | None


@dataclass
class UnitOfWork:
    """Implements the ``Work`` port. ``traceparent`` is that of the event at hand; announcements inherit it."""

    traceparent: str | None = None
    events: list[Event] = field(default_factory=list)
    traceparents: list[str | None] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    responses: list[ResponseApproved] = field(default_factory=list)
    settled: list[Settled] = field(default_factory=list)
    missed: list[tuple[Case, Turn]] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    kept: dict[str, Case] = field(default_factory=dict)
    superseded: list[tuple[Case, Draft]] = field(default_factory=list)
    orders: dict[str, Submission] = field(default_factory=dict)
    kept_orders: dict[str, Submission] = field(default_factory=dict)
    issues: Issues = field(default_factory=Issues)
    paces: Mapping[str, AgencyPace] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_thread: dict[Thread, Case] = {}
        self._by_id: dict[str, Case] = {}
        self._known: dict[tuple[str, int], _Flags] = {}
        self._decisions: dict[tuple[str, int], Decision] = {}
        self._drafts: dict[str, Draft] = {}
        self._new: set[str] = set()
        self._timed: set[str] = set()
        self._readings: dict[tuple[str, int], Reading] = {}

    def fill(self, cases: Iterable[Case]) -> None:
        """Take in cases as they are stored."""
        for case in cases:
            self._by_thread[case.thread] = self._by_id[case.id] = case
            for turn in case.turns:
                self._known[case.id, turn.number] = _flags(turn)
                self._decisions[case.id, turn.number] = turn.decision
            if case.waiting:
                self._timed.add(case.id)
            if case.draft is not None:
                self._drafts[case.id] = case.draft

    def fill_orders(self, orders: Iterable[Submission]) -> None:
        """Take in orders as they are stored."""
        self.orders.update({order.id: order for order in orders})

    def case_in(self, thread: Thread) -> Case | None:
        case = self._by_thread.get(thread)
        while case is not None and case.casework.transferred_to is not None:
            case = self._by_id[case.casework.transferred_to.case]
        return case

    def missing(self) -> set[str]:
        """The cases that those at hand were transferred to, as far as they are not at hand."""
        gone = [case.casework.transferred_to for case in self._by_id.values()]
        return {to.case for to in gone if to is not None} - self._by_id.keys()

    def case(self, case_id: str) -> Case | None:
        return self._by_id.get(case_id)

    def reading(self, event: CommentText, policy: PolicyInForce) -> Reading:
        known = self._readings.get((event.comment, event.revision))
        if known is None or known.policy is not policy:
            known = self._readings[event.comment, event.revision] = Reading.of(event, policy)
        return known

    def join_issue(self, event: CommentText, reading: Reading, earlier: str | None = None) -> Issue | None:
        if reading.likeness is None:
            return None
        return self.issues.join(event, reading.likeness, reading.policy.policy.same_issue, earlier)

    def keep(self, case: Case) -> None:
        if case.id not in self._by_id:
            self._by_thread[case.thread] = self._by_id[case.id] = case
            self._new.add(case.id)
        self.kept[case.id] = case

    def release(self, response: ResponseApproved) -> None:
        self.responses.append(response)
        self.stage(response)

    def order(self, order_id: str) -> Submission | None:
        return self.orders.get(order_id)

    def orders_of(self, case: Case) -> list[Submission]:
        return sorted((each for each in self.orders.values() if each.case == case.id), key=lambda each: each.written_at)

    def keep_order(self, order: Submission) -> None:
        self.orders[order.id] = self.kept_orders[order.id] = order

    def open_review(self, review: Review) -> None:
        self.reviews.append(review)

    def settle(self, response: str, state: str, at: datetime, *, native_id: str | None = None) -> None:
        self.settled.append(Settled(response, state, at, native_id))

    def miss(self, case: Case, turn: Turn) -> None:
        self.missed.append((case, turn))

    def stage(self, event: Event) -> None:
        self.events.append(event)
        self.traceparents.append(self.traceparent)

    def pace(self, agency: str) -> AgencyPace:
        return self.paces.get(agency) or _UNKNOWN_PACE

    def note(self, act: Act) -> None:
        self.acts.append(act)

    def retire(self, case: Case, draft: Draft) -> None:
        """Write an earlier draft of a case once more, because another one takes its place."""
        self.superseded.append((case, draft))

    @property
    def new_cases(self) -> list[Case]:
        return [case for case in self.kept.values() if case.id in self._new]

    @property
    def old_cases(self) -> list[Case]:
        return [case for case in self.kept.values() if case.id not in self._new]

    def timers(self) -> list[tuple[Case, Timer]]:
        """The timers that the cases have from now on."""
        return [(case, timer) for case in self.kept.values() for timer in timing.timers(case)]

    def timed_before(self) -> list[Case]:
        """Cases that may have timers already."""
        return [case for case in self.kept.values() if case.id in self._timed]

    def new_turns(self) -> list[tuple[Case, Turn]]:
        return [(c, t) for c in self.kept.values() for t in c.turns if (c.id, t.number) not in self._known]

    def changed_turns(self) -> list[tuple[Case, Turn]]:
        return [
            (case, turn)
            for case in self.kept.values()
            for turn in case.turns
            if (known := self._known.get((case.id, turn.number))) is not None and known != _flags(turn)
        ]

    def is_decided_anew(self, case: Case, turn: Turn) -> bool:
        """Whether a turn that is stored has another decision now."""
        return turn.decision is not self._decisions.get((case.id, turn.number))

    def changed_drafts(self) -> list[tuple[Case, Draft]]:
        now = [
            (case, case.draft)
            for case in self.kept.values()
            if case.draft is not None and case.draft != self._drafts.get(case.id)
        ]
        return [*self.superseded, *now]

    def steps_taken(self, now: datetime) -> list[tuple[Case, TakenStep]]:
        """What was done about the drafts of the kept cases."""
        return [
            (case, step)
            for case in self.kept.values()
            if case.draft is not None and case.draft is not (before := self._drafts.get(case.id))
            for step in steps_taken(before, case.draft, case.since or case.opened_at, now)
        ]

    def answered_turns(self) -> list[tuple[Case, Turn]]:
        """The turns whose answer, given by officers, stands on its platform now."""
        return [
            (case, turn)
            for case in self.kept.values()
            for turn in case.turns
            if turn.state == "answered" and turn.decision.level > "L0" and self._was_open(case, turn)
        ]

    def _was_open(self, case: Case, turn: Turn) -> bool:
        known = self._known.get((case.id, turn.number))
        return known is not None and known[0] != "answered"


def _flags(turn: Turn) -> Any:
    return (
        turn.state,
        turn.revision,
        turn.hidden,
        turn.public,
        turn.visibility,
        turn.answered_at,
        turn.deadlines,
        turn.response,
        turn.decision.level,
        turn.decision.disposition,
    )
