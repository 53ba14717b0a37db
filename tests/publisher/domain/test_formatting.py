"""Wording, length in each platform's measure, and recognising our own reply."""

import pytest

from services.publisher.domain import formatting, graphemes
from tests.publisher.builders import a_publication


@pytest.mark.parametrize(
    ("text", "mention", "wording"),
    [
        ("Good morning.", "nimal@example.social", "@nimal@example.social Good morning."),
        ("Good morning.", "@nimal", "@nimal Good morning."),
        ("Hello @Nimal, good morning.", "nimal", "Hello @Nimal, good morning."),
        ("Hello @nimali, good morning.", "nimal", "@nimal Hello @nimali, good morning."),
        ("Hello @nimal@example.social.", "nimal", "@nimal Hello @nimal@example.social."),
        ("Good morning.", None, "Good morning."),
    ],
)
def test_the_author_is_mentioned_once(text: str, mention: str | None, wording: str) -> None:
    assert formatting.with_mention(a_publication(text=text, mention=mention)) == wording


@pytest.mark.parametrize(
    ("wording", "length"),
    [
        ("Hello, world! 👋", 15),
        ("See https://example.gov/a/very/long/address/that/counts/less?than=it&has=letters now", 31),
        ("@nimal@example.social thank you", 16),
        ("@nimal thank you", 16),
        ("mail us at a@b.example", 22),
        ("ஸ்ரீ", 2),
    ],
)
def test_a_status_is_measured_as_mastodon_does(wording: str, length: int) -> None:
    assert formatting.mastodon_length(wording) == length


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


def test_a_wording_beyond_the_measure_is_refused_before_anything_is_sent() -> None:
    assert formatting.too_long(500, formatting.MASTODON_MOST) is None
    refused = formatting.too_long(501, formatting.MASTODON_MOST)
    assert refused is not None
    assert refused.reason == "too_long"


def test_white_space_does_not_tell_two_texts_apart() -> None:
    assert formatting.same_text("We open\n\nat  9.", " We open at 9. ")
    assert not formatting.same_text("We open at 9.", "We open at 10.")


def test_a_status_is_recognised_in_mastodons_html() -> None:
    content = (
        '<p><span class="h-card"><a href="https://example.social/@nimal" class="u-url mention">@<span>nimal</span></a>'
        '</span> We open at 9 &amp; close at 4.<br>See <a href="https://example.gov/hours">'
        '<span class="invisible">https://</span><span class="">example.gov/hours</span></a></p>'
    )
    ours = "@nimal@example.social We open at 9 & close at 4.\nSee https://example.gov/hours"
    assert formatting.same_status(ours, content)
    assert not formatting.same_status(ours + " Bye", content)
