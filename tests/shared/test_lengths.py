"""Each platform's own measure, and where it ends."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import lengths

FAMILY = "👨‍👩‍👧‍👦"


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("Hello, world! 👋", {"bluesky": 15, "facebook": 15, "line": 16, "x": 16}),
        ("図書館は何時に開きますか", {"bluesky": 12, "facebook": 12, "line": 12, "x": 24}),
        (FAMILY, {"bluesky": 1, "facebook": 7, "line": 11, "x": 2}),
        ("ශ්‍රී ලංකා", {"facebook": 10, "line": 10, "x": 10}),
    ],
)
def test_the_same_text_is_as_long_as_each_platform_counts(text: str, counts: dict[str, int]) -> None:
    assert {platform: lengths.measure(platform, text) for platform in counts} == counts


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("Hi http://test.co", 26),
        ("H🐱☺👨‍👩‍👧‍👦", 7),
        ("🙋🏽👨‍🎤", 4),
        ("字" * 160, 320),
        ("åäö", 3),
        ("cafe\u0301", 4),
        ("🇱🇰", 2),
        ("1️⃣", 2),
        ("ඔබගේ", 4),
        ("தண்ணீர்", 7),
        ("“No – really…”", 15),
    ],
)
def test_x_weighs_as_twitter_text_does(text: str, weight: int) -> None:
    assert lengths.measure("x", text) == weight


@pytest.mark.parametrize(
    ("text", "weight"),
    [
        ("https://www.immigration.gov.lk/apply/online?form=K35&lang=en#top", 23),
        ("immigration.gov.lk/apply/for/a/passport/online", 23),
        ("example.com", 23),
        ("See http://a.co.", 28),
        ("(https://example.com/a_(b))", 25),
        ("Write to help@immigration.gov.lk", 32),
        ("from 9 a.m. at 6.2 per cent, e.g.", 33),
        ("http://localhost/x", 18),
    ],
)
def test_x_takes_links_for_23_and_what_is_no_link_for_what_it_says(text: str, weight: int) -> None:
    assert lengths.measure("x", text) == weight


def test_a_name_that_may_be_a_link_weighs_whichever_is_more() -> None:
    assert lengths.measure("x", "well.Then") == 23
    assert lengths.measure("x", f"{'a' * 60}.then") == 65


@pytest.mark.parametrize("platform", ["x", "mastodon"])
def test_what_looks_like_a_link_for_very_long_is_measured_at_once(platform: str) -> None:
    begun = time.process_time()
    assert lengths.measure(platform, "a." + "b" * 100_000 + "@") == 100_003
    assert time.process_time() - begun < 10, "it does not grow in proportion"


def test_mastodon_does_not_count_the_stop_after_a_link_as_part_of_it() -> None:
    assert lengths.measure("mastodon", "See https://example.gov/hours.") == 4 + 23 + 1
    assert lengths.measure("mastodon", "See example.gov/hours.") == 22


@pytest.mark.parametrize(
    ("platform", "public", "most", "unit"),
    [
        ("mastodon", True, 500, "graphemes"),
        ("bluesky", True, 300, "graphemes"),
        ("bluesky", False, 1000, "graphemes"),
        ("x", True, 280, "weighted"),
        ("x", False, 10_000, "characters"),
        ("telegram", True, 4096, "utf16"),
        ("line", False, 5000, "utf16"),
        ("instagram", False, 1000, "bytes"),
        ("instagram", True, 2200, "characters"),
        ("facebook", True, 8000, "characters"),
        ("messenger", False, 2000, "characters"),
        ("whatsapp", False, 4096, "characters"),
        ("viber", False, 7000, "characters"),
        ("youtube", True, 10_000, "characters"),
        ("discourse", True, 32_000, "characters"),
        ("open311", True, 4000, "characters"),
        ("rest", True, None, "characters"),
        ("postmark", False, None, "characters"),
    ],
)
def test_every_platform_says_how_much_it_takes(platform: str, public: bool, most: int | None, unit: str) -> None:
    assert (lengths.most(platform, public), lengths.unit(platform, public)) == (most, unit)
    if most is not None:
        assert lengths.fits(platform, "a" * most, public)
        assert not lengths.fits(platform, "a" * (most + 1), public)


def test_bluesky_counts_bytes_as_well() -> None:
    families = FAMILY * 121
    assert lengths.measure("bluesky", families) == 121
    excess = lengths.excess("bluesky", families)
    assert excess == lengths.Misfit("bluesky", 3025, "bytes", 3000)
    assert excess.is_too_long
    assert lengths.fits("bluesky", FAMILY * 120)


def test_discourse_does_not_take_a_word_for_an_answer() -> None:
    excess = lengths.excess("discourse", "Thank you.")
    assert excess is not None
    assert (excess.length, excess.least, excess.is_too_long) == (10, 20, False)
    assert lengths.fits("discourse", "Thank you.", public=False)


@given(st.text(max_size=60), st.sampled_from([" ", "\n", "\t "]))
def test_white_space_around_a_post_of_discourse_does_not_count(text: str, white: str) -> None:
    assert lengths.measure("discourse", f"{white}{text}{white}") == lengths.measure("discourse", text)


@pytest.mark.parametrize(("most", "length", "fits"), [(5000, 5000, True), (5000, 5001, False), (140, 141, False)])
def test_a_servers_own_limit_holds_be_it_higher_or_lower(most: int, length: int, fits: bool) -> None:
    assert lengths.fits("mastodon", "a" * length, facts={"most_characters": most}) is fits
    assert lengths.fits("discourse", "a" * length, facts={"most_characters": most}) is fits


def test_a_server_says_how_much_a_link_counts_and_what_is_too_short() -> None:
    link = {"most_characters": 30, "characters_per_link": 30}
    assert lengths.fits("mastodon", "https://example.gov/a", facts=link)
    assert not lengths.fits("mastodon", "https://example.gov/a b", facts=link)
    short = {"least_characters": 5, "least_in_messages": 2}
    assert [lengths.fits("discourse", "a" * n, facts=short) for n in (4, 5)] == [False, True]
    assert [lengths.fits("discourse", "a" * n, public=False, facts=short) for n in (1, 2)] == [False, True]


facts = st.dictionaries(
    st.sampled_from(["most_characters", "characters_per_link", "least_characters", "least_in_messages", "expires_at"]),
    st.integers(-5, 10_000),
)
platforms = st.sampled_from(["bluesky", "discourse", "facebook", "instagram", "mastodon", "postmark", "x", "youtube"])


repeated = st.tuples(st.sampled_from(["a", "🐱", " a. "]), st.integers(0, 400)).map(lambda said: said[0] * said[1])


@given(platforms, facts, st.booleans(), repeated)
def test_what_servers_tell_leaves_a_length_that_is_taken(
    platform: str, told: dict[str, int], public: bool, text: str
) -> None:
    for limit in lengths.limits(platform, public, told):
        assert limit.least <= limit.most
        assert limit.most > 0
    excess = lengths.excess(platform, text, public, told)
    within = [each.least <= each.measure(text) <= each.most for each in lengths.limits(platform, public, told)]
    assert (excess is None) is all(within)
    if platform not in lengths.OF_THEIR_SERVER:
        assert lengths.limits(platform, public, told) == lengths.limits(platform, public)


@given(st.text(max_size=60), st.text(max_size=60), st.sampled_from(["mastodon", "bluesky", "x", "telegram"]))
def test_a_text_with_a_line_more_is_never_shorter(text: str, more: str, platform: str) -> None:
    assert lengths.measure(platform, f"{text}\n{more}") >= lengths.measure(platform, text)
