"""Phrases that say nothing new, contradict themselves, or are two agencies' business at once.

A phrase is shadowed where another one of the same meaning is found whenever it is: a part of it, or a beginning that
leaves the end open. Every phrase is looked for in every other by the same automaton that reads comments, so that the
cost grows with the words and not with the pairs.
"""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from services.policy.domain.lint.holes import Hole, hole
from services.policy.domain.policies import Policy
from services.policy.domain.triage.inflections import stems_of
from services.policy.domain.triage.phrases import Found, Phrase, PhraseIndex, normalised
from services.policy.domain.witnesses.witnesses import Witnesses

_CLOSING_SIGNS = "\u0bcd\u0dca"
_NO_ENDINGS = {"si": "ෆ" * 13, "ta": "ஃ" * 13}
_NO_ENDING = "q" * 13
"""Letters that are no ending in a language, and longer than any."""


class _Place(NamedTuple):
    """What a phrase stands for and where it is written."""

    what: str
    name: str
    path: str


def holes(witnesses: Witnesses) -> Iterator[Hole]:
    """One hole for each such phrase."""
    times = Counter(_phrases(witnesses.policy))
    phrases = list(times)
    index: PhraseIndex[_Place] = PhraseIndex(phrases)
    agencies = {topic.id: topic.agency or witnesses.policy.agency for topic in witnesses.policy.topics}
    for phrase in phrases:
        always = _found_whenever(phrase, index)
        same = (each for each in always if each.meaning[:2] == phrase.meaning[:2])
        if times[phrase] > 1:
            yield _shadowed(phrase, "it is written twice", witnesses)
        elif shadow := next((each for each in same if _shadows(each, phrase)), None):
            yield _shadowed(phrase, f'"{shadow.phrase}" is found whenever it is', witnesses)
            continue
        if phrase.meaning.what == "topic":
            yield from _of_two_agencies(phrase, always, agencies, witnesses)
        elif phrase.meaning.what == "kind":
            yield from _in_two_voices(phrase, always, witnesses)


def _phrases(policy: Policy) -> Iterator[Phrase[_Place]]:
    for topic in policy.topics:
        for language, texts in topic.phrases.items():
            place = _Place("topic", topic.id, f"topics.{topic.id}.phrases.{language}")
            yield from (Phrase(text, language, place) for text in texts)
    for words in policy.kinds:
        for what, phrases in (("kind", words.phrases), ("alone", words.alone)):
            for language, texts in phrases.items():
                section = "phrases" if what == "kind" else "alone"
                place = _Place(what, words.kind, f"kinds.{words.kind}.{section}.{language}")
                yield from (Phrase(text, language, place) for text in texts)
    for rule in policy.rules:
        for language, texts in rule.when.phrase.items():
            place = _Place("phrase", rule.id, f"rules.{rule.id}.when.phrase.{language}")
            yield from (Phrase(text, language, place) for text in texts)


def _found_whenever(phrase: Phrase[_Place], index: PhraseIndex[_Place]) -> list[Found[_Place]]:
    """The phrases that are found in every text in which ``phrase`` is, itself included."""
    words = _words(phrase)
    found = index.find(words)
    if len(found) < 2:
        return found
    before_the_end = set(index.find(words + _NO_ENDINGS.get(phrase.language, _NO_ENDING)))
    if phrase.text.endswith("*"):
        return [each for each in found if each in before_the_end]
    return [
        each
        for each in found
        if each in before_the_end or _ends(phrase) <= _ends(Phrase(each.phrase, each.language, each.meaning))
    ]


def _words(phrase: Phrase[_Place]) -> str:
    words = normalised(phrase.text.rstrip("*"))
    return words.rstrip(_CLOSING_SIGNS) if phrase.text.endswith("*") else words


def _ends(phrase: Phrase[_Place]) -> frozenset[tuple[int, str]]:
    """The endings under which the last word is found as well: letters that give way, and what takes their place."""
    words = _words(phrase)
    return frozenset(
        (len(words) - len(stem.words), ending) for stem in stems_of(words, phrase.language) for ending in stem.endings
    )


def _shadows(found: Found[_Place], phrase: Phrase[_Place]) -> bool:
    """Whether what is found whenever ``phrase`` is makes it needless. Of two that are found alike the first stays."""
    other = Phrase(found.phrase, found.language, found.meaning)
    if other == phrase:
        return False
    alike = found.phrase.endswith("*") == phrase.text.endswith("*") and _ends(other) == _ends(phrase)
    return _words(other) != _words(phrase) or not alike or other[:2] < phrase[:2]


def _shadowed(phrase: Phrase[_Place], why: str, witnesses: Witnesses) -> Hole:
    witness = witnesses.say(phrase.text.rstrip("*"))
    return hole("phrase-shadowed", "warning", phrase.meaning.path, f'"{phrase.text}" says nothing new: {why}', witness)


def _of_two_agencies(
    phrase: Phrase[_Place], always: list[Found[_Place]], agencies: dict[str, str], witnesses: Witnesses
) -> Iterator[Hole]:
    ours = agencies[phrase.meaning.name]
    found = [each for each in always if each.meaning.what == "topic" and agencies[each.meaning.name] != ours]
    if found:
        other = found[0].meaning.name
        sentence = f'"{phrase.text}" is a matter of {ours}, and by {other} also one of {agencies[other]}'
        witness = witnesses.say(phrase.text.rstrip("*"))
        yield hole("phrase-of-two-agencies", "warning", phrase.meaning.path, sentence, witness)


def _in_two_voices(phrase: Phrase[_Place], always: list[Found[_Place]], witnesses: Witnesses) -> Iterator[Hole]:
    others = [each for each in always if each.meaning.what == "kind" and each.meaning.name != phrase.meaning.name]
    if not others:
        return
    witness = witnesses.say(phrase.text.rstrip("*"))
    if witness.decision.explanation["unsure"]:
        other = others[0]
        sentence = f'"{phrase.text}" is {phrase.meaning.name}, and by "{other.phrase}" also {other.meaning.name}'
        yield hole("phrase-in-two-voices", "warning", phrase.meaning.path, sentence, witness)
