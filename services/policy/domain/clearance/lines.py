"""Versions of a line on their way: what clearing them asks for, and the line that a cleared one is."""

from services.policy.domain.authority.mandates import Weight
from services.policy.domain.clearance.cleared_lines import ClearedLine
from services.policy.domain.clearance.submissions import Need, Submission
from services.policy.domain.policies import ClearedBy, Wording


def need_of(wording: Wording) -> Need:
    """What clearing these words asks for: a line may be used up to its ceiling, on every platform."""
    ceiling = wording.ceiling
    return Need(Weight(ceiling.sensitivity, ceiling.damage, tuple(sorted(set(wording.topics)))))


def content_of(wording: Wording) -> dict[str, object]:
    """The same words as a submission keeps them."""
    return wording.model_dump(mode="json", by_alias=True)


def cleared_line(submission: Submission) -> ClearedLine:
    """The line that a cleared version is. It speaks on the level on which it was cleared, whoever stood higher."""
    given = [step.taken for step in submission.steps if step.kind == "approval" and step.taken is not None]
    clearing = max(given, key=lambda consent: consent.level)
    assert submission.cleared_at is not None
    return ClearedLine.model_validate(
        {
            **submission.content,
            "cleared_by": ClearedBy(officer=clearing.officer, post=clearing.post, level=submission.level),
            "cleared_at": submission.cleared_at,
            "version": submission.number,
            "clearance": submission.id,
            "consents": submission.steps,
        },
        strict=False,
    )
