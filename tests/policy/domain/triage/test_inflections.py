"""A word with a simple ending is the same word; a word that merely begins alike is not."""

import pytest

from services.policy.domain.triage.phrases import Phrase, PhraseIndex, normalised


def found(language: str, phrase: str, text: str) -> bool:
    return bool(PhraseIndex([Phrase(phrase, language, "x")]).find(normalised(text)))


@pytest.mark.parametrize(
    ("language", "phrase", "text"),
    [
        ("en", "passport", "two passports"),
        ("en", "water bill", "my water bills are high"),
        ("en", "tax", "new taxes"),
        ("en", "passport", "the passport's cover"),
        ("si", "කාර්යාලය", "කාර්යාලයට ගියා"),
        ("si", "කාර්යාලය", "කාර්යාලයේ"),
        ("si", "බිල්පත්", "බිල්පත්වල"),
        ("si", "විවෘත", "විවෘතද"),
        ("ta", "டொலர்", "டொலரின் விலை"),
        ("ta", "டொலர்", "டொலருக்கு"),
        ("ta", "கட்டணம்", "கட்டணத்தை"),
        ("ta", "கட்டணம்", "கட்டணங்கள்"),
        ("ta", "கட்டணம்", "கட்டணமும்"),
        ("ta", "வட்டி", "வட்டிக்கு"),
    ],
)
def test_a_simple_ending_leaves_the_word_what_it_is(language: str, phrase: str, text: str) -> None:
    assert found(language, phrase, text)


@pytest.mark.parametrize(
    ("language", "phrase", "text"),
    [
        ("en", "passport", "passporting"),
        ("en", "open", "opener"),
        ("en", "it", "its"),
        ("en", "news", "newses"),
        ("en", "kill", "killer"),
        ("si", "ගල", "ගල්"),
        ("si", "කාර්යාලය", "කාර්යාලයක්මැද"),
        ("ta", "பணம்", "பணக்காரர்"),
        ("ta", "கட்டண", "கட்டணத்தை"),
        ("fr", "taxe", "taxes"),
    ],
)
def test_another_ending_makes_another_word(language: str, phrase: str, text: str) -> None:
    assert not found(language, phrase, text)


def test_a_phrase_that_stands_twice_in_a_text_is_found_once() -> None:
    index = PhraseIndex([Phrase("fee", "en", "x")])
    assert len(index.find("fee fees feet fee")) == 1
