"""Private data is found by its proof, and nothing else is taken for it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy.domain.triage.private_data import found_in, masked


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("nic", "NIC 901234567V"),
        ("nic", "nic: 198563401234"),
        ("nic", "NIC 90 123 4567 v"),
        ("nic", "අංකය ௧௯௮௫௬௩௪௦௧௨௩௪"),
        ("passport", "my passport n1234567"),
        ("phone", "011-2345678"),
        ("phone", "(077) 1234567"),
        ("phone", "0094 77 123 4567"),
        ("phone", "call me on +44 20 7946 0958"),
        ("phone", "௦௭௭ ௧௨௩ ௪௫௬௭"),
        ("phone", "０７７１２３４５６７"),
        ("card", "5500-0000-0000-0004"),
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
        "202611230045 is my application",
        "0000 0000 0000 0000",
        "+00000000000",
        "the 0.1234567 share",
        "meter 1234567",
        "AB12345678",
        "meet @ 10",
        "no digits at all",
    ],
)
def test_what_only_looks_like_it_is_left(text: str) -> None:
    assert found_in(text) == ()
    assert masked(text) == text


def test_words_around_what_is_covered_stay() -> None:
    assert masked("I am 901234567V, mail a@b.lk.") == "I am [nic], mail [email]."


def test_a_number_is_of_one_kind_only() -> None:
    assert found_in("4111 1111 1111 1111") == ("card",)
    assert masked("mail 0771234567@example.lk") == "mail [email]"


@given(st.text(max_size=200))
def test_masking_covers_all_that_was_found_whatever_the_text(text: str) -> None:
    assert bool(found_in(text)) == (masked(text) != text)


@given(st.dates(date(1940, 1, 1), date(2010, 12, 31)), st.booleans(), st.integers(0, 9999))
def test_every_day_of_birth_makes_an_identity_number(born: date, woman: bool, serial: int) -> None:
    day = date(2000, born.month, born.day).timetuple().tm_yday + 500 * woman
    assert found_in(f"{born.year}{day:03}0{serial:04}") == ("nic",)
    assert found_in(f"{born.year % 100:02}{day:03}{serial:04}X") == ("nic",)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("0771234567 24/7", "[phone] 24/7"),
        ("ring 0771234567 5 pm", "ring [phone] 5 pm"),
        ("077 123 4567 2 days ago", "[phone] 2 days ago"),
        ("4111 1111 1111 1111 12/27", "[card] 12/27"),
        ("No.0771234567", "No.[phone]"),
        ("1985 1234 5678", "[nic]"),
    ],
)
def test_a_number_is_found_beside_others(text: str, hidden: str) -> None:
    assert masked(text) == hidden


@pytest.mark.parametrize(
    "text", ["077\u00a0123\u00a04567", "077\u20111234567", "077\u2013123\u20134567", "077\u200b1234567", "a\uff20b.lk"]
)
def test_signs_of_other_keyboards_hide_nothing(text: str) -> None:
    assert found_in(text) != ()


def test_a_number_with_a_point_before_it_is_none() -> None:
    assert found_in("Rs 1.0771234567") == ()
