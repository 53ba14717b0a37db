"""A case: one thread as one agency's business.

A turn is one comment at one revision with what was decided for it. The case stands as its heaviest waiting turn says:
an answer covers every turn that waits, so it must be fit for each of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from services.policy.domain.authority.mandates import Weight
from services.policy.domain.clearance.approvals import Draft
from services.policy.domain.clearance.casework import NOTHING_DONE, OVER, CaseState, Casework, Destination
from services.policy.domain.clearance.earlier import Earlier
from services.policy.domain.clearance.standings import Standing, worked_on
from services.policy.domain.clocks.pauses import Pause
from services.policy.domain.clocks.response_clock import Deadlines
from services.policy.domain.clocks.timers import TimerKind
from services.policy.domain.deciding.decisions import Decision
from services.policy.domain.scales import Level
from shared.events import Author, CommentText, Purpose
from shared.ids import CaseId

TurnState = Literal["waiting", "watching", "released", "answered", "closed", "superseded", "deleted", "brought"]

Mark = Literal["cannot_fit", "duty_told"]
"""What was seen of a case while somebody waits: its path is longer than its time; nobody could shorten it, and who acts
for the head was told."""

_OPEN = ("waiting", "watching")
_ANSWERABLE = ("waiting", "watching", "closed")
_CLOSING = ("let_stand", "no_response")


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a case stands: an agency's account on a platform, and the platform's conversation on it."""

    agency: str
    platform: str
    account: str
    thread: str


@dataclass(slots=True)
class Turn:
    """One comment at one revision, and what became of it.

    ``response`` is what answers it, ``answered_at`` when that was released, and then when it was published.
    ``deadlines`` are derived from the decision, the case's pauses and the calendar; None until that was done. What was
    ``brought`` is history of before a transfer, and was decided by the agency that had the case then.
    ``window_ends_at`` is when the platform stops taking an answer to it; None where it never does. ``subject_line`` is
    that of a letter, which its answer repeats.
    """

    comment: str
    revision: int
    native_id: str
    author: Author
    text: str
    language: str | None
    public: bool
    visibility: str | None
    hidden: bool
    sent_at: datetime
    received_at: datetime
    decision: Decision
    state: TurnState
    number: int = 0
    issue: str | None = None
    answered_at: datetime | None = None
    deadlines: Deadlines | None = None
    response: str | None = None
    window_ends_at: datetime | None = None
    subject_line: str | None = None

    @classmethod
    def of(cls, event: CommentText, decision: Decision, issue: str | None = None) -> "Turn":
        """The turn that an event's comment takes, before anything has been done about it."""
        return cls(
            comment=event.comment,
            revision=event.revision,
            native_id=event.native_id,
            author=event.author,
            text=event.text,
            language=decision.language,
            public=event.public,
            visibility=event.visibility,
            hidden=event.hidden,
            sent_at=event.sent_at,
            received_at=event.received_at,
            decision=decision,
            state=_first_state(decision),
            issue=issue,
            window_ends_at=event.window_ends_at,
            subject_line=event.subject_line,
        )

    def as_earlier(self) -> Earlier:
        """The turn as those after it see it."""
        found = self.decision
        reach = found.circumstances.get("reach")
        return Earlier(found.kind, found.disposition, found.topics, found.line, self.state, reach, self.received_at)


def _first_state(decision: Decision) -> TurnState:
    if decision.line is not None:
        return "released"
    if decision.disposition in _CLOSING:
        return "closed"
    return "watching" if decision.disposition == "monitor" else "waiting"


@dataclass(frozen=True, slots=True)
class Escalation:
    """Because of time the case is another post's business now."""

    level: Level
    owner: str
    at: datetime


