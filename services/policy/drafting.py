"""Writing: a draft for a case, and further versions of it.

Whoever writes is the author and cannot release: an approver who changes a word makes a new version, of which they are
the author, and somebody else approves it.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from services.policy.desk import Desk
from services.policy.domain.clearance import lengths
from services.policy.domain.clearance.approvals import (
    Counting,
    Draft,
    DraftNotOpen,
    NothingToAnswer,
    NotYourAuthority,
    Refusal,
)
from services.policy.domain.clearance.cases import Case, Turn
from services.policy.domain.clearance.relations import relation
from services.policy.ports import PARLEY, Act, Work


class UnknownStatement(Refusal):
    """A statement that is cited is not in force."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(f"Not in force: {', '.join(names)}.")
        self.names = names


@dataclass(frozen=True, slots=True)
class Text:
    """What somebody writes: the words, in which language (that of the comment if None), the approved facts that they
    cite, and until when they may go out."""

    text: str
    language: str | None = None
    statements: tuple[str, ...] = ()
    valid_until: datetime | None = None


def recount(case: Case, counting: Counting, work: Work) -> None:
    """Open those steps of the open draft again whose consents rest on an authority that is gone. Comes before any
    other act."""
    before = case.draft
    if before is None or (after := before.recounted(counting)) is before:
        return
    case.draft = after
    work.keep(case)
    gone = [
        was.taken.officer
        for was, now in zip(before.steps, after.steps, strict=True)
        if was.taken is not None and now.taken is None
    ]
    details = {"draft": after.number, "reason": "authority_gone", "officers": gone}
    work.note(Act(case.thread.agency, PARLEY, "draft.approvals_lapsed", case.id, details=details))


def write_draft(desk: Desk, written: Text) -> Draft:
    """A new text for the case; an older open draft gives way. Raises a Refusal: NothingToAnswer, NotYourAuthority for
    one without any mandate, WindowClosed, DoesNotFit, UnknownStatement."""
    case = desk.case
    if not desk.decider.mandates:
        raise NotYourAuthority
    if not case.unanswered or case.standing is None:
        raise NothingToAnswer
    asked = case.unanswered[-1]
    _refuse_what_cannot_go_out(desk, written, case.unanswered)
    if case.draft is not None and case.draft.state == "open":
        case.end_draft("superseded")
        desk.work.retire(case, case.draft)
    case.drafts_written += 1
    case.draft = Draft(
        number=case.drafts_written,
        version=1,
        author=desk.subject,
        text=written.text,
        language=written.language or asked.decision.language,
        digest="",
        policy_version="",
        steps=(),
        state="open",
        written_at=desk.now,
        answers=tuple(dict.fromkeys(turn.comment for turn in case.unanswered)),
        head=case.head,
        statements=tuple((name, None) for name in written.statements),
        valid_until=written.valid_until,
    )
    return _put_up(desk, "draft.written")


def amend(desk: Desk, written: Text) -> Draft:
    """Another version of a draft that is open or was sent back, by whoever changes it. Raises a Refusal."""
    case, draft = desk.case, desk.draft
    assert draft is not None
    if not desk.decider.mandates:
        raise NotYourAuthority
    if draft.state not in ("open", "returned") or draft.number != case.drafts_written:
        raise DraftNotOpen(draft.state)
    draft = case.draft = _taken_up_again(desk, draft) if draft.state == "returned" else draft
    if not (covered := case.answered_by(draft)):
        raise NothingToAnswer
    _refuse_what_cannot_go_out(desk, written, covered)
    if draft.state == "open" and _says_the_same(draft, written):
        return desk.as_it_stands()
    case.draft = replace(
        draft,
        version=draft.version + 1,
        author=desk.subject,
        text=written.text,
        language=written.language or draft.language,
        state="open",
        written_at=desk.now,
        statements=tuple((name, None) for name in written.statements),
        valid_until=written.valid_until,
    )
    return _put_up(desk, "draft.amended")


def _taken_up_again(desk: Desk, draft: Draft) -> Draft:
    """A draft that was sent back, as the thread stands now: it answers what came in meanwhile as well, unless that is
    another matter, and every consent is given anew."""
    case = desk.case
    answered = case.answered_by(draft)
    bearing = [turn.comment for turn in case.unanswered if not answered or relation(turn, answered) == "contradicts"]
    return replace(draft, steps=(), head=case.head, answers=tuple(dict.fromkeys([*draft.answers, *bearing])))


def _says_the_same(draft: Draft, written: Text) -> bool:
    """Whether a version would change nothing: then nobody becomes its author by it."""
    cited = tuple(name for name, _ in draft.statements)
    same = (draft.text, cited, draft.valid_until) == (written.text, written.statements, written.valid_until)
    return same and written.language in (None, draft.language)


def _put_up(desk: Desk, action: str) -> Draft:
    case = desk.case
    desk.bind(fresh=True)
    case.settle()
    desk.work.keep(case)
    assert case.draft is not None
    draft = case.draft
    desk.record(action, desk.decider.mandates[0], draft=draft.number, version=draft.version, digest=draft.digest)
    return draft


def _refuse_what_cannot_go_out(desk: Desk, written: Text, covered: list[Turn]) -> None:
    desk.refuse_late(written.valid_until)
    if misfit := lengths.misfit(desk.case.thread.platform, written.text, covered, desk.may_split):
        raise lengths.DoesNotFit([misfit], desk.may_split)
    if unknown := tuple(name for name in written.statements if name not in desk.statements):
        raise UnknownStatement(unknown)
