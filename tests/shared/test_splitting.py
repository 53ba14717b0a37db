"""Threads: cut where a reader would pause, and never through what belongs together."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import graphemes, lengths
from shared.splitting import DoesNotFit, Fits, parts_of

NUMBER = re.compile(r" \(\d+/\d+\)$")


def within(most: int) -> Fits:
    return lambda part, _number: graphemes.count(part) <= most


def said(text: str, most: int) -> list[str]:
    """The parts without their numbers."""
    return [NUMBER.sub("", part) for part in parts_of(text, within(most))]


def without_white(text: str) -> str:
    return "".join(text.split())


def test_a_thread_is_numbered_and_the_number_counts() -> None:
    assert parts_of("We are sorry. We open at nine.", within(24)) == ("We are sorry. (1/2)", "We open at nine. (2/2)")
    assert len(parts_of("We are sorry. We open at nine.", within(21))) == 3


def test_sentences_stay_whole_where_they_fit() -> None:
    text = "Is it open? Yes! We open at nine, as ever. Please come."
    assert said(text, 34) == ["Is it open? Yes!", "We open at nine, as ever.", "Please come."]


def test_a_long_sentence_is_cut_after_a_clause_and_else_between_words() -> None:
    assert said("When the office opens, bring your old passport along", 40) == [
        "When the office opens,",
        "bring your old passport along",
    ]
    assert said("Bring your old passport along please", 30) == ["Bring your old passport", "along please"]


@pytest.mark.parametrize(
    ("text", "together"),
    [
        ("The rate of inflation was 6.2 per cent in October", "6.2 per cent"),
        ("The fee that you pay is Rs. 1,000.00 from January on", "Rs. 1,000.00"),
        ("The fee that you pay is LKR 5 million rupees a year", "LKR 5 million rupees"),
        ("Come to the office at No. 5 of the road to Galle", "No. 5"),
        ("We open every day from 9 a.m. to half past four", "9 a.m."),
        ("From the morning of 23 November 2026 on we are open", "23 November 2026"),
        ("From the morning of Nov. 23 on we shall be open again", "Nov. 23"),
        ("You may ask for our Dr. Perera at the counter there", "Dr. Perera"),
        ("Write to the officers help@immigration.gov.lk for more", "help@immigration.gov.lk"),
        ("It is all on https://a.gov.lk/x,y.z;w?q=1. Read it", "https://a.gov.lk/x,y.z;w?q=1."),
        ("It was @nimal.perera@example.social who asked us that", "@nimal.perera@example.social"),
        ("The queue is about 25 km long and it will get longer", "25 km"),
        ("ගාස්තුව වන්නේ රු. 1,500 ක් පමණක් බව සලකන්න", "රු. 1,500 ක්"),
        ("ගාස්තුව වන්නේ රු. මිලියන 5 ක් පමණක් බව සලකන්න", "රු. මිලියන 5 ක්"),
        ("உங்களை நாளை காலை திரு. பெரேரா சந்திப்பார் என்று", "திரு. பெரேரா"),
        ("உங்களை நாளை காலை எஸ். ராஜன் சந்திப்பார் என்று", "எஸ். ராஜன்"),
        ("ඔබව හෙට උදෑසන එස්. පෙරේරා මහතා හමුවනු ඇත", "එස්. පෙරේරා"),
        ("The first 1\u00a0000\u00a0000 who come in the morning hours", "1\u00a0000\u00a0000"),
    ],
)
def test_what_belongs_together_is_never_cut(text: str, together: str) -> None:
    done = 0
    for most in range(len(together) + 6, len(text)):
        try:
            parts = parts_of(text, within(most))
        except DoesNotFit:
            continue
        done += 1
        assert sum(together in part for part in parts) == 1, parts
    assert done > 5


def test_abbreviations_and_initials_end_no_sentence() -> None:
    assert said("We open at 9 a.m. and close at 4 p.m. on weekdays. Do come by.", 60) == [
        "We open at 9 a.m. and close at 4 p.m. on weekdays.",
        "Do come by.",
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("අයදුම්පත ලැබුණි. කරුණාකර රැඳී සිටින්න.", ["අයදුම්පත ලැබුණි.", "කරුණාකර රැඳී සිටින්න."]),
        ("விண்ணப்பம் கிடைத்தது. காத்திருக்கவும்.", ["விண்ணப்பம் கிடைத்தது.", "காத்திருக்கவும்."]),
        ("आवेदन मिल गया। कृपया प्रतीक्षा करें।", ["आवेदन मिल गया।", "कृपया प्रतीक्षा करें।"]),
        ("අයදුම්පත ලැබුණි෴ රැඳී සිටින්න෴", ["අයදුම්පත ලැබුණි෴", "රැඳී සිටින්න෴"]),
        (
            "受け取りました。明日は3千円の本を持って来てください。",
            ["受け取りました。", "明日は3千円の本を持って来てください。"],
        ),
    ],
)
def test_sentences_end_in_each_script(text: str, parts: list[str]) -> None:
    assert said(text, max(graphemes.count(part) for part in parts) + 6) == parts


def test_a_new_line_is_an_end_and_the_number_of_a_list_a_beginning() -> None:
    text = "Please bring\n1. Your form\n2. Two photographs\n3. The fee"
    assert said(text, 36) == ["Please bring\n1. Your form", "2. Two photographs\n3. The fee"]


def test_where_sentences_make_too_many_parts_words_fill_them() -> None:
    text = " ".join(["We open at nine every day."] * 12)
    parts = parts_of(text, within(46))
    assert (len(parts), parts[0]) == (9, "We open at nine every day. We open at (1/9)")


def test_what_cannot_be_cut_and_is_too_long_is_refused() -> None:
    with pytest.raises(DoesNotFit):
        parts_of("See https://example.gov/a/very/long/address/of/a/page for more of it", within(40))
    with pytest.raises(DoesNotFit):
        parts_of("word " * 200, within(40))


LINK = "https://example.gov/a.b,c;d?e=1"
PIECES = st.sampled_from(
    ["We", "open", "soon.", "Yes!", "Now,", "then;", "6.2 per cent", "Rs. 1,000.00", "No. 5,", "25 km.", LINK, "9 a.m.",
     "@nimal@example.social", "23 November 2026.", "help@a.gov.lk", "ශ්‍රී ලංකා.", "👨‍👩‍👧‍👦", "தண்ணீர்", "Dr. Perera", "–"]
)  # fmt: skip
WHOLE = (
    "6.2 per cent",
    "Rs. 1,000.00",
    "No. 5",
    "25 km",
    LINK,
    "@nimal@example.social",
    "23 November 2026",
    "👨‍👩‍👧‍👦",
)
PLATFORMS = st.sampled_from(["bluesky", "mastodon", "x"])


@given(st.lists(st.tuples(PIECES, st.sampled_from([" ", " ", " ", "\n", "  "])), min_size=20, max_size=160), PLATFORMS)
def test_a_thread_says_all_of_a_text_fits_and_cuts_nothing(pieces: list[tuple[str, str]], platform: str) -> None:
    text = "".join(piece + white for piece, white in pieces)
    try:
        parts = parts_of(text, lambda part, _number: lengths.fits(platform, part))
    except DoesNotFit:
        return
    total = len(parts)
    assert 2 <= total <= 10
    assert [NUMBER.search(part) is not None for part in parts] == [True] * total
    assert without_white("".join(NUMBER.sub("", part) for part in parts)) == without_white(text)
    assert all(lengths.fits(platform, part) for part in parts)
    for whole in WHOLE:
        assert sum(part.count(whole) for part in parts) == text.count(whole)
    assert parts == parts_of(text, lambda part, _number: lengths.fits(platform, part))


@given(st.text(max_size=300), st.integers(min_value=12, max_value=80))
def test_any_text_at_all_is_a_thread_that_fits_or_is_refused(text: str, most: int) -> None:
    try:
        parts = parts_of(text, within(most))
    except DoesNotFit:
        return
    assert all(graphemes.count(part) <= most for part in parts)
    assert without_white("".join(NUMBER.sub("", part) for part in parts)) == without_white(text)
