"""Variants go out on their own platform in their own language, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.policy.domain.variants import Variant, every_wording, said_on, without_place
from shared import lengths
from tests.policy.builders import in_force

PLATFORMS = ["bluesky", "discourse", "facebook", "instagram", "mastodon", "postmark", "x"]
LANGUAGES = ["en", "si", "ta"]
words = st.integers(1, 600).map(lambda length: ("abc. de " * 75)[:length])
variants = st.lists(
    st.builds(Variant, platform=st.sampled_from(PLATFORMS), language=st.sampled_from(LANGUAGES), text=words),
    max_size=6,
    unique_by=lambda each: (each.platform, each.language),
)


@given(variants, st.sampled_from(PLATFORMS), st.sampled_from(LANGUAGES))
def test_a_platform_gets_its_own_variant_or_the_text(several: list[Variant], platform: str, language: str) -> None:
    texts = {each: f"the text in {each}" for each in LANGUAGES}
    own = [each.text for each in several if (each.platform, each.language) == (platform, language)]
    assert said_on(platform, language, texts, several) == (own or [texts[language]])[0]


@given(variants)
def test_every_variant_is_among_the_wordings_that_are_compared(several: list[Variant]) -> None:
    wordings = every_wording({"en": "the text"}, several)
    assert len(wordings) == 1 + len(several)
    assert {each.text for each in several} <= set(wordings.values())


@given(st.sampled_from(PLATFORMS), words)
def test_a_variant_fits_where_its_platform_takes_it_in_public(platform: str, text: str) -> None:
    variant = Variant(platform=platform, language="en", text=text)
    assert variant.misfit(split=False) == lengths.excess(platform, text)
    assert variant.misfit(split=True) in (None, variant.misfit(split=False))


def test_a_variant_stands_beside_a_text_and_once() -> None:
    x = Variant(platform="x", language="en", text="Short.")
    assert list(without_place([x], {"en": "Long."})) == []
    told = list(without_place([x, x, x.model_copy(update={"language": "ta"})], {"en": "Long."}))
    assert [place for place, _ in told] == [1, 2]


@pytest.mark.parametrize("fault", [{"platform": "X!"}, {"language": "English"}, {"text": " "}, {"text": "a" * 5001}])
def test_a_variant_without_sense_is_refused(fault: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Variant.model_validate({"platform": "x", "language": "en", "text": "Short.", **fault})


def test_a_line_without_variants_reads_as_if_there_were_none() -> None:
    line = {
        "id": "hours", "topics": ["hours"], "text": {"en": "Nine to three."},
        "ceiling": {"sensitivity": "S1", "damage": "D1"},
        "cleared_by": {"officer": "comms", "post": "Communications", "level": "L2"},
        "cleared_at": "2026-11-01T09:00:00Z",
    }  # fmt: skip
    topics = [{"id": "hours", "phrases": {"en": ["open"]}}]
    plain, varied = (
        in_force(topics=topics, lines=[{**line, "variants": each}]).policy
        for each in ([], [{"platform": "x", "language": "en", "text": "9 to 3."}])
    )
    assert "variants" not in plain.lines[0].model_dump()
    assert plain.version == in_force(topics=topics, lines=[line]).policy.version
    assert plain.version != varied.version
