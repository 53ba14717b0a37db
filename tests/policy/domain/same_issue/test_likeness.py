"""What counts as the same words, and under which keys alike comments meet."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.policy.domain.comments import Comment
from services.policy.domain.same_issue.likeness import Likeness, likeness, near_keys, same_key, similarity, words_in
from tests.policy.builders import in_force, sample

CLOSED = "The passport counter in Kandy was closed again this morning"


def like(text: str, agency: str = "water-board", **about: object) -> Likeness | None:
    policy = sample(agency)
    comment = Comment(text, **about)  # type: ignore[arg-type]
    return likeness(comment, policy.sort(comment), policy.policy)


def subject_of(text: str) -> int | None:
    found = like(text)
    assert found is not None
    return found.subject and found.subject.number


@pytest.mark.parametrize(
    "other",
    [
        "THE PASSPORT COUNTER IN KANDY WAS CLOSED AGAIN THIS MORNING!!!",
        "this morning the passport counter in Kandy was closed again",
        "The passport counter in Kandy was clooosed agaaaain this morning 😡😡👎🏽",
        "@DeptPassports the passport counter in #Kandy was closed again this morning https://t.co/a1B2c3",
        "The passport counter, in Kandy: was “closed” again this morning… www.example.lk/photo",
        "the  passport\u200b counter in\nKandy was closed again this morning",
        "Ｔｈｅ passport counter in Kandy was closed again this morning",
    ],
)
def test_dress_does_not_count(other: str) -> None:
    assert words_in(other) == words_in(CLOSED)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("මහනුවර වතුර නැහැ දවස් දෙකක්", "දවස් දෙකක් වතුර නැහැ!! මහනුවර 😢"),
        ("யாழ்ப்பாணத்தில் தண்ணீர் இல்லை இன்று", "இன்று யாழ்ப்பாணத்தில் தண்ணீர் இல்லை…"),
        ("don't cut our water", "dont cut our water"),
    ],
)
def test_words_keep_their_signs_in_every_script(one: str, other: str) -> None:
    assert words_in(one) == words_in(other)
    assert len(words_in(one)) > 3


@settings(deadline=None)
@given(st.permutations(CLOSED.split()), st.sampled_from([str.upper, str.title, str.lower]), st.integers(0, 5))
def test_order_case_and_stretching_lead_to_the_same_keys(words: list[str], case: object, stretched: int) -> None:
    words[0] = words[0][0] * (stretched + 1) + words[0][1:]
    told = like(" ".join(case(word) for word in words), "passports")  # type: ignore[operator]
    plain = like(CLOSED, "passports")
    assert told is not None
    assert plain is not None
    assert (told.same, told.near) == (plain.same, plain.near)


@settings(deadline=None, max_examples=300)
@given(st.text(max_size=300))
def test_any_text_can_be_compared(text: str) -> None:
    found = like(text)
    assert found is None or (similarity(found.words, found.words) == 1.0 and all(0 <= k < 2**63 for k in found.keys))


@pytest.mark.parametrize(
    "text", ["", "   ", "hi", "thanks", "me too!!", "👍👍👍", "@Dept https://t.co/x", "ok ok ok ok"]
)
def test_what_says_too_little_is_not_compared(text: str) -> None:
    assert like(text) is None


def test_our_own_words_are_not_compared() -> None:
    assert like(CLOSED, echo=True) is None


def test_private_data_counts_by_its_kind_only() -> None:
    assert words_in("Nobody calls me on 077 123 4567 about my bill") == words_in(
        "Nobody calls me on 071 765 4321 about my bill"
    )


def test_numbers_are_words() -> None:
    one, other = words_in("My bill 4521 is wrong this month"), words_in("My bill 4522 is wrong this month")
    assert 0.6 < similarity(one, other) < 1


def test_of_a_long_comment_some_words_stand_for_all() -> None:
    words = [f"w{n}" for n in range(500)]
    whole, most = words_in(" ".join(words)), words_in(" ".join(words[:400]))
    assert len(whole) == 64
    assert similarity(whole, most) == pytest.approx(0.8, abs=0.15)


@pytest.mark.parametrize("alike", [0.6, 0.7, 0.8, 0.9])
def test_alike_comments_meet_at_least_as_often_as_is_written(alike: float) -> None:
    drawn = random.Random(7)
    met, tries, size = 0, 2000, 30
    other = round(size * (1 - alike) / (1 + alike))
    for _ in range(tries):
        words = [drawn.getrandbits(32) for _ in range(size + other)]
        met += not set(near_keys(words[:size])).isdisjoint(near_keys(words[other:]))
    share = (size - other) / (size + other)
    assert met / tries > 1 - (1 - share**3) ** 4 - 0.02


def test_keys_are_the_same_in_every_process() -> None:
    words = words_in(CLOSED)
    assert same_key(words) == 6159565860911494111
    assert near_keys(words)[0] == 5406743677447889238


def test_keys_of_very_words_are_odd_and_all_others_even() -> None:
    found = like("No water in Kandy since this morning")
    assert found is not None
    assert found.subject is not None
    assert [key for key in found.keys if key % 2] == [found.same]


def test_one_subject_is_known_in_three_languages() -> None:
    english = subject_of("No water in Kandy since this morning")
    assert english is not None
    assert english == subject_of("මහනුවර උදේ සිට වතුර නැහැ") == subject_of("கண்டியில் காலை முதல் தண்ணீர் இல்லை")


@pytest.mark.parametrize(
    "other",
    [
        "No water in Kandy for 3 days",
        "When will the water come back to Kandy?",
        "The water is brown and smells bad in Kandy",
        "Thank you, great service when there was no water",
    ],
)
def test_other_numbers_kinds_and_topics_are_other_subjects(other: str) -> None:
    assert subject_of(other) != subject_of("No water in Kandy since this morning")


def test_a_subject_is_one_of_this_agency() -> None:
    assert subject_of("Exchange rates are bad for us again") is None
    assert subject_of("The road to our village is dark again") is None


def test_an_agency_may_count_each_language_for_itself() -> None:
    policy = in_force(
        topics=[{"id": "outage", "phrases": {"en": ["no water"]}}], same_issue={"across_languages": False}
    )
    comment = Comment("No water in Kandy since this morning")
    found = likeness(comment, policy.sort(comment), policy.policy)
    assert found is not None
    assert found.subject is None
