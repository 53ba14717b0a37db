"""The subject of a letter: what is kept of it, and what its answer is called."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.subject_lines import MOST_OCTETS, answer_to, is_answer, one_line

ZWJ = "\u200d"


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Where is my passport?", "Where is my passport?"),
        ("  Where is\r\n\tmy passport? ", "Where is my passport?"),
        ("Water\r\nBcc: everybody@mail.example", "Water Bcc: everybody@mail.example"),
        ("Water\x00\x1b[31m\x7f\x85\u2028cut", "Water [31m cut"),
        (f"ගමන් බලපත්{ZWJ}රය", f"ගමන් බලපත්{ZWJ}රය"),
        ("half \ud83d an emoji", "half an emoji"),
        ("", None),
        (" \r\n ", None),
    ],
)
def test_a_subject_is_one_line_without_control_characters(written: str, kept: str | None) -> None:
    assert one_line(written) == kept


def test_a_long_subject_ends_with_a_whole_word() -> None:
    kept = one_line("ගමන් බලපත්රය " * 200)
    assert kept is not None
    assert set(kept.split()) == {"ගමන්", "බලපත්රය"}
    assert MOST_OCTETS - len(" බලපත්රය".encode()) < len(kept.encode()) <= MOST_OCTETS


def test_a_subject_that_just_fits_is_left_whole() -> None:
    words = f"{'a' * (MOST_OCTETS - 5)} last"
    assert one_line(words) == words
    assert one_line(f"{words} and more") == words
    assert one_line(f"{words}s") == "a" * (MOST_OCTETS - 5)


def test_a_word_without_an_end_is_cut_between_characters() -> None:
    assert one_line("ගම" * 1000) == "ගම" * (MOST_OCTETS // 6) + "ග" * (MOST_OCTETS % 6 // 3)


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("Passport", "Re: Passport"),
        ("Re: Passport", "Re: Passport"),
        ("RE:Passport", "Re: Passport"),
        ("re : Passport", "Re: Passport"),
        ("Re[2]: Passport", "Re: Passport"),
        ("AW: Reisepass", "Re: Reisepass"),
        ("පිළිතුර: ගමන් බලපත්රය", "Re: ගමන් බලපත්රය"),
        ("பதில்: கடவுச்சீட்டு", "Re: கடவுச்சீட்டு"),
        ("Re: Re: Passport", "Re: Re: Passport"),
        ("Fwd: Passport", "Re: Fwd: Passport"),
        ("Reply: Passport", "Re: Reply: Passport"),
        ("Passport re: K-7", "Re: Passport re: K-7"),
        ("Re: Passport\r\nBcc: x@y.example", "Re: Passport Bcc: x@y.example"),
        ("Re:", None),
        (" ", None),
        (None, None),
    ],
)
def test_an_answer_has_the_subject_that_it_answers_after_one_prefix(asked: str | None, answer: str | None) -> None:
    assert answer_to(asked) == answer


@pytest.mark.parametrize(("line", "answers"), [("Re: Passport", True), ("SV: Pass", True), ("Regarding: pass", False)])
def test_a_prefix_tells_an_answer(line: str, answers: bool) -> None:
    assert is_answer(line) is answers


@given(st.text(st.characters(), max_size=2_000))
def test_whatever_was_written_the_header_of_the_answer_is_one_line_of_a_mail(written: str) -> None:
    answer = answer_to(written) or ""
    assert "Cc" not in {unicodedata.category(one) for one in answer}
    assert len(answer.splitlines()) <= 1
    assert len(f"Subject: {answer}".encode()) <= 998
