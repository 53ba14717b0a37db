"""What officers teach: corrections, and whether a model that learned from them is worth using."""

import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from services.policy.domain.learning.calibration import temperature_for
from services.policy.domain.learning.corrections import Judged
from services.policy.domain.learning.examples import Example, folds_of, one_of_each, phrases_of
from services.policy.domain.learning.linear_model import LinearModel, families_of
from services.policy.domain.learning.scores import Sorting, scores_of
from services.policy.domain.scales import KINDS, Kind
from services.policy.domain.triage.classification import Verdict
from services.policy.learning import CannotLearn, correct, learn
from tests.policy.builders import NOW, a_policy, bare, decider, in_force

CORRECTIONS = [
    Example(**json.loads(line))
    for line in (Path(__file__).parent / "corrections.jsonl").read_text("utf-8").splitlines()
]
Judge = Callable[[str], Kind]


def a_model_that_says(judge: Judge, texts: Sequence[str], sure: float = 6.0) -> LinearModel:
    """A model that gives each of ``texts``, of one word, the kind that ``judge`` names."""
    weights: dict[int, list[float]] = {}
    for text in texts:
        for bucket in families_of(text).words:
            weights[bucket] = [sure if kind == judge(text) else 0.0 for kind in KINDS]
    return LinearModel(KINDS, [0.0] * len(KINDS), weights, dict.fromkeys(weights, 1.0))


def words(count: int) -> list[str]:
    """Words that the lexicon does not know and that have no part in common."""
    return [chr(0x4E00 + 3 * number) * 2 for number in range(count)]


def silent(_: str) -> None:
    pass


def test_a_correction_says_who_found_what_and_goes_on_record() -> None:
    judged = Judged("passports", "case_1", 2, "cmt_1", None, "question")
    correction, act = correct(judged, "complaint", decider("passports", "passports-desk").mandates[0], NOW)
    assert (correction.kind_was, correction.kind, correction.officer) == ("question", "complaint", "passports-desk")
    assert (correction.case, correction.turn, correction.comment, correction.at) == ("case_1", 2, "cmt_1", NOW)
    assert (act.action, act.subject, act.on_behalf_of) == ("comment.corrected", "case_1", "Enquiries Officer")
    assert act.details["kind_was"] == "question"


def test_to_say_the_kind_that_a_comment_has_already_confirms_it() -> None:
    judged = Judged("passports", "case_1", 1, "cmt_1", None, "spam")
    confirmation, act = correct(judged, "spam", decider("passports", "passports-desk").mandates[0], NOW)
    assert (confirmation.kind_was, confirmation.kind, act.action) == ("spam", "spam", "comment.confirmed")


def test_a_better_model_is_taken_with_its_scores() -> None:
    texts = words(60)
    judge: Judge = lambda text: "complaint" if texts.index(text) % 3 else "venting"  # noqa: E731
    examples = [Example(text, judge(text)) for text in texts]
    lesson = learn(bare(), examples, lambda _: a_model_that_says(judge, texts), 50, silent)
    assert (lesson.learned.accuracy, lesson.before.accuracy) == (1.0, 0.0)
    assert (lesson.folds, lesson.examples) == (5, {"corrected": 60})
    assert lesson.learned.kinds["venting"] == {"comments": 20, "precision": 1.0, "recall": 1.0}


def test_what_is_measured_was_not_learned_from() -> None:
    texts = words(60)
    trained: list[set[str]] = []

    def train(examples: Sequence[Example]) -> LinearModel:
        trained.append({each.text for each in examples if each.source != "phrase"})
        assert any(each.source == "phrase" for each in examples)
        return a_model_that_says(lambda _: "complaint", texts)

    told: list[str] = []
    learn(bare(), [Example(text, KINDS[n % 2 + 10]) for n, text in enumerate(texts)], train, 50, told.append)
    assert [len(learned_from) for learned_from in trained] == [48, 48, 48, 48, 48, 60]
    held_out = [trained[-1] - learned_from for learned_from in trained[:-1]]
    assert set().union(*held_out) == set(texts)
    assert sum(map(len, held_out)) == len(texts)
    assert len(told) == 6


