"""What makes a comment one person's own affair."""

import pytest

from services.policy.domain.triage.particulars import particulars_in


@pytest.mark.parametrize(
    "text",
    [
        "The passport counter in Kandy was closed again this morning",
        "It costs Rs. 10,000 and takes 10 days",
        "Closed since 2026-11-20, why?",
        "No water since 8.30 in 5 streets",
        "மகனுவர කවුළුව වසා ඇත",
        "In May 2026 it was open",
    ],
)
def test_what_many_say_is_nobodys_own(text: str) -> None:
    assert particulars_in(text) == ()


@pytest.mark.parametrize(
    "text", ["-" * 1_000_000, "case-" * 200_000, "අංක" * 300_000, "a," * 500_000, "1" + "/" * 1_000_000]
)
def test_a_text_of_a_million_signs_is_looked_through_once(text: str) -> None:
    """Read again from each of its characters it would take hours."""
    assert particulars_in(text) == ()


def test_a_number_is_read_from_the_last_point_before_it() -> None:
    assert particulars_in("closed,closed:K-2231.") == ("case_number",)
    assert particulars_in("closed,K:22") == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("my name is nimal and the counter was closed", "name"),
        ("Mr Silva at the counter was rude", "name"),
        ("I am Nimal Perera, the counter was closed", "name"),
        ("මගේ නම නිමල්", "name"),
        ("எனது பெயர் கமலா", "name"),
        ("The counter was closed, my application no. 4711", "case_number"),
        ("Closed again, see RPM/2026/113", "case_number"),
        ("Closed again. Token K-2231", "case_number"),
        ("reference 88123 is still open", "case_number"),
        ("අංකය 4711 ගැන", "case_number"),
    ],
)
def test_a_name_or_a_number_of_a_case_is_found(text: str, found: str) -> None:
    assert found in particulars_in(text)
