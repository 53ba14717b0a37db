"""Policies far larger than an agency writes in its first years, to see what their size costs a decision.

Over the baseline stand made-up rules and phrases in the proportions of a grown policy: most rules speak of the
agency's topics, a quarter of words of their own, the rest of patterns, kinds, authors, platforms and history. Phrases
are one to three words in three scripts, every third with an open ending. Some are words of the very comments that will
be decided, so that a comment meets a topic or two and now and then a rule's own words; that many it meets under a
policy of any size, because a comment is not about more things when a policy knows more.
"""

import itertools
import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from services.policy.adapters.policy_files import above
from services.policy.domain.composing.composition import compose
from services.policy.domain.policies import Policy
from services.policy.domain.scales import KINDS, Kind
from tests.policy.builders import document

_SYLLABLES = {
    "en": ("ba", "ser", "ton", "mil", "ga", "rup", "dan", "lo", "vit", "kem", "por", "sha", "ni", "tur", "wen", "fol"),
    "si": ("කර", "දිය", "මල්", "ගම", "පාර", "රට", "නුව", "සිත්", "වැව", "හෙට", "පොල්", "බිම", "තුන", "යල", "වන"),
    "ta": ("கடல்", "மரம்", "நில", "வழி", "தொகை", "பண", "மனை", "வீதி", "ஊர்", "பாட", "நகர்", "குடி", "வயல்", "மணி"),
}
_LANGUAGES = tuple(_SYLLABLES)
_PLATFORMS = ("facebook", "instagram", "x", "mastodon", "whatsapp", "viber", "youtube", "telegram", "rest", "postmark")
_AUTHOR_KINDS = ("press", "parliament", "embassy", "regulator", "official")
_KINDS: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind != "other")
_STAGES = ("owner", "period", "kind")
_UNITS = ("Enquiries desk", "Call centre", "Field offices", None)

_OF_A_TOPIC, _OF_WORDS, _OF_A_PATTERN, _OF_A_KIND, _OF_AN_AUTHOR, _OF_HISTORY = 0.56, 0.25, 0.05, 0.06, 0.05, 0.02
"""Shares of the rules; the rest looks at the platform alone."""

_RULES_A_TOPIC = 2
_WORDS_A_RULE = 4
_SHARE_OF_KINDS = 0.08
_COMMENTS_A_FAMILIAR = 2
"""Of so many comments one has words of its own in a rule; each has in a topic."""


class Size(NamedTuple):
    """How many rules and phrases a policy has in all, those of the baseline among them."""

    rules: int
    phrases: int


def large_policy(size: Size, comments: Sequence[str]) -> Policy:
    """A policy of that size, which knows some words of ``comments``. The same arguments make the same policy."""
    making = _Making(size, comments)
    policy = compose(document(topics=making.topics(), kinds=making.kinds(), rules=making.rules()), above())
    assert (len(policy.rules), phrases_of(policy)) == size
    return policy


def phrases_of(policy: Policy) -> int:
    """How many phrases the policy has, patterns among them."""
    texts = [topic.phrases for topic in policy.topics]
    texts += [words for each in policy.kinds for words in (each.phrases, each.alone)]
    texts += [rule.when.phrase for rule in policy.rules]
    patterns = sum(len(each.patterns) for each in policy.kinds) + sum(len(rule.when.pattern) for rule in policy.rules)
    return patterns + sum(len(phrases) for each in texts for phrases in each.values())


