"""The language gate: every variant states the same dates, times, amounts and figures."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.policy.domain.facts import Difference, PlainFacts, facts_in
from services.policy.domain.number_words import said_in

SAME = {
    "en": "The counter in Kandy opens again on 14 December 2026 at 8:30. The fee stays Rs. 10,000.",
    "si": "මහනුවර කවුළුව 2026 දෙසැම්බර් 14 දින පෙ.ව. 8.30 ට නැවත විවෘත වේ. ගාස්තුව රු. 10,000 කි.",
    "ta": "கண்டி கவுண்டர் 2026 டிசம்பர் 14 அன்று காலை 8.30 மணிக்கு மீண்டும் திறக்கும். கட்டணம் ரூ. 10,000.",
}


def test_three_languages_that_say_the_same_pass() -> None:
    assert PlainFacts().differences(SAME) == ()


def test_one_text_has_nothing_to_differ_from() -> None:
    assert PlainFacts().differences({"en": SAME["en"]}) == ()


def test_a_missing_date_is_named_with_its_language() -> None:
    without = SAME | {"ta": SAME["ta"].replace("டிசம்பர் 14", "டிசம்பர்")}
    assert PlainFacts().differences(without) == (Difference("ta", "date", "12-14", ("en", "si")),)


@pytest.mark.parametrize(
    ("change", "kind", "value"),
    [(("14 December", "15 December"), "date", "12-15"), (("8:30", "9:30"), "time", "9:30"),
     (("10,000", "12,000"), "amount", "12000"), (("2026", "2027"), "figure", "2027")],
)  # fmt: skip
def test_another_figure_is_a_difference(change: tuple[str, str], kind: str, value: str) -> None:
    found = PlainFacts().differences(SAME | {"en": SAME["en"].replace(*change)})
    assert {(each.language, each.kind) for each in found if each.value == value} == {("si", kind), ("ta", kind)}
    assert "en" in {each.language for each in found}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("by 3 January 2027", "by January 3, 2027"),
        ("by 3 January 2027", "by 2027-01-03"),
        ("on the 3rd of January", "3 ජනවාරි"),
        ("until 15:30", "until 3.30 p.m."),
        ("Rs. 1,500", "1500 rupees"),
        ("12 days", "௧௨ நாட்கள்"),
        ("14 டிசம்பர்", "டிசம்பரில் 14"),
        ("on 14 December 2026", "2026 දෙසැම්බර් මස 14 වන දින"),
        ("on 14 December 2026", "2026 டிசெம்பர் மாதம் 14 ஆம் திகதி"),
        ("3 June", "யூன் 3"),
        ("10 working days", "வேலை நாட்கள் பத்து"),
        ("10 working days", "වැඩ කරන දින දහයක්"),
        ("twelve offices", "கிளைகள் 12"),
        ("from 9:00", "ஒன்பது மணி முதல்"),
        ("Rs. 3 million", "ரூ. 3 மில்லியன்"),
        ("Rs. 3 million", "රුපියල් මිලියන 3"),
        ("Rs. 3 million", "ரூ. 30 லட்சம்"),
        ("Rs. 3,500,000", "රුපියල් ලක්ෂ 35ක්"),
        ("Rs. 3.5 million", "Rs. 35,00,000"),
        ("10 lakhs", "பத்து லட்சம்"),
        ("ten lakhs", "රුපියල් 1,000,000"),
        ("Rs. 100,000", "රුපියල් ලක්ෂයක්"),
    ],
)
def test_the_same_written_otherwise_is_the_same(one: str, other: str) -> None:
    assert PlainFacts().differences({"en": one, "ta": other}) == ()


@pytest.mark.parametrize(
    ("one", "other", "lacking"),
    [
        ("Rs. 3 million", "ரூ. 3 லட்சம்", {("en", "300000"), ("ta", "3000000")}),
        ("Rs. 3 million", "රුපියල් බිලියන 3", {("en", "3000000000"), ("ta", "3000000")}),
        ("Rs. 3 million", "ரூ. 3", {("en", "3"), ("ta", "3000000")}),
        ("10 days", "பன்னிரண்டு நாட்கள்", {("ta", "10")}),
    ],
)
def test_what_comes_to_something_else_is_a_difference(one: str, other: str, lacking: set[tuple[str, str]]) -> None:
    found = PlainFacts().differences({"en": one, "ta": other})
    assert {(each.language, each.value) for each in found} == lacking


def test_a_number_in_words_is_missed_nowhere() -> None:
    assert PlainFacts().differences({"en": "One of the two offices is open.", "ta": "அலுவலகம் திறந்துள்ளது."}) == ()


@pytest.mark.parametrize("none", ["12/31/2026", "31.12.31.2026", "2026-31-12", "45 January 2026"])
def test_what_has_the_shape_of_a_date_and_is_none_is_told_by_its_figures(none: str) -> None:
    assert [fact for fact in facts_in(f"by {none}") if fact.kind == "date"] == []
    assert {"2026"} < {fact.value for fact in facts_in(f"by {none}")}
    found = PlainFacts().differences({"en": f"Closed until {none}.", "ta": "மூடப்பட்டுள்ளது."})
    assert {each.language for each in found} == {"ta"}


def test_words_that_only_begin_like_a_month_are_none() -> None:
    assert [fact.kind for fact in facts_in("மேலும் 3 நாட்கள்")] == ["figure"]
    assert [fact.kind for fact in facts_in("the marching band of 3")] == ["figure"]


@given(st.dictionaries(st.sampled_from(["en", "si", "ta"]), st.text(max_size=60), min_size=1))
def test_whatever_lacks_a_fact_is_told_and_nothing_else(texts: dict[str, str]) -> None:
    found = PlainFacts().differences(texts)
    stated = {language: {fact.value for fact in facts_in(text)} for language, text in texts.items()}
    assume(not any(set(said_in(text.lower())) for text in texts.values()))
    for each in found:
        assert each.value not in stated[each.language]
        assert all(each.value in stated[other] for other in each.stated_in)
    assert (found == ()) == (len({frozenset(values) for values in stated.values()}) <= 1)
