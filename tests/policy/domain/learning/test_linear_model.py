"""A linear model, applied without the library that trained it."""

import base64
import json
import math
import random
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy.domain.learning.linear_model import BadModel, LinearModel, families_of, values_of, words_of
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
    buckets = sorted({bucket for text in TEXTS for family in families_of(text) for bucket in family})
    weights = {bucket: [chance.uniform(-3, 3) for _ in KINDS] for bucket in buckets}
    rarities = {bucket: chance.uniform(1, 5) for bucket in buckets}
    return LinearModel(KINDS, [0.1, -0.2, 0.3], weights, rarities, temperature)


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


@pytest.mark.parametrize("text", [*TEXTS, "the queue the queue was new", "a word that nobody met"])
def test_scores_are_those_of_the_values_that_training_sees(text: str) -> None:
    chance = random.Random(3)
    buckets = sorted({bucket for text in TEXTS for family in families_of(text) for bucket in family})
    weights = {bucket: [chance.randint(-300, 300) / 100 for _ in KINDS] for bucket in buckets}
    rarities = {bucket: chance.randint(100, 500) / 100 for bucket in buckets}
    bias = [0.1, -0.2, 0.3]
    values = values_of(families_of(text), rarities)
    expected = [
        bias[place] + sum(value * weights[bucket][place] for bucket, value in values.items()) for place in range(3)
    ]
    assert LinearModel(KINDS, bias, weights, rarities).scores(text) == pytest.approx(expected, abs=1e-9)


def test_a_longer_text_weighs_no_more_and_a_rare_word_more_than_a_common_one() -> None:
    families = families_of("queue queue")
    (word,) = families_of("queue").words
    alone = values_of(families_of("queue"), {word: 2.0})
    assert alone == values_of(families_of("queue as never before"), {word: 2.0}) == {word: 1.0}
    pair = next(bucket for bucket in families.words if bucket != word)
    values = values_of(families, {word: 1.0, pair: 4.0})
    assert values[pair] > values[word]


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
    assert families_of("pay 250") == families_of("pay 731")
    assert families_of("pay 250") != families_of("pay 2500")


def test_letters_keep_their_signs() -> None:
    assert words_of(normalised("ප්‍රමාදයි, සර්!")) == [normalised("ප්‍රමාදයි"), "සර්", "!"]
    assert words_of("நீர் வரவில்லை.") == ["நீர்", "வரவில்லை"]


def test_a_misspelt_word_shares_most_of_its_parts() -> None:
    right, wrong = families_of("unacceptable").parts, families_of("unaceptable").parts
    assert len(right.keys() & wrong.keys()) > len(right) / 3


TOO_LARGE = base64.b64encode(zlib.compress(bytes(65 << 20))).decode()
A_NUMBER = base64.b64encode(zlib.compress(bytes(4))).decode()


@pytest.mark.parametrize(
    "changes",
    [
        {"scheme": 1},
        {"kinds": []},
        {"kinds": ["complaint", "complaint", "praise"]},
        {"kinds": ["complaint", "question", "nonsense"]},
        {"kinds": None},
        {"bias": A_NUMBER},
        {"bias": [1, 2, 3]},
        {"weights": A_NUMBER},
        {"weights": "no base64"},
        {"weights": "AAAA"},
        {"weights": TOO_LARGE},
        {"weights": base64.b64encode(zlib.compress(b"abc")).decode()},
        {"rarities": A_NUMBER},
        {"buckets": None},
        {"temperature": 0},
        {"temperature": math.inf},
        {"temperature": "warm"},
    ],
)
def test_what_is_no_model_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(BadModel):
        LinearModel.from_json(stored(**changes))


def test_a_model_that_counts_features_for_nothing_is_refused() -> None:
    nothing = LinearModel(KINDS, [0, 0, 0], {7: [1, 2, 3]}, {7: 0.0})
    with pytest.raises(BadModel, match="for nothing"):
        LinearModel.from_json(nothing.as_json())


def test_a_model_without_its_parts_is_refused() -> None:
    for part in stored():
        with pytest.raises(BadModel):
            LinearModel.from_json({name: value for name, value in stored().items() if name != part})
