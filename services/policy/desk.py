"""What an officer has before them, whatever they are about to do with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.policy import escalating
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.clearance.approvals import (
    Draft,
    DraftNotOpen,
    NothingToAnswer,
    ReplyWindowClosed,
    WindowClosed,
)
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.clearing import Rebound, rebind
from services.policy.domain.clearance.deciders import Decider
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.scales import Level
from services.policy.ports import PARLEY, Act, Work


@dataclass(frozen=True)
class Desk:
    """A case, the draft of it that the act is about, who acts and by what, the policy in force, and the moment.

    ``statements`` are the versions in force of the approved facts that the draft cites.
    """

    case: Case
    draft: Draft | None
    decider: Decider
    policy: PolicyInForce
    work: Work
    now: datetime
    statements: Mapping[str, str] = field(default_factory=dict)

    @property
    def agency(self) -> str:
        return self.case.thread.agency

    @property
    def subject(self) -> str:
        """Who acts."""
        return self.decider.subject

    @property
    def may_split(self) -> bool:
        """Whether the answer may go out as a numbered thread."""
        return self.policy.policy.replies.split

    def refuse_late(self, valid_until: datetime | None) -> None:
        """Raise WindowClosed for what may not go out any more, or would not be taken by the platform."""
        if (window := self.case.window_ends_at) is not None and window <= self.now:
            raise ReplyWindowClosed(window)
        if valid_until is not None and valid_until <= self.now:
            raise WindowClosed(valid_until)

    def as_it_stands(self) -> Draft:
        """The draft, which is the case's open one, bound to this moment. Raises DraftNotOpen and NothingToAnswer."""
        draft = self.draft
        assert draft is not None
        if draft.state != "open" or self.case.draft is None:
            raise DraftNotOpen(draft.state)
        if not self.case.answered_by(draft):
            raise NothingToAnswer
        self.bind()
        return self.case.draft

    def bind(self, *, fresh: bool = False) -> Rebound | None:
        """Bind the open draft, or a ``fresh`` version of it, to this moment, and put on record whose consents lapse."""
        assert self.case.draft is not None
        rebound = rebind(self.case, self.policy, self.statements, fresh=fresh)
        if rebound is not None and rebound.lapsed:
            details = {"draft": self.case.draft.number, "reason": "changed", "officers": list(rebound.lapsed)}
            self.work.note(Act(self.agency, PARLEY, "draft.approvals_lapsed", self.case.id, details=details))
        return rebound

    def record(self, action: str, mandate: Mandate, **details: object) -> None:
        """Put an officer's act on record."""
        self.work.note(Act.by(mandate, self.agency, action, self.case.id, **details))

    def pass_up(self, reason: str, post: str, level: Level) -> None:
        """Announce that another post has to look at the case."""
        escalating.announce(reason, self.case, self.case.unanswered, level, post, self.work, self.now)
