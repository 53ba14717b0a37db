"""What officers teach: of what kind a comment really was, and the model that learns from it.

A correction changes nothing that was decided; it is on record, and counts as a person's judgement of the same text. So
does a confirmation, which is a correction to the kind that the comment is held to be of.
A model is taken only if comments that it has not seen are sorted no worse with it than without.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.learning.calibration import temperature_for
from services.policy.domain.learning.corrections import Correction, Judged
from services.policy.domain.learning.examples import Example, Source, folds_of, one_of_each, phrases_of
from services.policy.domain.learning.learned import Learned
from services.policy.domain.learning.linear_model import LinearModel
from services.policy.domain.learning.scores import Scores, Sorting, scores_of
from services.policy.domain.scales import Kind
from services.policy.domain.triage.classification import Classifier
from services.policy.domain.triage.phrases import normalised
from services.policy.ports import Act
from shared.ids import new_id

FEWEST_CORRECTIONS = 50
FOLDS = 5
_FEWEST_IN_A_FOLD = 5

Train = Callable[[Sequence[Example]], LinearModel]
"""Fits a model to weighted examples: the same examples, the same model."""

Tell = Callable[[str], None]
"""Hears how far training is."""


class CannotLearn(Exception):
    """What there is does not make a model that is worth using; the message says why."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A model, from how many examples it learned by their source, and how well comments that it had not seen were
    sorted with it and before it."""

    model: LinearModel
    examples: dict[Source, int]
    folds: int
    before: Scores
    learned: Scores


def correct(judged: Judged, kind: Kind, mandate: Mandate, now: datetime) -> tuple[Correction, Act]:
    """An officer says of what kind a comment is: another one than it was held to be, or that very one."""
    correction = Correction(
        id=new_id("cor"),
        agency=judged.agency,
        case=judged.case,
        turn=judged.turn,
        comment=judged.comment,
        kind_was=judged.kind,
        kind=kind,
        officer=mandate.subject,
        at=now,
    )
    details = {"comment": judged.comment, "kind_was": judged.kind, "kind": kind, "correction": correction.id}
    action = "comment.confirmed" if kind == judged.kind else "comment.corrected"
    return correction, Act.by(mandate, judged.agency, action, judged.case, **details)


def learn(policy: PolicyInForce, given: Iterable[Example], train: Train, fewest: int, tell: Tell) -> Lesson:
    """The model of an agency from what its officers said. Raises CannotLearn."""
    examples = one_of_each(given)
    sources = Counter(each.source for each in examples)
    _refuse_too_little(examples, sources["corrected"], fewest)
    phrases = phrases_of(policy.policy)
    folds = folds_of(examples, min(FOLDS, len(examples) // _FEWEST_IN_A_FOLD))
    trials = list(_trials(folds, phrases, train, tell))
    temperature = temperature_for([scored for trial in trials for scored in _scored(trial)])
    before = _scores(policy, [(policy.classifier, examples)])
    learned = _scores(policy, [(Learned(policy.classifier, model.at(temperature), ""), fold) for model, fold in trials])
    _refuse_worse(learned, before)
    tell(f"all {len(examples)} comments and {len(phrases)} phrases of the policy")
    model = train([*examples, *phrases]).at(temperature)
    return Lesson(model, dict(sources), len(folds), before, learned)


class _Trial(NamedTuple):
    """A model, and comments that it has not seen."""

    model: LinearModel
    fold: list[Example]


def _trials(folds: Sequence[list[Example]], phrases: Sequence[Example], train: Train, tell: Tell) -> Iterator[_Trial]:
    for place, fold in enumerate(folds):
        tell(f"fold {place + 1} of {len(folds)}: {len(fold)} comments held out")
        others = [example for other in folds if other is not fold for example in other]
        yield _Trial(train([*others, *phrases]), fold)


def _refuse_too_little(examples: Sequence[Example], corrections: int, fewest: int) -> None:
    needed = max(fewest, 2 * _FEWEST_IN_A_FOLD)
    if corrections < needed:
        raise CannotLearn(f"There are {corrections} corrections of different texts; a model needs {needed}.")
    if len({each.kind for each in examples}) < 2:
        raise CannotLearn(f"All corrections are of one kind, {examples[0].kind}: there is nothing to tell apart.")


def _refuse_worse(learned: Scores, before: Scores) -> None:
    if learned.accuracy < before.accuracy:
        raise CannotLearn(
            f"With the model {learned.accuracy:.1%} of unseen comments are sorted rightly, without it "
            f"{before.accuracy:.1%}: things stay as they are."
        )


def _scored(trial: _Trial) -> Iterator[tuple[list[float], int]]:
    """The scores of comments that a model has not seen, and the place of their kind, where it knows that at all."""
    model, fold = trial
    for example in fold:
        if example.kind in model.kinds:
            yield model.scores(normalised(example.text)), model.kinds.index(example.kind)


def _scores(policy: PolicyInForce, held_out: Iterable[tuple[Classifier, Iterable[Example]]]) -> Scores:
    sortings = [
        Sorting(example.kind, classifier.classify(policy.cues(example.text)))
        for classifier, examples in held_out
        for example in examples
    ]
    return scores_of(sortings, policy.policy.least_confidence)
