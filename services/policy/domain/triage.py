"""First sorting: what kind of comment this is, which topics it touches, in which language, with what private data.

Triage only observes; what follows from it stands in the rules.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from services.policy.domain import private_data
from services.policy.domain.classification import Classifier, Cues, Lexicon
from services.policy.domain.comments import Comment
from services.policy.domain.languages import language_of
from services.policy.domain.phrases import BadPattern, PatternSet, Phrase, PhraseIndex, normalised
from services.policy.domain.policies import Policy
from services.policy.domain.private_data import PrivateData
from services.policy.domain.scales import KINDS, Kind

_WORTH_READING = 4000
"""Characters of a comment in which triage looks for words; more cannot change what it is about."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """What triage saw. ``words`` are the phrases found, for the explanation; ``conditions`` those named by rules."""

    kind: Kind
    kinds: frozenset[Kind]
    confidence: float
    topics: tuple[str, ...]
    language: str
    private: tuple[PrivateData, ...]
    unsure: bool
    words: tuple[str, ...]
    conditions: frozenset[tuple[str, str]]


Meaning = tuple[str, str]
"""What a phrase speaks for: ("kind", kind), ("alone", kind), ("topic", topic), ("phrase" or "pattern", rule)."""


class Triage:
    """A policy's vocabulary, compiled once."""

    def __init__(self, policy: Policy, classifier: Classifier | None = None) -> None:
        self._policy = policy
        self._classifier = classifier or Lexicon()
        self._phrases: PhraseIndex[Meaning] = PhraseIndex(_phrases(policy))
        self._patterns: PatternSet[Meaning] = PatternSet(_patterns(policy))

    def sort(self, comment: Comment) -> Sorted:
        """Look at a comment once, and say what is there."""
        text = normalised(comment.text[:_WORTH_READING])
        found = self._phrases.find(text)
        meanings = {each.meaning for each in found}
        matched = self._patterns.find(text)
        private = private_data.found_in(comment.text[:_WORTH_READING])
        verdict = self._classifier.classify(
            Cues(
                text=text,
                phrases=Counter(_kinds_in("kind", [each.meaning for each in found])),
                patterns=_kinds_in("kind", matched),
                alone=_kinds_in("alone", meanings),
                private=bool(private),
            )
        )
        return Sorted(
            kind=next(kind for kind in KINDS if kind in verdict.kinds),
            kinds=verdict.kinds,
            confidence=verdict.confidence,
            topics=tuple(sorted({name for what, name in meanings if what == "topic"})),
            language=language_of(
                text, comment.language, [each.language for each in found], self._policy.default_language
            ),
            private=private,
            unsure=verdict.two_voices or verdict.confidence < self._policy.least_confidence,
            words=tuple(sorted({each.phrase for each in found})),
            conditions=frozenset(each for each in (*meanings, *matched) if each[0] in ("phrase", "pattern")),
        )


def _kinds_in(what: str, meanings: Iterable[Meaning]) -> list[Kind]:
    return [cast(Kind, name) for meant, name in meanings if meant == what]


def _phrases(policy: Policy) -> Iterator[Phrase[Meaning]]:
    for topic in policy.topics:
        for language, phrases in topic.phrases.items():
            yield from (Phrase(text, language, ("topic", topic.id)) for text in phrases)
    for words in policy.kinds:
        for language, phrases in words.phrases.items():
            yield from (Phrase(text, language, ("kind", str(words.kind))) for text in phrases)
        for language, phrases in words.alone.items():
            yield from (Phrase(text, language, ("alone", str(words.kind))) for text in phrases)
    for rule in policy.rules:
        for language, phrases in rule.when.phrase.items():
            yield from (Phrase(text, language, ("phrase", rule.id)) for text in phrases)


def _patterns(policy: Policy) -> Iterator[tuple[str, Meaning]]:
    for words in policy.kinds:
        yield from ((pattern, ("kind", words.kind)) for pattern in words.patterns)
    for rule in policy.rules:
        yield from ((pattern, ("pattern", rule.id)) for pattern in rule.when.pattern)


__all__ = ["BadPattern", "Sorted", "Triage"]