class _Making:
    """What is added to the baseline, drawn with a fixed seed."""

    def __init__(self, size: Size, comments: Sequence[str]) -> None:
        self._random = random.Random(f"{size}")
        baseline = compose(document(), above())
        self._rules_wanted = size.rules - len(baseline.rules)
        phrases = size.phrases - phrases_of(baseline)
        self._familiar = [_two_words(text) for text in comments]
        self._topics = [f"topic-{number}" for number in range(int(self._rules_wanted * _OF_A_TOPIC) // _RULES_A_TOPIC)]
        self._of_kinds = int(phrases * _SHARE_OF_KINDS)
        in_rules = int(self._rules_wanted * _OF_WORDS) * _WORDS_A_RULE + int(self._rules_wanted * _OF_A_PATTERN)
        self._of_topics = phrases - self._of_kinds - in_rules

    def topics(self) -> list[dict[str, Any]]:
        texts: dict[str, list[tuple[str, str]]] = {topic: [self._phrase()] for topic in self._topics}
        familiar = [phrase for phrase in self._familiar if phrase is not None]
        made = (self._phrase() for _ in range(self._of_topics - len(self._topics) - len(familiar)))
        for phrase in itertools.chain(familiar, made):
            texts[self._random.choice(self._topics)].append(phrase)
        return [
            {
                "id": topic,
                "unit": self._random.choice(_UNITS),
                "phrases": _by_language(phrases),
                "sensitivity": self._random.choice(("S0", "S0", "S1", "S1", "S2")),
                "damage": self._random.choice(("D0", "D1")),
            }
            for topic, phrases in texts.items()
        ]

    def kinds(self) -> list[dict[str, Any]]:
        texts: dict[str, list[tuple[str, str]]] = {}
        for _ in range(self._of_kinds):
            texts.setdefault(self._random.choice(_KINDS), []).append(self._phrase())
        return [{"kind": kind, "phrases": _by_language(phrases)} for kind, phrases in texts.items()]

    def rules(self) -> list[dict[str, Any]]:
        return [
            {
                "id": f"made-{number}",
                "name": f"Made rule {number}",
                "stage": self._random.choice(_STAGES),
                "when": when,
                "then": self._finding(number),
            }
            for number, when in enumerate(itertools.islice(self._conditions(), self._rules_wanted))
        ]

    def _conditions(self) -> Iterator[dict[str, Any]]:
        wanted, draw = self._rules_wanted, self._random.choice
        familiar = iter([each for each in self._familiar[::_COMMENTS_A_FAMILIAR] if each is not None])
        for _ in range(int(wanted * _OF_WORDS)):
            known = next(familiar, None) or self._phrase()
            yield {"phrase": _by_language([known, *(self._phrase() for _ in range(_WORDS_A_RULE - 1))])}
        for _ in range(int(wanted * _OF_A_PATTERN)):
            yield {"pattern": [f"{self._word('en')}s? [0-9]{{2,4}}"]}
        for number in range(int(wanted * _OF_A_TOPIC)):
            more = {"kind": [draw(_KINDS)]} if number % 2 else {"public": True}
            yield {"topic": [self._topics[number % len(self._topics)]], **more}
        for _ in range(int(wanted * _OF_A_KIND)):
            yield {"kind": [draw(_KINDS)], "platform": [draw(_PLATFORMS)], "followers_at_least": 1000}
        for number in range(int(wanted * _OF_AN_AUTHOR)):
            yield {"author": [f"account-{number}"]} if number % 5 else {"author_kind": [draw(_AUTHOR_KINDS)]}
        for number in range(int(wanted * _OF_HISTORY)):
            yield {"earlier_kind": [draw(_KINDS)], "turn_at_least": 2 + number % 3}
        while True:
            yield {"platform": [draw(_PLATFORMS)], "language": [draw(_LANGUAGES)], "seen_by_at_least": 500}

    def _finding(self, number: int) -> dict[str, Any]:
        findings: list[dict[str, Any]] = [
            {"level": "L2"},
            {"duties": [f"duty-{number % 40}"]},
            {"sensitivity": "S1", "duties": ["private_channel"]},
            {"disposition": "hold", "level": "L2"},
            {"disposition": "restore", "clock": "service"},
            {"damage": "D1", "duties": ["tell_the_unit"]},
        ]
        return {**self._random.choice(findings), "stop": number % 10 == 0}

    def _phrase(self) -> tuple[str, str]:
        language = self._random.choice(_LANGUAGES)
        words = " ".join(self._word(language) for _ in range(self._random.choice((1, 2, 2, 3))))
        return language, words + self._random.choice(("", "", "*"))

    def _word(self, language: str) -> str:
        return "".join(self._random.choices(_SYLLABLES[language], k=self._random.choice((2, 3, 4))))


def _two_words(text: str) -> tuple[str, str] | None:
    """Two words from the middle of a comment, as somebody who had read it might make a phrase of it."""
    words = [word for word in text.split() if word.isalpha() or not word.isascii()]
    middle = len(words) // 2
    return ("en", " ".join(words[middle - 1 : middle + 1])) if len(words) > 1 else None


def _by_language(phrases: Sequence[tuple[str, str]]) -> dict[str, list[str]]:
    sorted_out: dict[str, list[str]] = {}
    for language, words in phrases:
        sorted_out.setdefault(language, []).append(words)
    return sorted_out
