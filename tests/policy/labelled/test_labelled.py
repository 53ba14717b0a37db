"""The labelled sample is balanced, its labels are words of the contract, and policies may not get worse at it."""

import json
from collections import Counter

import pytest
from pydantic import ValidationError

from services.policy.domain.scales import Disposition, Level
from services.policy.domain.triage.phrases import normalised
from tests.policy.builders import decided, sample
from tests.policy.labelled.report import figures, misses, text
from tests.policy.labelled.sample import PARTS, Labelled, Outcome, Part, labelled, outcomes
from tests.policy.labelled.scores import OURS, by, confusion, scored, summary

RULES = [f"{number}" for number in range(2, 40)]
WITHOUT_LANGUAGE = "9"
"""The rule on comments in languages that are none of ours."""

RIGHT: dict[Part, float] = {"tuning": 0.74, "held_out": 0.68}
"""Share with disposition and level right, as measured; it may fall by MARGIN before that is a fault."""
MARGIN = 0.03
TOO_LOW: dict[Part, int] = {"tuning": 15, "held_out": 28}
"""Comments decided below their level, as measured; MARGIN_TOO_LOW more of them are a fault."""
MARGIN_TOO_LOW = 3

GRAVE = ("3", "4", "15")
"""Danger to life, threats and what moves markets: never to be decided below their level."""
STILL_MISSED = frozenset({"3-si-4", "4-en-4", "4-si-3"})
"""Grave comments of the tuning part that are; this list only ever gets shorter."""


def of(part: Part) -> list[Outcome]:
    return [outcome for outcome in outcomes() if outcome.label.part == part]


def test_every_comment_has_an_id_of_its_own() -> None:
    assert [name for name, count in Counter(label.id for label in labelled()).items() if count > 1] == []


def test_no_comment_stands_twice() -> None:
    texts = Counter((label.agency, normalised(label.text)) for label in labelled())
    assert [each for each, count in texts.items() if count > 1] == []


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_has_ten_comments_in_all_languages_and_both_parts(rule: str) -> None:
    labels = [label for label in labelled() if label.expect.rule == rule]
    assert len(labels) >= 10
    parts, languages = Counter(label.part for label in labels), Counter(label.language for label in labels)
    assert abs(parts["tuning"] - parts["held_out"]) <= 1
    assert rule == WITHOUT_LANGUAGE or min(languages[language] for language in OURS) >= 3


def test_languages_agencies_and_parts_are_about_equal() -> None:
    count = len(labelled())
    assert Counter(label.part for label in labelled()) == dict.fromkeys(PARTS, count // 2)
    for group in (Counter(label.agency for label in labelled()), Counter(label.language for label in labelled())):
        assert all(0.28 * count < most < 0.38 * count for _, most in group.most_common(3))


def test_a_label_of_other_words_than_the_contracts_is_refused() -> None:
    line = labelled()[0].model_dump(mode="json")
    for name, word in (("kind", "rant"), ("disposition", "ignore"), ("level", "L6")):
        with pytest.raises(ValidationError):
            Labelled.model_validate_json(json.dumps({**line, "expect": {**line["expect"], name: word}}))


def test_an_admitted_fault_is_a_topic_of_the_agency() -> None:
    for label in labelled():
        if label.admitted is not None:
            assert label.admitted in {topic.id for topic in sample(label.agency).policy.topics}


@pytest.mark.parametrize("part", PARTS)
def test_as_many_decisions_are_right_as_were(part: Part) -> None:
    assert summary(of(part))["right"] >= RIGHT[part] - MARGIN


@pytest.mark.parametrize("part", PARTS)
def test_no_more_decisions_are_below_their_level_than_were(part: Part) -> None:
    assert sum(outcome.too_low for outcome in of(part)) < TOO_LOW[part] + MARGIN_TOO_LOW


def test_nothing_grave_is_decided_below_its_level() -> None:
    missed = {each.label.id for each in of("tuning") if each.too_low and each.label.expect.rule in GRAVE}
    assert missed <= STILL_MISSED


def an_outcome(should: Disposition, did: Disposition, level: Level = "L1") -> Outcome:
    label = labelled()[0]
    expect = label.expect.model_copy(update={"disposition": should, "level": "L1", "rule": "24"})
    decision = decided("Thank you!")._replace(disposition=did, level=level, rules=("24.1",))
    return Outcome(label.model_copy(update={"expect": expect}), decision)


def test_precision_looks_at_what_was_decided_and_recall_at_what_should_be() -> None:
    found = [
        an_outcome("hold", "hold"),
        an_outcome("hold", "hold"),
        an_outcome("hold", "answer"),
        an_outcome("monitor", "hold"),
    ]
    hold = scored(found, "disposition")["hold"]
    assert (hold.precision, hold.recall, hold.support) == (pytest.approx(2 / 3), pytest.approx(2 / 3), 3)
    assert scored(found, "disposition")["answer"] == (0.0, 0.0, 0.0, 0)


def test_a_level_is_too_low_or_too_high_and_a_variant_of_a_rule_is_that_rule() -> None:
    found = [an_outcome("hold", "hold", level) for level in ("L0", "L1", "L3")]
    shares = summary(found)
    assert (shares["too_low"], shares["too_high"], shares["rule_hit"]) == (1, 1, 1.0)
    assert shares["right"] == pytest.approx(1 / 3)
    assert confusion(found)["L1"] == {"L0": 1, "L1": 1, "L2": 0, "L3": 1, "L4": 0, "L5": 0}


def test_the_report_names_what_is_too_low_and_shows_the_misses_of_the_tuning_part_only() -> None:
    shown = text(figures(outcomes()))
    assert all(f"  {each.label.id} " in shown for each in outcomes() if each.too_low)
    held_out = [label.text for label in labelled() if label.part == "held_out"]
    assert not {line.partition(": ")[2] for line in misses(outcomes())} & set(held_out)


def test_groups_keep_every_outcome() -> None:
    groups = by(outcomes(), lambda outcome: outcome.label.agency)
    assert sum(map(len, groups.values())) == len(outcomes())
