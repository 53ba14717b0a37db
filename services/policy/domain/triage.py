"""First sorting: what kind of comment this is, which topics it touches, in which language, with what private data.

Triage only observes; what follows from it stands in the rules. Where a comment speaks with two voices that cannot both
be its kind (praise and complaint in one breath), triage does not choose: it is ``unsure``, and a person does.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from services.policy.domain import private_data
from services.policy.domain.languages import language_of
from services.policy.domain.phrases import BadPattern, PatternSet, Phrase, PhraseIndex, normalised
from services.policy.domain.policies import Policy
from services.policy.domain.private_data import PrivateData
from services.policy.domain.scales import KINDS, Kind
from shared.events import CommentText

_PRAISING: frozenset[Kind] = frozenset({"praise"})
_BLAMING: frozenset[Kind] = frozenset({"complaint", "venting", "baiting", "abuse", "false_claim", "mistaken_fact"})
_WORTH_READING = 4000
"""Characters of a comment in which triage looks for words; more cannot change what it is about."""


@dataclass(frozen=True, slots=True)
class Comment:
    """What a decision looks at: one comment at one revision."""

    text: str
    platform: str = "rest"
    author: str = ""
    handle: str | None = None
    language: str | None = None
    public: bool = True
    echo: bool = False
    sent_at: datetime | None = None

    @classmethod
    def from_event(cls, event: CommentText) -> Self:
        """The comment that an event carries; our own words coming back are an echo."""
        return cls(
            text=event.text,
            platform=event.platform,
            author=event.author.id,
            handle=event.author.handle,
            language=event.language,
            public=event.public,
            echo=event.author.id == event.account,
            sent_at=event.sent_at,
        )


@dataclass(frozen=True, slots=True)
class Sorted:
    """What triage saw. ``words`` are the phrases found, for the explanation; ``rules`` those named by rules."""

    kind: Kind
    kinds: frozenset[Kind]
    topics: tuple[str, ...]
    language: str
    private: tuple[PrivateData, ...]
    unsure: bool
    words: tuple[str, ...]
    conditions: frozenset[tuple[str, str]]


Meaning = tuple[str, str]
"""What a phrase speaks for: ("kind", kind), ("alone", kind), ("topic", topic) or ("rule", rule)."""


class Triage:
    """A policy's vocabulary, compiled once."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._phrases: PhraseIndex[Meaning] = PhraseIndex(_phrases(policy))
        self._patterns: PatternSet[Meaning] = PatternSet(_patterns(policy))

    def sort(self, comment: Comment) -> Sorted:
        """Look at a comment once, and say what is there."""
        text = normalised(comment.text[:_WORTH_READING])
        found = self._phrases.find(text)
        meanings = {each.meaning for each in found}
        meanings.update(self._patterns.find(text))
        private = private_data.found_in(comment.text[:_WORTH_READING])
        kinds, unsure = _kinds(meanings, bool(private))
        return Sorted(
            kind=next(kind for kind in KINDS if kind in kinds),
            kinds=kinds,
            topics=tuple(sorted({name for what, name in meanings if what == "topic"})),
            language=language_of(
                text, comment.language, [each.language for each in found], self._policy.default_language
            ),
            private=private,
            unsure=unsure,
            words=tuple(sorted({each.phrase for each in found})),
            conditions=frozenset(meaning for meaning in meanings if meaning[0] in ("phrase", "pattern")),
        )


def _kinds(meanings: set[Meaning], private: bool) -> tuple[frozenset[Kind], bool]:
    kinds = {name for what, name in meanings if what == "kind"}
    alone = {name for what, name in meanings if what == "alone"}
    if private:
        kinds.add("private_data")
    if not kinds:
        kinds = alone
    unsure = bool(kinds & _PRAISING) and bool(kinds & _BLAMING)
    if unsure:
        kinds -= _PRAISING | (_BLAMING - {"abuse"})
    return frozenset(kinds or {"other"}), unsure  # type: ignore[arg-type]


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


__all__ = ["BadPattern", "Comment", "Sorted", "Triage"]
