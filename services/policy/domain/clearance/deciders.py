"""Who may take which step of a draft, and by which of their mandates.

A step is taken by the best lawful mandate: the highest step that any of them is good for, and of those that are good
for it the least borrowed. A delegation changes who holds a level; the steps stay as many as they were.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from services.policy.domain.authority.mandates import Mandate, Weight
from services.policy.domain.clearance.approvals import (
    CeilingExceeded,
    DayIsSpent,
    Draft,
    NotYetYourTurn,
    NotYourAuthority,
    OwnDraft,
    Refusal,
    Step,
    Stepped,
)
from services.policy.domain.scales import Level, Specialism


@dataclass(frozen=True, slots=True)
class Decider:
    """A person before a text: by what they may decide (own posts first), and the consents that were given today under
    each instrument that counts them. ``cleared_line``: it says a cleared line, unchanged."""

    subject: str
    mandates: tuple[Mandate, ...]
    given_today: Mapping[str, int] = field(default_factory=dict)
    cleared_line: bool = False

    def obstacle(self, mandate: Mandate, weight: Weight) -> NotYourAuthority | None:
        """Why a mandate is of no use for such a case now, or None."""
        return self.beyond(mandate, weight) or self.spent(mandate)

    def beyond(self, mandate: Mandate, weight: Weight) -> NotYourAuthority | None:
        """Why a mandate is not for such a case and draft, or None."""
        if mandate.cleared_lines_only and not self.cleared_line:
            return NotYourAuthority(f"The instrument {mandate.instrument} is for unchanged cleared lines only.")
        return obstacle_of(mandate, weight)

    def spent(self, mandate: Mandate) -> DayIsSpent | None:
        """That as many consents were given today as one of its instruments allows."""
        for instrument, number in mandate.limits:
            if self.given_today.get(instrument, 0) >= number:
                return DayIsSpent(instrument, number)
        return None


def approval_step(draft: Stepped, decider: Decider) -> tuple[int, Mandate]:
    """The highest open approval that one of the person's mandates is good for, and the least borrowed of those that
    are. Raises Refusal."""
    _refuse_the_wrong_person(draft, decider)
    found = [
        (step.level, index, mandate)
        for mandate in decider.mandates
        for index, step in enumerate(draft.steps)
        if step.kind == "approval" and step.taken is None and _is_good_for(mandate, step)
    ]
    if not found:
        raise NotYourAuthority
    lawful = [each for each in found if decider.obstacle(each[2], draft.weight) is None]
    if not lawful:
        raise _nearest(decider.obstacle(mandate, draft.weight) for _, _, mandate in found)
    open_now = [each for each in lawful if draft.is_open_to_take(draft.steps[each[1]])]
    if not open_now:
        raise NotYetYourTurn
    _, index, mandate = max(open_now, key=lambda each: each[0])
    return index, mandate


def signoff_step(draft: Stepped, decider: Decider, kind: Specialism) -> tuple[int, Mandate]:
    """The open sign-off of that kind, and the mandate by which the person may take it. Raises Refusal."""
    _refuse_the_wrong_person(draft, decider)
    for index, step in enumerate(draft.steps):
        if step.specialism == kind and step.taken is None:
            found = [each for each in decider.mandates if kind in each.specialisms and _is_good_for(each, step)]
            if not found:
                raise NotYourAuthority(f"Only a specialist for {kind} may sign it off.")
            lawful = [each for each in found if decider.obstacle(each, draft.weight) is None]
            if not lawful:
                raise _nearest(decider.obstacle(each, draft.weight) for each in found)
            if not draft.is_open_to_take(step):
                raise NotYetYourTurn
            return index, lawful[0]
    raise NotYourAuthority(f"No sign-off for {kind} is open.")


def lifting(draft: Draft, decider: Decider) -> Mandate | None:
    """The mandate by which a person lifts conditions that alone keep a draft back, or their own after their consent:
    who set one, or somebody on a higher level. None where there is nothing for them to lift so."""
    if decider.subject == draft.author or not draft.conditions:
        return None
    mine = any(each.officer == decider.subject for each in draft.conditions)
    if not draft.waits_for_conditions and not (mine and draft.consent_of(decider.subject)):
        return None
    lawful = [each for each in decider.mandates if decider.obstacle(each, draft.weight) is None]
    if mine:
        return lawful[0] if lawful else None
    above = [each for each in lawful if each.level > max(condition.level for condition in draft.conditions)]
    return above[0] if above else None


def judging(draft: Stepped, decider: Decider) -> Mandate:
    """The mandate by which a person refuses a draft or sets it a condition: one good for a step of it, taken or not.
    Raises Refusal."""
    if decider.subject == draft.author:
        raise OwnDraft
    return _good_for_any(draft, decider)


def returning(draft: Stepped, decider: Decider) -> Mandate:
    """The mandate by which a person sends a draft back: one good for a step of it, or any if the draft is their own.
    Raises Refusal."""
    if not decider.mandates:
        raise NotYourAuthority
    if decider.subject == draft.author:
        return decider.mandates[0]
    return _good_for_any(draft, decider)


def _good_for_any(draft: Stepped, decider: Decider) -> Mandate:
    found = [each for each in decider.mandates if any(_is_good_for(each, step) for step in draft.steps)]
    if not found:
        raise NotYourAuthority
    obstacles = {each: decider.beyond(each, draft.weight) for each in found}
    lawful = [each for each, obstacle in obstacles.items() if obstacle is None]
    if not lawful:
        raise _nearest(obstacles.values())
    return lawful[0]


def acting(decider: Decider, weight: Weight, level: Level, owner: str) -> Mandate:
    """The mandate by which a person acts on a case of that level and owner: one of the level or above, or the owner's.
    Raises Refusal."""
    found = [each for each in decider.mandates if each.level >= level or each.post == owner]
    if not found:
        raise NotYourAuthority("The case lies above your level.")
    lawful = [each for each in found if decider.beyond(each, weight) is None]
    if not lawful:
        raise _nearest(decider.beyond(each, weight) for each in found)
    return lawful[0]


def may_decide(draft: Stepped, decider: Decider) -> bool:
    """Whether the person could take some step of the draft now, or lift what alone keeps it back."""
    if isinstance(draft, Draft) and lifting(draft, decider) is not None:
        return True
    for step in draft.steps:
        try:
            if step.specialism is None:
                approval_step(draft, decider)
            else:
                signoff_step(draft, decider, step.specialism)
        except Refusal:
            continue
        return True
    return False


def _is_good_for(mandate: Mandate, step: Step) -> bool:
    """Whether a mandate is of the level that a step asks for, and of one of the posts that it names; a delegation is of
    the post that its power belongs to."""
    return mandate.level >= step.level and (not step.posts or mandate.post_behind in step.posts)


def _refuse_the_wrong_person(draft: Stepped, decider: Decider) -> None:
    if draft.is_barred(decider.subject):
        raise OwnDraft
    if draft.consent_of(decider.subject) is not None:
        raise NotYourAuthority("You have taken a step of this draft already; each needs another person.")


def obstacle_of(mandate: Mandate, weight: Weight) -> NotYourAuthority | None:
    """Why a mandate is not for such a case, or None."""
    if not mandate.stands_for(weight.topics):
        return NotYourAuthority("Your authority does not stand for the subject of this case.")
    if not mandate.speaks_on(weight.platform):
        return NotYourAuthority(f"The instrument {mandate.instrument} is not for this platform.")
    return CeilingExceeded(mandate, weight) if mandate.exceeded_by(weight) else None


def _nearest(obstacles: Iterable[NotYourAuthority | None]) -> NotYourAuthority:
    """Of several reasons the one that was the last to overcome."""
    return max(filter(None, obstacles), key=lambda each: (type(each) is not NotYourAuthority, type(each) is DayIsSpent))
