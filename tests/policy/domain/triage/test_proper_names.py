"""Names within a sentence, as far as capital letters show them."""

import pytest

from services.policy.domain.triage.proper_names import names_of_most, proper_names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("No water in Kandy since this morning", {"kandy"}),
        ("Kandy has no water", set()),
        ("No water! Nobody in Galle knows why. They say Monday", {"galle"}),
        ("NO WATER IN KANDY", set()),
        ("මහනුවර උදේ සිට වතුර නැහැ", set()),
        ("no water in kandy, I say", set()),
        ("", set()),
        ("(Kandy) has none", set()),
        ("- Kandy has none, 3 Galle roads", {"kandy", "galle"}),
        ("dry here\nKandy", set()),
        ("dry here \n\n \t", set()),
    ],
)
def test_names_are_seen_by_their_capitals(text: str, names: set[str]) -> None:
    assert proper_names(text) == names


def test_the_names_of_a_group_are_those_of_more_than_half_of_it() -> None:
    texts = ["It is dry in Kandy", "All dry in Kandy", "Also dry in Galle"]
    assert names_of_most(texts) == {"kandy"}
    assert names_of_most([*texts, "Dry here"]) == frozenset()
    assert names_of_most(["Dry in Galle", "Dry in Kandy"]) == frozenset()
    assert names_of_most([]) == frozenset()


def test_one_who_names_a_place_does_not_name_it_for_all() -> None:
    assert names_of_most([*(["It is dry here"] * 38), "It is dry in Galle"]) == frozenset()


def test_of_a_long_text_each_word_is_looked_at_with_what_stands_before_it_only() -> None:
    assert proper_names("dry in Kandy " * 100_000) == {"kandy"}
    assert proper_names("dry" + " " * 1_000_000 + "Kandy") == {"kandy"}
