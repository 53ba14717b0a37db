"""A linear model, applied without the library that trained it."""

import json
import math
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy.domain.learning.linear_model import BadModel, LinearModel, features_of, words_of
from services.policy.domain.scales import Kind
from services.policy.domain.triage.phrases import normalised

TEXTS = [
    "the queue was long and nobody came",
    "අද වතුර ආවේ පැයයි ඒකත් දුඹුරු පාටයි",
    "இன்று ஒரு மணி நேரம்தான் தண்ணீர் வந்தது",
    "thank you!!",
    "",
]
KINDS: list[Kind] = ["complaint", "question", "praise"]


def a_model(temperature: float = 1.0) -> LinearModel:
    """A model with a weight for every feature of ``TEXTS``."""
    chance = random.Random(7)
    buckets = sorted({bucket for text in TEXTS for bucket in features_of(text)})
    weights = {bucket: [chance.uniform(-3, 3) for _ in KINDS] for bucket in buckets}
    return LinearModel(KINDS, [0.1, -0.2, 0.3], weights, temperature).rounded()


def stored(**changes: Any) -> dict[str, Any]:
    return {**json.loads(json.dumps(a_model(1.5).as_json())), **changes}


def test_a_model_is_the_same_after_it_was_stored() -> None:
    model = a_model(1.5)
    again = LinearModel.from_json(json.loads(json.dumps(model.as_json())))
    assert again.digest == model.digest
    assert [again.probabilities(text) for text in TEXTS] == [model.probabilities(text) for text in TEXTS]


@given(st.text(max_size=200))
def test_probabilities_add_up_to_one_for_any_text(text: str) -> None:
    probabilities = a_model().probabilities(normalised(text))
    assert list(probabilities) == KINDS
    assert math.isclose(sum(probabilities.values()), 1)
    assert all(likely > 0 for likely in probabilities.values())


def test_scores_are_those_of_the_features() -> None:
    model, (text, *_) = a_model(), TEXTS
    stored_weights = model.as_json()["weights"]
    expected = [
        bias + sum(value * stored_weights[str(bucket)][place] / 1000 for bucket, value in features_of(text).items())
        for place, bias in enumerate([0.1, -0.2, 0.3])
    ]
    assert model.scores(text) == pytest.approx(expected, abs=1e-9)


def test_what_a_model_was_asked_before_changes_nothing() -> None:
    asked_often, fresh = a_model(), a_model()
    for number in range(12_000):
        asked_often.scores(f"word{number} queue")
    assert [asked_often.scores(text) for text in TEXTS] == [fresh.scores(text) for text in TEXTS]


def test_a_higher_temperature_is_less_sure_and_prefers_the_same() -> None:
    cold, warm = a_model(0.5).probabilities(TEXTS[0]), a_model(3.0).probabilities(TEXTS[0])
    assert max(cold, key=lambda kind: cold[kind]) == max(warm, key=lambda kind: warm[kind])
    assert max(cold.values()) > max(warm.values())
    assert a_model().at(3.0).probabilities(TEXTS[0]) == warm


def test_numbers_are_known_by_their_length_only() -> None:
    assert words_of("call 0771234567, ok?") == ["call", "0000000000", "ok", "?"]
    assert features_of("pay 250") == features_of("pay 731")
    assert features_of("pay 250") != features_of("pay 2500")


def test_letters_keep_their_signs() -> None:
    assert words_of(normalised("ප්‍රමාදයි, සර්!")) == [normalised("ප්‍රමාදයි"), "සර්", "!"]
    assert words_of("நீர் வரவில்லை.") == ["நீர்", "வரவில்லை"]


def test_a_misspelt_word_shares_most_of_its_parts() -> None:
    right, wrong = features_of("unacceptable"), features_of("unaceptable")
    assert len(right.keys() & wrong.keys()) > len(right) / 3


@pytest.mark.parametrize(
    "changes",
    [
        {"scheme": 2},
        {"kinds": []},
        {"kinds": ["complaint", "complaint", "praise"]},
        {"kinds": ["complaint", "question", "nonsense"]},
        {"bias": [1, 2]},
        {"bias": [0.5, 1, 2]},
        {"weights": {"7": [1, 2]}},
        {"weights": {"seven": [1, 2, 3]}},
        {"weights": {"7": [1, 2, None]}},
        {"weights": None},
        {"temperature": 0},
        {"temperature": math.inf},
        {"temperature": "warm"},
    ],
)
def test_what_is_no_model_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadModel):
        LinearModel.from_json(stored(**changes))


def test_a_model_without_its_parts_is_refused() -> None:
    for part in stored():
        with pytest.raises(BadModel):
            LinearModel.from_json({name: value for name, value in stored().items() if name != part})
