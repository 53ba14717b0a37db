"""What officers say to a draft without releasing it: advice, conditions, sending it back, refusing it.

A draft that was refused goes back to its author. Where officers disagree, because one refuses what another approved or
because it is refused a second time, it goes one level up with what each of them said, and is decided there.
"""

from services.policy.desk import Desk
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.clearance.approvals import (
    Draft,
    DraftNotOpen,
    NotYourAuthority,
    Remark,
    RemarkKind,
    StaleDigest,
)
from services.policy.domain.clearance.clearing import BY_A_PERSON
from services.policy.domain.clearance.deciders import judging, returning
from services.policy.domain.deciding.routing import post_on
from services.policy.domain.scales import raised

ENOUGH_REFUSALS = 2


def comment(desk: Desk, text: str) -> Draft:
    """Advise on a draft; nothing depends on it. Raises a Refusal."""
    draft = _open(desk)
    if not desk.decider.mandates:
        raise NotYourAuthority
    return _say(desk, draft, "comment", text, desk.decider.mandates[0])


def set_condition(desk: Desk, digest: str, text: str) -> Draft:
    """Consent only if something changes: this version waits until the condition is lifted. Raises a Refusal."""
    draft = desk.as_it_stands()
    mandate = judging(draft, desk.decider)
    _refuse_stale(draft, digest)
    return _say(desk, draft, "condition", text, mandate)


def send_back(desk: Desk, reason: str) -> Draft:
    """The draft does not go out as it is: its author, or somebody else, must write another version. Raises a Refusal;
    pressing twice changes nothing."""
    draft = desk.draft
    assert draft is not None
    if draft.state == "returned":
        return draft
    draft = desk.as_it_stands()
    mandate = returning(draft, desk.decider)
    _say(desk, draft, "return", reason, mandate)
    return _return(desk)


def refuse(desk: Desk, digest: str, reason: str) -> Draft:
    """Say no to a version. It goes back, or one level up where officers disagree. Raises a Refusal; pressing twice
    changes nothing."""
    draft = desk.draft
    assert draft is not None
    if _has_refused(draft, desk.subject):
        return draft
    draft = desk.as_it_stands()
    mandate = judging(draft, desk.decider)
    _refuse_stale(draft, digest)
    refused = _say(desk, draft, "refusal", reason, mandate)
    approved = any(step.taken and step.kind == "approval" for step in refused.steps)
    refusals = sum(each.kind == "refusal" for each in refused.remarks)
    if approved or refusals >= ENOUGH_REFUSALS:
        return _go_up(desk, refused, "disagreement" if approved else "refused_twice", mandate)
    return _return(desk)


def _go_up(desk: Desk, draft: Draft, reason: str, mandate: Mandate) -> Draft:
    case = desk.case
    assert case.standing is not None
    asked = (step.level for step in draft.steps if step.kind == "approval")
    level = raised(max(BY_A_PERSON, case.raised_to or BY_A_PERSON, *asked), 1)
    case.raised_to = level
    desk.bind()
    case.settle()
    desk.work.keep(case)
    post = post_on(desk.policy.policy, level, draft.weight.topics, desk.now)
    desk.pass_up(reason, post, level)
    said = [f"{each.post}: {each.text}" for each in draft.remarks if each.kind == "refusal"]
    desk.record("draft.passed_up", mandate, draft=draft.number, reason=reason, to=level, refusals=said)
    assert case.draft is not None
    return case.draft


def _return(desk: Desk) -> Draft:
    desk.case.end_draft("returned")
    desk.case.settle()
    desk.work.keep(desk.case)
    assert desk.case.draft is not None
    return desk.case.draft


def _say(desk: Desk, draft: Draft, kind: RemarkKind, text: str, mandate: Mandate) -> Draft:
    remark = Remark(kind, desk.subject, mandate.post, mandate.level, text, draft.version, desk.now)
    desk.case.draft = draft.remarked(remark)
    desk.work.keep(desk.case)
    about = {"draft": draft.number, "version": draft.version, "digest": draft.digest, "text": text}
    desk.record(_ACTIONS[kind], mandate, **about)
    return desk.case.draft


_ACTIONS: dict[RemarkKind, str] = {
    "comment": "draft.commented",
    "condition": "condition.set",
    "return": "draft.returned",
    "refusal": "draft.refused",
}


def _open(desk: Desk) -> Draft:
    draft = desk.draft
    assert draft is not None
    if draft.state != "open":
        raise DraftNotOpen(draft.state)
    return draft


def _has_refused(draft: Draft, officer: str) -> bool:
    said = [each for each in draft.remarks if each.kind == "refusal" and each.officer == officer]
    return any(each.version == draft.version for each in said)


def _refuse_stale(draft: Draft, digest: str) -> None:
    if digest != draft.digest:
        raise StaleDigest(draft.digest)
