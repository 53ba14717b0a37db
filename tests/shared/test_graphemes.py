"""Graphemes: what a reader sees as one character."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import graphemes


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ("図書館は何時に開きますか", 12),
        ("👨‍👩‍👧‍👦", 1),
        ("👍🏽👍", 2),
        ("🇱🇰🇬🇧🇫", 3),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", 1),
        ("❤️‍🔥1️⃣", 2),
        ("ජල බිල්පත වැඩියි", 11),
        ("தண்ணீர் கட்டணம்", 10),
        ("é e\u0301", 3),
        ("각", 1),
        ("a\r\nb\n", 4),
        ("", 0),
    ],
)
def test_graphemes_are_what_a_reader_sees_as_one(words: str, count: int) -> None:
    """Expected numbers after ICU and the ``regex`` package."""
    assert graphemes.count(words) == count


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("\u200d\u0301\r\n👍🏽🇱🇰ශ්‍රී")), max_size=40))
def test_clusters_are_as_many_as_are_counted_and_lose_nothing(words: str) -> None:
    found = list(graphemes.clusters(words))
    assert "".join(found) == words
    assert len(found) == graphemes.count(words)
