"""Whole words, in three scripts."""

import random
import re

import pytest

from services.policy.domain.triage.phrases import BadPattern, PatternSet, Phrase, PhraseIndex, normalised


def found(phrase: str, text: str) -> bool:
    return bool(PhraseIndex([Phrase(phrase, "en", "x")]).find(normalised(text)))


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("fee", "What is the fee?"),
        ("fee", "FEE!"),
        ("opening hours", "your opening\n  hours please"),
        ("isn't", "isn’t it"),
        ("ගල්", "මේ ගල් බර වැඩියි"),
        ("ගාස්තුව", "ගාස්තුව?"),
        ("කට්ටණම්*", "කට්ටණම්වලට"),
        ("கட்டண*", "கட்டணத்தை"),
        ("டொலர்*", "டொலரின் விலை"),
        ("பத்திரிகையாளர்*", "பத்திரிகையாளருக்கு"),
        ("ටෙන්ඩර්*", "ටෙන්ඩරය"),
        ("bill", "billඑක වැඩියි"),
        ("වතුර", "water වතුර bill"),
        ("fee", "ｆｅｅ"),
        ("scam", "sc\u200bam"),
    ],
)
def test_a_phrase_is_found_as_a_whole_word(phrase: str, text: str) -> None:
    assert found(phrase, text)


@pytest.mark.parametrize(
    ("phrase", "text"),
    [
        ("fee", "coffee"),
        ("fee", "feet"),
        ("fee", "fee2"),
        ("ගල", "ගල්"),
        ("ගල", "මඟගල"),
        ("கட்டண", "கட்டணத்தை"),
        ("பணம்", "கட்டுப்பணம்"),
        ("open*", "reopening"),
    ],
)
def test_a_part_of_a_word_is_not_found(phrase: str, text: str) -> None:
    assert not found(phrase, text)


def test_a_vowel_sign_in_one_or_two_characters_is_the_same_letter() -> None:
    assert found("කො", "ක\u0dd9\u0dcf")


def test_joiners_do_not_hide_a_word() -> None:
    assert found("ශ්‍රී", "ශ්රී ලංකා")


def test_phrases_that_overlap_are_all_found() -> None:
    index = PhraseIndex([Phrase("water bill", "en", 1), Phrase("bill", "en", 2), Phrase("water", "en", 3)])
    assert sorted(each.meaning for each in index.find("my water bill")) == [1, 2, 3]


def test_one_phrase_may_mean_two_things() -> None:
    index = PhraseIndex([Phrase("rates", "en", "market"), Phrase("Rates", "en", "fees")])
    assert {each.meaning for each in index.find("rates")} == {"market", "fees"}


def test_a_phrase_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="no words"):
        PhraseIndex([Phrase("*", "en", 1)])


def test_patterns_are_matched_all_at_once() -> None:
    patterns = PatternSet([("[?？]", "question"), ("rs\\. ?[0-9]+", "amount")])
    assert sorted(patterns.find("rs. 200?")) == ["amount", "question"]
    assert patterns.find("nothing") == []
    assert PatternSet[str]([]).find("x") == []


def test_what_matches_is_found_even_where_the_patterns_fill_their_memory_again_and_again() -> None:
    """Each character leads to a state that was never met, of thousands of places at which a pattern may be."""
    greedy = [(f"[a-y].{{0,200}}[^ ]{{3}}{number}z", "never") for number in range(40)]
    text = "".join(random.Random(1).choices("ab c", k=1000)) + " the end"
    assert PatternSet([*greedy, ("the end", "found")]).find(text) == ["found"]


def test_more_patterns_than_memory_is_there_for_are_refused() -> None:
    with pytest.raises(BadPattern, match="more than RE2 can take together"):
        PatternSet([(f"[a-y].{{0,200}}[^ ]{{3}}{number}z", number) for number in range(400)])


def test_a_pattern_that_is_not_linear_is_refused_by_name(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadPattern, match=re.escape("(?=x)")):
        PatternSet([("(?=x)", 1)])
    assert capfd.readouterr().err == ""
