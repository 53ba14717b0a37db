"""Binding a draft to what stands now.

Done when a draft is written or has another version, when its thread moves on, and again before every consent. What an
officer vouched for and that stands as it was counts on; a consent to anything else has to be given again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from services.policy.domain.authority.mandates import Weight
from services.policy.domain.clearance.approvals import LIGHT, Consent, Draft, Step, steps_of
from services.policy.domain.clearance.audience import visibility_of
from services.policy.domain.clearance.cases import Case, Turn, standing_of
from services.policy.domain.clearance.relations import relation
from services.policy.domain.clearance.seen import Seen, vouched_for
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.policies import StepRule
from services.policy.domain.scales import Level, Specialism

BY_A_PERSON: Level = "L1"
"""The least level of what an officer writes: L0 is for lines, and a case whose line did not arrive needs a person."""

NO_STATEMENTS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Rebound:
    """What another binding came to: whose consents lapsed, and how many steps the draft has now."""

    lapsed: tuple[str, ...]
    steps: int


def seen(case: Case, draft: Draft, policy_version: str) -> Seen:
    """What an officer sees who has ``draft`` before them now. It has something to answer."""
    answered = case.answered_by(draft)
    return Seen(
        text=draft.text,
        language=draft.language,
        head=draft.head,
        platform=case.thread.platform,
        account=case.thread.account,
        reply_to=answered[-1].native_id,
        policy_version=policy_version,
        sensitivity=draft.weight.sensitivity,
        damage=draft.weight.damage,
        answers=tuple((turn.comment, turn.revision) for turn in answered),
        visibility=visibility_of(answered),
        public=all(turn.public for turn in answered),
        statements=draft.statements,
        valid_until=draft.valid_until,
    )


def rebind(
    case: Case, policy: PolicyInForce, statements: Mapping[str, str] = NO_STATEMENTS, *, fresh: bool = False
) -> Rebound | None:
    """Bind the case's open draft to the present, or None where all stands as it was. It has something to answer.

    ``statements`` are the versions now in force of those that it cites. A version that was written for more than the
    comments ask for now keeps to what it was written for; a ``fresh`` one is measured by the present alone.
    """
    draft = case.draft
    assert draft is not None
    answered = case.answered_by(draft)
    standing = standing_of(answered)
    before = () if fresh else draft.steps
    asked = path(
        case,
        policy,
        max(standing.level, BY_A_PERSON, case.least_level, *(step.level for step in before if step.kind == "approval")),
        tuple(dict.fromkeys([*standing.signoffs, *(step.specialism for step in before if step.specialism)])),
        max(standing.approvals, sum(step.kind == "approval" for step in before)),
    )
    topics = tuple(sorted({topic for turn in answered for topic in turn.decision.topics}))
    known = LIGHT if fresh else draft.weight
    weight = Weight(
        max(standing.sensitivity, known.sensitivity), max(standing.damage, known.damage), topics, case.thread.platform
    )
    bound = replace(
        draft,
        policy_version=policy.policy.version,
        weight=weight,
        statements=tuple((name, statements.get(name)) for name, _ in draft.statements),
    )
    now = seen(case, bound, bound.policy_version)
    steps = tuple(_carried(steps_of(asked), draft.steps, now, draft.author))
    bound = replace(bound, digest=now.digest(), steps=steps)
    if bound == draft:
        return None
    case.draft = bound
    kept = {step.taken.officer for step in steps if step.taken}
    lapsed = [step.taken.officer for step in draft.steps if step.taken and step.taken.officer not in kept]
    return Rebound(tuple(lapsed), len(steps))


def path(
    case: Case, policy: PolicyInForce, level: Level, signoffs: tuple[Specialism, ...], approvals: int
) -> tuple[StepRule, ...]:
    """The consents that an answer on ``level`` needs; at once where an officer chose so and the level allows it."""
    steps, shortened = policy.steps(level, signoffs, approvals), case.casework.shortened
    if shortened is None or not shortened.in_parallel or not policy.policy.ladder[level].at_once_if_late:
        return steps
    return tuple(step.model_copy(update={"stage": 1}) for step in steps)


def take_in(case: Case, turn: Turn) -> bool:
    """Let the open draft answer a new turn as well, if it bears on the draft; whether it does."""
    draft = case.draft
    assert draft is not None
    answered = [each for each in case.turns if each.comment in draft.answers and each is not turn]
    if answered and relation(turn, answered) == "unrelated":
        return False
    asks = turn.state in ("waiting", "watching") and turn.comment not in draft.answers
    answers = (*draft.answers, turn.comment) if asks else draft.answers
    case.draft = replace(draft, answers=answers, head=(turn.comment, turn.revision))
    return True


def vouching(now: Seen, step: Step) -> str:
    """The digest of those parts that a consent to ``step`` answers for."""
    return now.digest_of(vouched_for(step.specialism))


def _carried(asked: Iterable[Step], before: Iterable[Step], now: Seen, author: str) -> Iterable[Step]:
    """The steps that are asked for, each with a consent given before if there is one that still counts for it."""
    given = [(step, step.taken) for step in before if step.taken is not None and _counts(step, step.taken, now, author)]
    for step in asked:
        place = next((at for at, (known, _) in enumerate(given) if known.asks_the_same_as(step)), None)
        yield step if place is None else replace(step, taken=given.pop(place)[1])


def _counts(step: Step, consent: Consent, now: Seen, author: str) -> bool:
    return consent.officer != author and consent.vouches == vouching(now, step)
