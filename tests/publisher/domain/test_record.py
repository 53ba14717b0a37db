"""The public record as rules: who may read what, and how an entry tells of its corrections."""

import pytest

from services.publisher.domain.record import MOST_TITLE, PRIVATE_PLATFORMS, Correction, Entry, may_be_shown
from tests.publisher.builders import NOW, later


def an_entry(text: str = "Our office opens at 9 a.m.", **changes: object) -> Entry:
    return Entry(**{
        "publication": "pub_1",
        "platform": "facebook",
        "purpose": "answer",
        "text": text,
        "language": "en",
        "url": None,
        "published_at": NOW,
        **changes,
    })  # type: ignore[arg-type]  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "shown"),
    [
        ({}, True),
        ({"visibility": "public"}, True),
        ({"visibility": "unlisted"}, True),
        ({"visibility": "private"}, False),
        ({"visibility": "direct"}, False),
        ({"visibility": "a word of tomorrow"}, False),
        ({"public": False}, False),
        ({"was_published": False}, False),
        *(({"platform": platform}, False) for platform in PRIVATE_PLATFORMS),
    ],
)
def test_only_what_anybody_could_read_is_shown(facts: dict[str, object], shown: bool) -> None:
    usual = {"public": True, "visibility": None, "platform": "facebook", "was_published": True}
    assert may_be_shown(**usual | facts) == shown  # type: ignore[arg-type]


def test_an_entry_is_modified_when_it_last_came_to_read_otherwise() -> None:
    corrected = (Correction("At ten.", later(hours=2)), Correction("At eleven.", later(hours=1)))
    assert an_entry().modified_at == NOW
    assert an_entry(corrections=corrected).modified_at == later(hours=2)
    assert an_entry(is_retracted=True, retracted_at=later(hours=3)).modified_at == later(hours=3)


def test_a_title_is_one_short_line_of_what_holds_now() -> None:
    assert an_entry("One\n two").title == "One two"
    assert an_entry(corrections=(Correction("At ten.", NOW),)).title == "At ten."
    assert len(an_entry("word " * 100).title) <= MOST_TITLE
    assert "9 a.m." not in an_entry(is_retracted=True).title
