"""Variants: what is said on one platform in place of the text that goes out on every other.

A text in several languages may have one for any platform and language: shorter where little fits, longer where there
is room. Each is cleared with the text, states the same facts, and goes out on its own platform and nowhere else.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from services.policy.domain.parts import Language, Part
from shared.events.base import Platform
from shared.lengths import Misfit
from shared.wordings import Reply

MOST_VARIANTS = 100
"""More than there are platforms and languages."""


class Variant(Part):
    """The text on one ``platform`` in one ``language``."""

    platform: Platform
    language: Language
    text: Annotated[str, Field(min_length=1, max_length=5000, pattern=r"\S")]

    def misfit(self, split: bool) -> Misfit | None:
        """By what its platform would not take it in public, or None; ``split``: not even as a thread."""
        return Reply(self.platform, self.text).misfit(split)


Variants = Annotated[
    tuple[Variant, ...],
    # What has none reads, and has the digest, as it would if there were no variants at all.
    Field(max_length=MOST_VARIANTS, exclude_if=lambda variants: not variants),
]


def said_on(platform: str, language: str, texts: Mapping[str, str], variants: Sequence[Variant]) -> str | None:
    """What goes out there: the variant for that platform and language, else the text in that language, if any."""
    own = (each.text for each in variants if (each.platform, each.language) == (platform, language))
    return next(own, texts.get(language))


def every_wording(texts: Mapping[str, str], variants: Sequence[Variant]) -> dict[str, str]:
    """The texts by language, and the variants by theirs and their platform: ``en on x``."""
    return {**texts, **{f"{each.language} on {each.platform}": each.text for each in variants}}


def variants_in(content: Mapping[str, Any]) -> tuple[Variant, ...]:
    """The variants of what was submitted."""
    return tuple(Variant.model_validate(each) for each in content.get("variants", ()))


def without_place(variants: Sequence[Variant], texts: Mapping[str, str]) -> Iterator[tuple[int, str]]:
    """Which variants stand in place of nothing, or of what has one: their places from 0, and a sentence for each."""
    known: set[tuple[str, str]] = set()
    for place, each in enumerate(variants):
        if each.language not in texts:
            yield place, f"there is no text in {each.language} beside which it would stand"
        elif (each.platform, each.language) in known:
            yield place, f"{each.platform} has a variant in {each.language} already"
        known.add((each.platform, each.language))
