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
    ],
)
def test_names_are_seen_by_their_capitals(text: str, names: set[str]) -> None:
    assert proper_names(text) == names


def test_the_names_of_a_group_are_those_of_half_of_who_names_any() -> None:
    texts = ["It is dry in Kandy", "All dry in Kandy", "Also dry in Galle", "Dry here"]
    assert names_of_most(texts) == {"kandy"}
    assert names_of_most(["Dry in Galle", "Dry in Kandy"]) == {"galle", "kandy"}
    assert names_of_most([]) == frozenset()
