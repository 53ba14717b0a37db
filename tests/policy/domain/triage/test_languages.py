"""Letters first, then known words, then what the platform declares."""

import pytest

from services.policy.domain.triage.languages import language_of


@pytest.mark.parametrize(
    ("text", "declared", "by_words", "language"),
    [
        ("කාර්යාලය", "en", [], "si"),
        ("அலுவலகம்", None, [], "ta"),
        ("water bill එක වැඩියි", "en", ["en"], "si"),
        ("where is the office of මොරටුව", "en", [], "en"),
        ("opening hours", "si", ["en"], "en"),
        ("mage bill eka", "si", [], "si"),
        ("wo ist das Amt", "de", [], "de"),
        ("where is it", None, [], "en"),
        ("где это", "ru", [], "und"),
        ("🙂", None, [], "en"),
        ("where", "en-GB", [], "en"),
    ],
)
def test_the_language_of_a_text(text: str, declared: str | None, by_words: list[str], language: str) -> None:
    assert language_of(text, declared, by_words, "en") == language
