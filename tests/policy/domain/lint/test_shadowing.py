"""Phrases that say nothing new, contradict themselves, or are two agencies' business."""

from typing import Any

import pytest

from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.lint.shadowing import holes
from services.policy.domain.witnesses.witnesses import Witnesses
from tests.policy.builders import NOW, a_policy
from tests.policy.domain.lint.planting import found, topic


def shadowed(*phrases: str, language: str = "en") -> list[str]:
    """The phrases of one topic that are."""
    place = f"topics.ours.phrases.{language}"
    policy = a_policy(topics=[{"id": "ours", "phrases": {language: list(phrases)}}])
    found_here = holes(Witnesses(PolicyInForce(policy), NOW))
    return [hole.sentence.split('"')[1] for hole in found_here if (hole.code, hole.path) == ("phrase-shadowed", place)]


@pytest.mark.parametrize(
    ("phrases", "needless"),
    [
        (["rate*", "rates of exchange"], ["rates of exchange"]),
        (["rate*", "rate"], ["rate"]),
        (["rate*", "rating*"], []),
        (["rat*", "rating*"], ["rating*"]),
        (["water", "water bill"], ["water bill"]),
        (["bill", "water bill"], ["water bill"]),
        (["water bill", "water bills"], ["water bills"]),
        (["water bill", "waterbill"], []),
        (["bill", "water bil*"], []),
        (["water", "water bil*"], ["water bil*"]),
        (["Water Bill", "water  bill"], ["water  bill"]),
        (["the bus", "the bus"], ["the bus"]),
        (["class", "classes"], []),
        (["ව", "වතුර"], []),
    ],
)
def test_a_phrase_is_shadowed_where_another_is_found_whenever_it_is(phrases: list[str], needless: list[str]) -> None:
    assert shadowed(*phrases) == needless


def test_endings_of_the_other_languages_are_heeded() -> None:
    assert shadowed("නඩුව", "නඩුවේ", language="si") == ["නඩුවේ"]
    assert shadowed("டொலர்*", "டொலரின்", language="ta") == ["டொலரின்"]
    assert shadowed("டொலரின்", "டொலர்*", language="ta") == ["டொலரின்"]


def test_what_stands_for_something_else_shadows_nothing() -> None:
    topics = [topic("one", "water"), topic("two", "water bill")]
    assert [path for path in found("phrase-shadowed", topics=topics) if path.startswith("topics.two")] == []


def test_a_shadowed_phrase_of_a_rule_or_a_kind_is_found_too() -> None:
    rule = {"id": "r", "name": "r", "when": {"phrase": {"en": ["blue", "blue bus"]}}, "then": {"duties": ["x"]}}
    kinds = [{"kind": "spam", "phrases": {"en": ["click here now"]}}]
    paths = found("phrase-shadowed", rules=[rule], kinds=kinds)
    assert "rules.r.when.phrase.en" in paths
    assert "click here now" in " ".join(
        hole.sentence for hole in _all("phrase-shadowed", kinds=kinds) if hole.path == "kinds.spam.phrases.en"
    )


def _all(code: str, **sections: Any) -> list[Any]:
    return [hole for hole in holes(Witnesses(PolicyInForce(a_policy(**sections)), NOW)) if hole.code == code]


def test_a_phrase_of_praise_and_blame_at_once_leaves_triage_unsure() -> None:
    kinds = [{"kind": "praise", "phrases": {"en": ["not a rude desk"]}}]
    hole = found("phrase-in-two-voices", kinds=kinds)["kinds.praise.phrases.en"]
    assert '"not a rude desk" is praise, and by "rude" also complaint' in hole.sentence
    assert hole.example is not None
    assert "38" in hole.example.decided["rules"]


def test_kinds_that_agree_may_share_a_phrase() -> None:
    kinds = [{"kind": kind, "phrases": {"en": ["where is my parcel"]}} for kind in ("complaint", "question")]
    assert found("phrase-in-two-voices", kinds=kinds) == {}


def test_a_phrase_of_two_agencies_makes_every_such_comment_several() -> None:
    topics = [topic("ours", "harbour fees"), topic("theirs", "harbour", agency="ports")]
    hole = found("phrase-of-two-agencies", topics=topics)["topics.ours.phrases.en"]
    assert hole.example is not None
    assert "11" in hole.example.decided["rules"]
    same = [topic("ours", "harbour fees"), topic("also", "harbour")]
    assert found("phrase-of-two-agencies", topics=same) == {}


def test_among_many_thousand_phrases_the_one_that_is_shadowed_is_found() -> None:
    words = [f"wort{number} zug" for number in range(20_000)]
    assert shadowed(*words, "der wort777 zug") == ["der wort777 zug"]
