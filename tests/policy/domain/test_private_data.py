"""Private data is found by its proof, and nothing else is taken for it."""

import pytest

from services.policy.domain.private_data import found_in, masked


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("nic", "NIC 901234567V"),
        ("nic", "nic: 198563401234"),
        ("passport", "passport N1234567"),
        ("phone", "call 077 123 4567"),
        ("phone", "+94771234567"),
        ("email", "kumar.p@example.lk please"),
        ("card", "4111 1111 1111 1111"),
        ("iban", "GB82 WEST 1234 5698 7654 32"),
    ],
)
def test_private_data_is_found_and_covered(kind: str, text: str) -> None:
    assert found_in(text) == (kind,)
    assert f"[{kind}]" in masked(text)
    assert not any(char.isdigit() for char in masked(text))


@pytest.mark.parametrize(
    "text",
    [
        "Fees are Rs. 10,000 and 20,000",
        "998994567V",
        "200099912345",
        "4111 1111 1111 1112",
        "GB82 WEST 1234 5698 7654 33",
        "call 1939",
        "meet @ 10",
        "no digits at all",
    ],
)
def test_what_only_looks_like_it_is_left(text: str) -> None:
    assert found_in(text) == ()
    assert masked(text) == text


def test_words_around_what_is_covered_stay() -> None:
    assert masked("I am 901234567V, mail a@b.lk.") == "I am [nic], mail [email]."
