"""Whatever citizens write and officers do, in whatever order: what a case never comes to."""

from collections.abc import Callable
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from services.policy import casework, clearance, handlers
from services.policy.adapters.store.work import UnitOfWork
from services.policy.desk import Desk
from services.policy.domain.clearance import timing
from services.policy.domain.clearance.approvals import Refusal
from services.policy.domain.clearance.cases import Case
from services.policy.domain.clearance.casework import OVER
from services.policy.drafting import Text, amend, write_draft
from services.policy.remarks import send_back
from shared.events import Author
from tests.policy.builders import NOW, decider, deleted, failed, published, received, sample, shelf

AGENCIES = ("passports", "water-board", "central-bank")
OFFICERS = {
    "passports": ("passports-desk", "passports-desk-2", "passports-division", "passports-head"),
    "water-board": ("water-desk", "water-desk-2", "water-division", "water-head"),
    "central-bank": ("bank-desk", "bank-desk-2", "bank-division", "governor"),
}
TEXTS = (
    "Still waiting, terrible service",
    "What are your opening hours?",
    "My lawyer will sue you for defamation",
    "Thank you, great service",
)


class Scene:
    """A thread, the cases that come of it, and everybody at work on them."""

    def __init__(self) -> None:
        self.work = UnitOfWork()
        self.now = NOW
        self.said = 0
        self.published = 0
        self.left: dict[str, tuple[int, str]] = {}

    def say(self, number: int) -> None:
        self.said += 1
        author = Author(id=f"citizen-{number % 2}")
        event = received(TEXTS[number % len(TEXTS)], comment=f"cmt_{self.said}", author=author, received_at=self.now)
        handlers.on_comment_received(event, self.work, shelf(), self.now)

    def delete(self, number: int) -> None:
        event = deleted(comment=f"cmt_{number % max(self.said, 1) + 1}")
        handlers.on_comment_deleted(event, self.work, shelf(), self.now)

    def settle(self, number: int) -> None:
        if self.published < len(self.work.responses):
            response = self.work.responses[self.published]
            self.published += 1
            if number % 2:
                handlers.on_response_published(published(response), self.work, shelf(), self.now)
            else:
                handlers.on_publication_failed(failed(response, "refused"), self.work, shelf(), self.now)

    def act(self, what: str, number: int) -> None:
        cases = list(self.work.kept.values())
        if not cases:
            return
        case = cases[number % len(cases)]
        agency = case.thread.agency
        who = decider(agency, OFFICERS[agency][number % 4])
        desk = Desk(case, case.draft, who, sample(agency), self.work, self.now)
        acts: dict[str, Callable[[], object]] = {
            "take": lambda: casework.assign(desk, who.subject, True),
            "give": lambda: casework.assign(desk, OFFICERS[agency][0], True),
            "give back": lambda: casework.give_back(desk),
            "refer": lambda: casework.refer(desk, "elsewhere", "theirs"),
            "call in": lambda: casework.call_in(desk, "mine"),
            "draft": lambda: write_draft(desk, Text("We look into it.", "en")),
            "approve": lambda: desk.draft and clearance.approve(desk, desk.draft.digest),
            "send back": lambda: desk.draft and send_back(desk, "not so"),
            "amend": lambda: desk.draft and amend(desk, Text("We look into it now.", "en")),
            "transfer": lambda: casework.transfer(desk, sample(AGENCIES[number % 3]), "theirs"),
        }
        acts[what]()


steps = st.tuples(
    st.sampled_from(["say", "say", "delete", "settle"])
    | st.sampled_from(["take", "give", "give back", "refer", "call in", "draft", "approve", "transfer"])
    | st.sampled_from(["send back", "amend", "transfer"]),
    st.integers(0, 11),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(steps, max_size=25))
def test_a_case_never_comes_to_what_no_case_is(done: list[tuple[str, int]]) -> None:
    scene = Scene()
    scene.say(0)
    for what, number in done:
        scene.now += timedelta(minutes=1)
        try:
            if what in ("say", "delete", "settle"):
                getattr(scene, what)(number)
            else:
                scene.act(what, number)
        except Refusal:
            pass
        cases = list(scene.work.kept.values())
        for case in cases:
            _holds(case, scene)
        waiting = [turn.comment for case in cases for turn in case.waiting]
        assert len(waiting) == len(set(waiting)), "a comment waits in one place"
        assert [case.casework.transferred_to is None for case in cases].count(True) == 1, "one agency has the thread"


def _holds(case: Case, scene: Scene) -> None:
    done, standing = case.casework, case.standing
    assert standing is not None
    assert done.assignee is None or case.state not in OVER
    heaviest = max((turn.decision.level for turn in case.unanswered), default="L0")
    assert standing.level >= heaviest
    if done.called_in is not None:
        assert standing.level >= done.called_in.level
    if done.transferred_from is not None:
        assert case.thread.agency not in done.transferred_from.agencies
    if done.transferred_to is not None:
        assert (case.state, case.waiting, case.due_at, timing.timers(case)) == ("closed", [], None, [])
        assert standing.disposition == "transfer"
        assert case.draft is None or case.draft.state != "open"
        as_it_left = (case.turn_count, done.transferred_to.case)
        assert scene.left.setdefault(case.id, as_it_left) == as_it_left
