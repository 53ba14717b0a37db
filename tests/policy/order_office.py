"""A case of a sample agency in memory whose comments are moderated, and whose answers are put right or taken back."""

from dataclasses import asdict
from typing import Any, Literal

from services.policy import endings, ordering
from services.policy.domain.clearance import orders
from services.policy.domain.clearance.cases import Case, Turn
from services.policy.domain.clearance.casework import Destination
from services.policy.domain.clearance.orders import Asked, OnRecord, ResponseState
from services.policy.domain.clearance.submissions import Submission
from services.policy.domain.scales import Level, Specialism
from services.policy.ordering import OrderDesk
from shared.events import (
    Event,
    ModerationAction,
    ModerationEnded,
    PublicationCorrected,
    PublicationRetracted,
    PuttingRightFailed,
    ResponseApproved,
)
from tests.policy.builders import LATER, published, shelf
from tests.policy.case_office import Office

ABUSE = "you bastard"
ELSEWHERE = Destination("case_elsewhere", "water-board", "ours no more", LATER)
COMPLAINT = "Still waiting for my passport, terrible service"


class OrderOffice(Office):
    """The same, with orders."""

    def at(self, who: str) -> OrderDesk:
        desk = self.desk(who)
        return OrderDesk(desk, tuple(self.work.orders_of(desk.case)))

    def turn(self, comment: str = "cmt_1") -> Turn:
        found = self.case.turn_of(comment)
        assert found is not None
        return found

    def moderate(
        self,
        who: str = "desk",
        action: ModerationAction = "hide",
        comment: str = "cmt_1",
        rule: str | None = "No abuse",
    ) -> Submission:
        new = orders.moderation(self.case, comment, action, rule, self._asked(who, "moderation"))
        return ordering.put_up(self.at(who), new)

    def correct(
        self,
        who: str = "desk",
        text: str = "We open at 9:00.",
        state: ResponseState = "published",
        level: Level | None = None,
    ) -> Submission:
        found = orders.as_it_reads(self.on_record(state, level), self.work.orders_of(self.case))
        new = orders.correction(self.case, found, text, None, self._asked(who, "correction"))
        return ordering.put_up(self.at(who), new)

    def retract(self, who: str = "desk", state: ResponseState = "published", level: Level | None = None) -> Submission:
        new = orders.retraction(self.case, self.on_record(state, level), self._asked(who, "retraction"))
        return ordering.put_up(self.at(who), new)

    def consent(self, order: Submission, who: str, digest: str | None = None) -> Submission:
        return ordering.approve(self.at(who), self.now_of(order), digest or self.now_of(order).digest)

    def vouch(self, order: Submission, who: str, kind: Specialism) -> Submission:
        return ordering.sign_off(self.at(who), self.now_of(order), kind, self.now_of(order).digest)

    def say_no(self, order: Submission, who: str) -> Submission:
        return ordering.refuse(self.at(who), self.now_of(order), self.now_of(order).digest, "It is an opinion.")

    def now_of(self, order: Submission) -> Submission:
        """The order as it is kept now."""
        found = self.work.order(order.id)
        assert found is not None
        return found

    def answered(self, text: str = "We open at 8:30.") -> ResponseApproved:
        """The case's answer, written, cleared and published."""
        self.write("desk", text)
        for who in ("desk-2", "comms", "division", "head"):
            if self.draft.state == "open":
                self.approve(who)
        endings.handlers.on_response_published(published(self.response), self.work, shelf(), LATER)
        return self.response

    @property
    def response(self) -> ResponseApproved:
        return self.released[-1]

    def on_record(self, state: ResponseState = "published", level: Level | None = None) -> OnRecord:
        said = self.response
        return OnRecord(said.response, said.case, said.comments, said.text, said.language, level or said.level, state)

    def moderated(self, order: Submission, outcome: Literal["done", "failed"] = "done", **about: Any) -> None:
        known = {"order": order.id, "case": self.case.id, "comment": order.subject, "action": order.content["action"]}
        event = ModerationEnded(**_place(self.case), **known, outcome=outcome, ended_at=LATER, **about)
        endings.on_moderation_ended(event, self.work, shelf(), LATER)

    def corrected(self, order: Submission, how: Literal["edit", "reply"] = "edit") -> None:
        known = {"correction": order.id, "native_id": "reply-2", "text": order.content["text"], "how": how}
        event = PublicationCorrected(**self._about(self.case), **known, corrected_at=LATER)
        endings.on_publication_corrected(event, self.work, shelf(), LATER)

    def retracted(self, case: Case | None = None, response: str | None = None) -> None:
        about = self._about(case or self.case, response)
        event = PublicationRetracted(**about, reason="wrong", was_published=True, retracted_at=LATER)
        endings.on_publication_retracted(event, self.work, shelf(), LATER)

    def failed(self, order: Submission, action: Literal["correct", "retract"], reason: str = "not_possible") -> None:
        known = {"order": order.id, "action": action, "reason": reason, "detail": "gone"}
        event = PuttingRightFailed(**self._about(self.case), **known, failed_at=LATER)
        endings.on_putting_right_failed(event, self.work, shelf(), LATER)

    def told(self, kind: type[Event]) -> list[Any]:
        """What was announced of a kind."""
        return [event for event in self.work.events if isinstance(event, kind)]

    def details(self, action: str) -> list[dict[str, Any]]:
        """What the audit trail says of these acts."""
        return [act.details for act in self.work.acts if act.action == action]

    def _asked(self, who: str, matter: str) -> Asked:
        number = sum(each.matter == matter for each in self.work.orders_of(self.case)) + 1
        return Asked(f"{self.prefix}-{who}", "It says so.", number, self.now)

    def _about(self, case: Case, response: str | None = None) -> dict[str, Any]:
        said = self.response
        names = {"response": response or said.response, "case": said.case, "comments": said.comments}
        return {**_place(case), **names, "publication": "pub_1"}


def _place(case: Case) -> dict[str, str]:
    return asdict(case.thread)
