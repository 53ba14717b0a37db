"""One case of a sample agency in memory, and its officers by short name."""

from datetime import datetime
from typing import Any

from services.policy import break_glass, clearance, drafting, handlers, remarks
from services.policy.adapters.store.work import UnitOfWork
from services.policy.desk import Desk
from services.policy.domain.authority.powers import Powers
from services.policy.domain.clearance.approvals import Draft
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.deciders import Decider
from services.policy.domain.clearance.reviews import Review
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.policies import Policy
from services.policy.domain.scales import Specialism
from services.policy.drafting import Text
from shared.events import CaseEscalated, ResponseApproved
from tests.policy.builders import NOW, deleted, edited, received, sample, shelf, the_case


class Office:
    """One case of one agency; ``policy``, ``now`` and ``statements`` (in force) may change while it is open."""

    def __init__(self, text: str, agency: str = "passports", prefix: str = "passports", **about: Any) -> None:
        self.agency, self.prefix = agency, prefix
        self.policy: PolicyInForce = sample(agency)
        self.now: datetime = NOW
        self.statements: dict[str, str] = {}
        self.work = UnitOfWork()
        self.receive(text, **about)

    def receive(self, text: str, comment: str = "cmt_1", **about: Any) -> None:
        event = received(text, agency=self.agency, comment=comment, **about)
        handlers.on_comment_received(event, self.work, shelf(), NOW)

    def edit(self, text: str, comment: str = "cmt_1") -> None:
        event = edited(text, agency=self.agency, comment=comment)
        handlers.on_comment_edited(event, self.work, shelf(), NOW)

    def delete(self, comment: str) -> None:
        handlers.on_comment_deleted(deleted(agency=self.agency, comment=comment), self.work, shelf(), NOW)

    @property
    def case(self) -> Case:
        return the_case(self.work, self.agency)

    @property
    def draft(self) -> Draft:
        assert self.case.draft is not None
        return self.case.draft

    def write(self, who: str, text: str = "Our answer.", **written: Any) -> Draft:
        return drafting.write_draft(self.desk(who), Text(text, **written))

    def amend(self, who: str, text: str = "Our better answer.", **written: Any) -> Draft:
        return drafting.amend(self.desk(who), Text(text, **written))

    def approve(self, who: str, digest: str | None = None) -> Draft:
        return clearance.approve(self.desk(who), digest or self.draft.digest)

    def sign_off(self, who: str, kind: Specialism, *, nil_return: bool = False) -> Draft:
        return clearance.sign_off(self.desk(who), kind, self.draft.digest, nil_return=nil_return)

    def send_back(self, who: str) -> Draft:
        return remarks.send_back(self.desk(who), "too long")

    def refuse(self, who: str, reason: str = "It is wrong.") -> Draft:
        return remarks.refuse(self.desk(who), self.draft.digest, reason)

    def condition(self, who: str, text: str = "Only if the date is right.") -> Draft:
        return remarks.set_condition(self.desk(who), self.draft.digest, text)

    def desk(self, who: str) -> Desk:
        case = self.case
        return Desk(case, case.draft, self._officer(who), self.policy, self.work, self.now, self.statements)

    @property
    def released(self) -> list[ResponseApproved]:
        return self.work.responses

    @property
    def actions(self) -> list[str]:
        return [act.action for act in self.work.acts]

    def break_glass(self, who: str, reason: str = "People drink it now.") -> Draft:
        return break_glass.release(self.desk(who), self.draft.digest, reason)

    def adopt(self, **changes: object) -> None:
        """Another version of the policy is in force from now on."""
        content = self.policy.policy.model_dump(by_alias=True) | changes
        changed = Policy.model_validate(content | {"version": self.policy.policy.revision + 1})
        self.policy = PolicyInForce(changed)

    @property
    def reviews(self) -> list[Review]:
        return self.work.reviews

    @property
    def passed_up(self) -> list[tuple[str, str]]:
        """Why, and to which level, others were told."""
        return [(each.reason, each.level) for each in self.work.events if isinstance(each, CaseEscalated)]

    def taken(self) -> list[tuple[str, str | None]]:
        """The steps of the draft: their level or specialism, and who has taken each."""
        return [(step.specialism or step.level, step.taken and step.taken.officer) for step in self.draft.steps]

    def _officer(self, who: str) -> Decider:
        subject = who if who == "governor" else f"{self.prefix}-{who}"
        return Decider(subject, Powers(self.policy.policy.officers).of(subject, NOW))
