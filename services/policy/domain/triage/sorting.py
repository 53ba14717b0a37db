"""First sorting: what kind of comment this is, which topics it touches, in which language, with what private data.

Triage only observes; what follows from it stands in the rules.
"""

import copy
from collections.abc import Iterable, Iterator
from typing import NamedTuple, Self, cast

from services.policy.domain.comments import Comment
from services.policy.domain.policies import Line, Policy
from services.policy.domain.scales import Kind
from services.policy.domain.triage import private_data
from services.policy.domain.triage.classification import Classifier, Cues, Lexicon
from services.policy.domain.triage.languages import language_of
from services.policy.domain.triage.phrases import BadPattern, Found, PatternSet, Phrase, PhraseIndex, normalised
from services.policy.domain.triage.private_data import PrivateData


class Sorted(NamedTuple):
    """What triage saw. ``words`` are the phrases found, for the explanation; ``conditions`` those named by rules and
    lines; ``classifier`` is the version of the one that said the kinds."""

    kind: Kind
    kinds: frozenset[Kind]
    confidence: float
    topics: tuple[str, ...]
    language: str
    private: tuple[PrivateData, ...]
    unsure: bool
    words: tuple[str, ...]
    conditions: frozenset[tuple[str, str]]
    classifier: str = Lexicon.version


Meaning = tuple[str, str]
"""What a phrase speaks for: ("kind", kind), ("alone", kind), ("topic", topic), ("phrase", rule), ("unless", line); and
what a pattern: ("mark", kind), ("pattern", rule)."""


_NONE: frozenset[Meaning] = frozenset()


class _Glance(NamedTuple):
    """What the policy's words and patterns find in a text: ``topics`` as often as they are named, ``conditions`` those
    named by rules and lines, and what a classifier goes by."""

    found: list[Found[Meaning]]
    topics: list[str]
    conditions: list[Meaning]
    private: tuple[PrivateData, ...]
    cues: Cues


class Triage:
    """A policy's vocabulary, compiled once."""

    def __init__(self, policy: Policy, classifier: Classifier | None = None) -> None:
        self._policy = policy
        self.classifier = classifier or Lexicon()
        self._phrases: PhraseIndex[Meaning] = PhraseIndex(_phrases(policy))
        self._patterns: PatternSet[Meaning] = PatternSet(_patterns(policy))
        self._beside: PhraseIndex[Meaning] | None = None

    def with_classifier(self, classifier: Classifier) -> Self:
        """The same vocabulary, with ``classifier`` saying the kinds."""
        other = copy.copy(self)
        other.classifier = classifier
        return other

    def with_lines(self, lines: Iterable[Line]) -> Self:
        """The same vocabulary, which also looks for what asks for more than these lines say."""
        phrases = list(_unless(lines))
        other = copy.copy(self)
        other._beside = PhraseIndex(phrases) if phrases else None
        return other

    def cues(self, text: str) -> Cues:
        """What there is in a text for a classifier to go by."""
        return self._glance(text).cues

    def sort(self, comment: Comment) -> Sorted:
        """Look at a comment once, and say what is there."""
        glance = self._glance(comment.text)
        found = glance.found
        verdict = self.classifier.classify(glance.cues)
        language = language_of(
            glance.cues.text, comment.language, [each.language for each in found], self._policy.default_language
        )
        return Sorted(
            kind=verdict.kind,
            kinds=verdict.kinds,
            confidence=verdict.confidence,
            topics=_each_once(glance.topics),
            language=language,
            private=glance.private,
            unsure=verdict.two_voices
            or verdict.confidence < self._policy.least_confidence
            or language not in self._policy.languages,
            words=_each_once([each.phrase for each in found]),
            conditions=frozenset(glance.conditions) if glance.conditions else _NONE,
            classifier=self.classifier.version,
        )

    def _glance(self, text: str) -> _Glance:
        plain = normalised(text)
        found = self._phrases.find(plain)
        private = private_data.found_in(text)
        topics: list[str] = []
        conditions: list[Meaning] = []
        worded: dict[Kind, int] = {}
        marks: list[Kind] = []
        alone: list[Kind] = []
        for meaning in [*[each.meaning for each in found], *self._patterns.find(plain)]:
            what, name = meaning
            if what == "topic":
                topics.append(name)
            elif what == "kind":
                worded[cast(Kind, name)] = worded.get(cast(Kind, name), 0) + 1
            elif what == "mark":
                marks.append(cast(Kind, name))
            elif what == "alone":
                alone.append(cast(Kind, name))
            else:
                conditions.append(meaning)
        if self._beside is not None:
            conditions += [each.meaning for each in self._beside.find(plain)]
        return _Glance(found, topics, conditions, private, Cues(plain, worded, marks, alone, bool(private)))


def _each_once(values: list[str]) -> tuple[str, ...]:
    return tuple(sorted(set(values))) if len(values) > 1 else tuple(values)


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
    yield from _unless(policy.lines)


def _unless(lines: Iterable[Line]) -> Iterator[Phrase[Meaning]]:
    for line in lines:
        for language, phrases in line.preconditions.unless.items():
            yield from (Phrase(text, language, ("unless", line.id)) for text in phrases)


def _patterns(policy: Policy) -> Iterator[tuple[str, Meaning]]:
    for words in policy.kinds:
        yield from ((pattern, ("mark", words.kind)) for pattern in words.patterns)
    for rule in policy.rules:
        yield from ((pattern, ("pattern", rule.id)) for pattern in rule.when.pattern)


__all__ = ["BadPattern", "Sorted", "Triage"]
