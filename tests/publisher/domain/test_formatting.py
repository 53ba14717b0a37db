"""Wording, length in each platform's measure, and recognising our own reply."""

from dataclasses import replace

import pytest

from services.publisher import handlers
from services.publisher.domain import formatting
from services.publisher.domain.publications import Nature, part_of
from shared import lengths
from tests.publisher.builders import a_progress, a_publication, a_response


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
    assert lengths.measure("mastodon", wording) == length


def test_a_wording_beyond_the_measure_is_refused_before_anything_is_sent() -> None:
    assert formatting.too_long_for("mastodon", "x" * 500) is None
    refused = formatting.too_long_for("mastodon", "x" * 501)
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


def test_a_text_that_fits_goes_out_whole_with_the_mention_its_author_needs() -> None:
    told = a_publication(platform="mastodon", text="We open at 9.", mention="nimal", may_split=True)
    assert formatting.wording_of(told) == ("@nimal We open at 9.",)
    assert formatting.wording_of(a_publication(text="We open at 9.", mention="nimal")) == ("We open at 9.",)


def test_a_long_text_is_one_part_unless_a_thread_is_allowed() -> None:
    text = "We open at 9 a.m. on every working day. " * 20
    assert formatting.wording_of(a_publication(platform="bluesky", text=text)) == (text,)
    assert len(formatting.wording_of(a_publication(platform="bluesky", text=text, may_split=True))) == 3


def test_what_the_event_allows_is_what_the_duty_may() -> None:
    text = "We open at 9 a.m. on every working day. " * 20
    for may_split, parts in ((False, 1), (True, 3)):
        asked = handlers.duty(a_response(platform="bluesky", text=text, may_split=may_split))
        assert len(formatting.wording_of(asked)) == parts


@pytest.mark.parametrize(
    ("visibility", "public", "mentions"),
    [("public", True, [True, False]), ("unlisted", True, [True, False]), ("direct", False, [True, True]),
     ("private", True, [True, True]), (None, False, [True, True])],
)  # fmt: skip
def test_each_part_mentions_the_author_where_only_who_is_mentioned_sees_it(
    visibility: str | None, public: bool, mentions: list[bool]
) -> None:
    asked = a_publication(
        platform="mastodon",
        text="We open at 9 a.m. on every working day. " * 16,
        mention="nimal@example.social",
        visibility=visibility,
        public=public,
        may_split=True,
    )
    parts = formatting.wording_of(asked)
    assert [part.startswith("@nimal@example.social ") for part in parts] == mentions
    assert all(lengths.fits("mastodon", part) for part in parts)
    # A channel that adds the mention itself sends the same.
    thread = replace(asked, parts=parts)
    sent = [part_of(thread, a_progress(posted=("9",) * before), Nature()) for before in range(len(parts))]
    assert tuple(formatting.with_mention(each) for each in sent) == parts


def test_the_mention_counts() -> None:
    text = "a" * 295
    asked = a_publication(platform="youtube", text=text, mention="nimal")
    assert formatting.wording_of(asked) == (f"@nimal {text}",)
    just = a_publication(platform="mastodon", text=f"{'a' * 249}. {'b' * 246}.", mention="nimal", may_split=True)
    assert [len(part) for part in formatting.wording_of(just)] == [len("@nimal ") + 250 + 6, 247 + 6]


@pytest.mark.parametrize(
    ("platform", "text", "public", "reason"),
    [
        ("x", "図" * 140, True, None),
        ("x", "図" * 141, True, "too_long"),
        ("x", "図" * 141, False, None),
        ("line", "👋" * 2500 + "x", True, "too_long"),
        ("discourse", "Yes.", True, None),
        ("rest", "x" * 100_000, True, None),
    ],
)
def test_what_is_beyond_a_platforms_own_measure_is_refused(
    platform: str, text: str, public: bool, reason: str | None
) -> None:
    refused = formatting.too_long_for(platform, text, public)
    assert (refused.reason if refused else None) == reason