def test_a_model_that_sorts_worse_than_before_is_refused() -> None:
    examples = [Example(word, "other" if place % 3 else "complaint") for place, word in enumerate(words(60))]
    complains = LinearModel(KINDS, [20.0 * (kind == "complaint") for kind in KINDS], {}, {})
    with pytest.raises(CannotLearn, match=r"33\.3% .* without it 66\.7%: things stay as they are"):
        learn(bare(), examples, lambda _: complains, 50, silent)


def test_too_few_corrections_are_refused() -> None:
    examples = [Example(word, "complaint") for word in words(49)] + [Example("once more", "question", "answered")] * 9
    with pytest.raises(CannotLearn, match="There are 49 corrections of different texts; a model needs 50"):
        learn(bare(), examples, lambda _: pytest.fail("nothing is to be trained"), 50, silent)
    with pytest.raises(CannotLearn, match="needs 10"):
        learn(bare(), examples[:9], lambda _: pytest.fail("nothing is to be trained"), 1, silent)


def test_corrections_of_one_kind_only_are_refused() -> None:
    with pytest.raises(CannotLearn, match="of one kind, complaint"):
        learn(bare(), [Example(word, "complaint") for word in words(60)], lambda _: pytest.fail("none"), 50, silent)


def test_a_text_counts_once_and_a_correction_stands_before_an_answer() -> None:
    examples = [
        Example("No  water", "question"),
        Example("no water", "complaint"),
        Example("NO WATER", "praise", "answered"),
        Example(" ", "spam"),
    ]
    assert one_of_each(examples) == [Example("no water", "complaint")]
    assert one_of_each(reversed(CORRECTIONS)) == one_of_each(CORRECTIONS)


def test_every_fold_has_its_share_of_each_kind() -> None:
    folds = folds_of(one_of_each(CORRECTIONS), 5)
    for kind in {each.kind for each in CORRECTIONS}:
        counts = [sum(each.kind == kind for each in fold) for fold in folds]
        assert max(counts) - min(counts) <= 1


def test_the_phrases_of_a_policy_are_weak_examples() -> None:
    policy = a_policy(kinds=[{"kind": "complaint", "phrases": {"en": ["brown water*"]}}])
    assert Example("brown water", "complaint", "phrase") in phrases_of(policy)
    assert all(each.weight < Example("x", "praise", "answered").weight < 1 for each in phrases_of(policy))


def test_a_model_that_is_too_sure_is_cooled_and_one_that_is_too_shy_is_warmed() -> None:
    # Right four times of five, as the odds of 4 to 1 say: a difference of log 4 between the scores.
    right = math.log(4)
    for said in (right / 3, right, 3 * right):
        scored = [([said, 0.0], 0)] * 80 + [([said, 0.0], 1)] * 20
        assert temperature_for(scored) == pytest.approx(said / right, abs=0.01)
    assert temperature_for([]) == 1.0


def test_scores_tell_what_was_right_and_what_was_wrongly_sure() -> None:
    def sorting(kind: Kind, said: Kind, confidence: float = 0.9, two_voices: bool = False) -> Sorting:
        return Sorting(kind, Verdict(frozenset({said}), confidence, two_voices))

    scores = scores_of(
        [
            sorting("complaint", "complaint"),
            sorting("complaint", "praise"),
            sorting("complaint", "praise", 0.5),
            sorting("praise", "praise", 0.9, True),
            sorting("question", "other", 0.75),
        ],
        0.7,
    )
    assert (scores.comments, scores.accuracy, scores.sure, scores.surely_wrong) == (5, 0.4, 0.4, 0.2)
    assert scores.kinds["complaint"] == {"comments": 3, "precision": 1.0, "recall": 0.3333}
    assert scores.kinds["praise"] == {"comments": 1, "precision": 0.3333, "recall": 1.0}
    assert scores.kinds["other"] == {"comments": 0, "precision": 0.0, "recall": None}


def test_confidence_is_measured_by_the_policy_s_own_threshold() -> None:
    texts = words(60)
    examples = [Example(text, "complaint" if n % 2 else "venting") for n, text in enumerate(texts)]
    lenient = learn(
        in_force(least_confidence=0.0), examples, lambda _: LinearModel(KINDS, [0.0] * 18, {}, {}), 50, silent
    )
    strict = learn(
        in_force(least_confidence=1.0), examples, lambda _: LinearModel(KINDS, [0.0] * 18, {}, {}), 50, silent
    )
    assert strict.learned.sure == 0.0
    assert lenient.learned.sure >= strict.learned.sure