@dataclass(slots=True)
class Case:
    """The aggregate. ``turns`` are those that matter now (and those of the comments at hand), oldest first.

    ``head`` is the newest comment and its revision, ``standing`` what the case needs, ``turn_count`` all turns ever,
    ``turns_by`` how many comments each author at hand wrote before, ``sorted_before`` what the latest of them were
    found to be, ``since`` from when the oldest of them waits, ``due_at`` until when the first of them is to be
    answered, or can be at all. ``fired`` are the timers that went off and the marks that were set since somebody waits,
    ``calendar`` is that by which deadlines were derived. ``told`` is what was said to those who wait, by comment; known
    only where time acts on the case. ``raised_to``: officers disagreed, and an answer is cleared as on this level at
    least. ``casework`` is what officers did with the case.
    """

    id: CaseId
    thread: Thread
    opened_at: datetime
    head: tuple[str, int] = ("", 0)
    standing: Standing | None = None
    state: CaseState = "open"
    draft: Draft | None = None
    drafts_written: int = 0
    turn_count: int = 0
    turns: list[Turn] = field(default_factory=list)
    turns_by: dict[str, int] = field(default_factory=dict)
    sorted_before: dict[str, dict[str, Earlier]] = field(default_factory=dict)
    since: datetime | None = None
    due_at: datetime | None = None
    pauses: tuple[Pause, ...] = ()
    fired: dict[TimerKind | Mark, datetime] = field(default_factory=dict)
    escalation: Escalation | None = None
    calendar: str | None = None
    raised_to: Level | None = None
    casework: Casework = NOTHING_DONE
    told: dict[str, set[Purpose]] = field(default_factory=dict)

    def turn_of(self, comment: str) -> Turn | None:
        """The newest revision of a comment that is known here."""
        return max((t for t in self.turns if t.comment == comment), key=lambda t: t.revision, default=None)

    def has_seen(self, comment: str, revision: int) -> bool:
        """Whether this revision or a newer one was handled, or the comment is gone."""
        known = self.turn_of(comment)
        return known is not None and (known.revision >= revision or known.state == "deleted")

    @property
    def window_ends_at(self) -> datetime | None:
        """When the platform stops taking an answer here; None where it never does."""
        return window_of(self.turns)

    def next_turn_of(self, author: str, comment: str | None = None) -> int:
        """Which comment of this author in this conversation the next one is, from 1; an edit is none more."""
        written = self.turns_by.get(author, 0)
        return max(written, 1) if comment is not None and self.turn_of(comment) else written + 1

    def earlier_of(self, author: str, comment: str) -> list[Earlier]:
        """Of what kind the author's other comments were, and what became of them, oldest first."""
        live = {turn.comment: turn.as_earlier() for turn in self.turns if turn.author.id == author}
        known = {**self.sorted_before.get(author, {}), **live}
        return [found for other, found in known.items() if other != comment]

    def add(self, turn: Turn) -> None:
        """Take in one more turn; the older revision that it replaces no longer waits."""
        older = [known for known in self.turns if known.comment == turn.comment]
        for known in older:
            if known.state in _OPEN:
                known.state = "superseded"
        if not older:
            self.turns_by[turn.author.id] = self.next_turn_of(turn.author.id)
        if turn.state == "waiting" and not self.waiting:
            self.fired, self.escalation = {}, None
        if self.state in OVER or self.state == "approved":
            self.raised_to = None
        if self.state in OVER:
            self.casework = replace(self.casework, referral=None, called_in=None)
        self.sorted_before.setdefault(turn.author.id, {})[turn.comment] = turn.as_earlier()
        self.turn_count += 1
        turn.number = self.turn_count
        self.turns.append(turn)
        self.head = (turn.comment, turn.revision)
        self.settle()

    @property
    def waiting(self) -> list[Turn]:
        """The turns that wait for an answer of the officers, oldest first."""
        return [turn for turn in self.turns if turn.state == "waiting"]

    @property
    def least_level(self) -> Level:
        """Below this no answer is cleared, whatever its turns need: officers disagreed, or it was called in."""
        called_in = self.casework.called_in
        return max(self.raised_to or "L0", called_in.level if called_in else "L0")

    @property
    def open_turns(self) -> list[Turn]:
        """What another agency would have to decide on, oldest first: what waits or is watched, else what could be
        answered at all."""
        return [turn for turn in self.turns if turn.state in _OPEN] or self.unanswered

    @property
    def asked(self) -> str | None:
        """The agency whom the citizen asked, on whose account the case is answered; None where it is its own."""
        origin = self.casework.transferred_from
        return None if origin is None else origin.agencies[0]

    @property
    def weight(self) -> Weight:
        """What the case asks of whoever decides on it. It has something to decide."""
        assert self.standing is not None
        topics = {topic for turn in self.unanswered for topic in turn.decision.topics}
        return Weight(self.standing.sensitivity, self.standing.damage, tuple(sorted(topics)), self.thread.platform)

    @property
    def unanswered(self) -> list[Turn]:
        """The turns that an answer of the officers covers, oldest first.

        Where none waits, an officer may still answer what is only watched, or at last what was let stand.
        """
        if self.casework.transferred_to is not None:
            return []
        if waiting := self.waiting:
            return waiting
        watched = [turn for turn in self.turns if turn.state == "watching"]
        return watched or [t for t in self.turns if t.state == "closed" and (t.comment, t.revision) == self.head]

    def settle(self) -> None:
        """Bring state and standing in line with the turns and the draft."""
        self.state = self._state()
        if self.state in OVER and self.casework.assignee is not None:
            self.casework = replace(self.casework, assignee=None)
        turns = self.unanswered or self.turns[-1:]
        if self.escalation is not None and not self._is_passed_up(self.escalation):
            self.escalation = None
        if turns:
            self.standing = worked_on(standing_of(turns), self.casework)
            if self.escalation is not None and self.escalation.level > self.standing.level:
                self.standing.owner = self.escalation.owner
            self.since = min(turn.received_at for turn in turns)
        clocks = [turn.deadlines for turn in self.turns if turn.state in _OPEN and turn.deadlines is not None]
        ends = [deadlines["answer"] for deadlines in clocks if "answer" in deadlines]
        if self.waiting and self.window_ends_at is not None:
            ends.append(self.window_ends_at)
        self.due_at = min(ends, default=None)

    def _is_passed_up(self, escalation: Escalation) -> bool:
        """Whether one of those who wait was so late that the case went up, or is of a time before that was kept."""
        kept = [turn.deadlines["escalate"] for turn in self.waiting if turn.deadlines and "escalate" in turn.deadlines]
        return not self.waiting or not kept or min(kept) <= escalation.at

    def bring(self, turn: Turn) -> None:
        """Take in a turn of before a transfer, after those that are older."""
        author = turn.author.id
        self.turns_by[author] = self.next_turn_of(author, turn.comment)
        self.sorted_before.setdefault(author, {})[turn.comment] = turn.as_earlier()
        self.turn_count += 1
        self.turns.append(replace(turn, number=self.turn_count, state="brought", issue=None, deadlines=None))
        self.head = (turn.comment, turn.revision)

    def leave(self, destination: Destination) -> None:
        """The case goes to another agency: nothing here waits any more."""
        for turn in self.turns:
            if turn.state in _OPEN:
                turn.state = "closed"
        self.casework = replace(self.casework, assignee=None, transferred_to=destination)
        self.settle()

    def delete(self, comment: str) -> Turn | None:
        """The comment is gone from its platform; the turn that waited or was watched for it, if one did."""
        known = self.turn_of(comment)
        if known is None or known.state == "deleted":
            return None
        was_unfinished = known.state in _OPEN
        known.state = "deleted"
        self.settle()
        return known if was_unfinished else None

    def finish(
        self, response: str, state: Literal["answered", "closed", "waiting"], at: datetime | None = None
    ) -> list[Turn]:
        """A response has met its end; the turns that it was released for.

        ``at`` is when it stood on its platform. What was edited since does not wait again for its older text.
        """
        released = [turn for turn in self.turns if turn.state == "released" and turn.response == response]
        for turn in released:
            is_edited = turn is not self.turn_of(turn.comment)
            turn.state, turn.answered_at = "superseded" if state == "waiting" and is_edited else state, at
        self.settle()
        return released

    def _state(self) -> CaseState:
        if self.casework.transferred_to is not None:
            return "closed"
        if self.draft is not None and self.draft.state == "open":
            return "awaiting_clearance"
        states = {turn.state for turn in self.turns}
        if "waiting" in states:
            return "open"
        if "released" in states:
            return "approved"
        if "watching" in states:
            return "watching"
        return "answered" if "answered" in states else "closed"

    def answered_by(self, draft: Draft) -> list[Turn]:
        """The turns that a draft answers, as far as they can still be answered, oldest first."""
        if self.casework.transferred_to is not None:
            return []
        alive = [turn for turn in self.turns if turn.comment in draft.answers and turn.state in _ANSWERABLE]
        return [turn for turn in alive if turn is self.turn_of(turn.comment)]

    def end_draft(self, state: Literal["released", "superseded", "returned", "lapsed"]) -> None:
        """The open draft is open no longer."""
        assert self.draft is not None
        self.draft = replace(self.draft, state=state)


def window_of(turns: Iterable[Turn]) -> datetime | None:
    """When the last of these turns can no longer be answered, which is when the conversation cannot: whoever writes
    again is heard again. None where one of them can be answered at any time."""
    ends = [turn.window_ends_at for turn in turns]
    return max((end for end in ends if end is not None), default=None) if None not in ends else None


def standing_of(turns: Iterable[Turn]) -> Standing:
    """What these turns need together; there is at least one."""
    decisions = [turn.decision for turn in turns]
    heaviest = max(reversed(decisions), key=lambda decision: decision.level)
    return Standing(
        level=heaviest.level,
        sensitivity=max(decision.sensitivity for decision in decisions),
        damage=max(decision.damage for decision in decisions),
        disposition=heaviest.disposition,
        owner=heaviest.owner,
        clock=heaviest.clock,
        signoffs=tuple(dict.fromkeys(signoff for decision in decisions for signoff in decision.signoffs)),
        approvals=max(decision.approvals for decision in decisions),
    )
