"""With which words a comment touches a topic, is of a kind or meets a rule, saying as little else as may be.

Phrases overlap: "water bill" is about water as well. The texts that are given for a meaning are those of its phrases
that mean the least besides, in the language that is asked for as far as there are any.
"""

from typing import Literal

from services.policy.domain.comments import Comment
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.policies import Phrases
from services.policy.domain.witnesses.pattern_texts import text_for

Meant = Literal["topic", "kind", "phrase", "pattern"]

_LOOKED_AT = 12
_GIVEN = 3


class Wording:
    """The words of a policy by what they stand for. Each is looked up once."""

    def __init__(self, policy: PolicyInForce) -> None:
        self._policy = policy
        self._kinds = {words.kind: words for words in policy.policy.kinds}
        self._rules = {rule.id: rule for rule in policy.policy.rules}
        self._known: dict[tuple[Meant, str, str], tuple[str, ...]] = {}

    def of(self, what: Meant, name: str, language: str) -> tuple[str, ...]:
        """Up to three texts that stand for a topic, a kind, or the phrases or patterns of a rule; best first."""
        key = (what, name, language)
        if key not in self._known:
            self._known[key] = self._chosen(what, name, language)
        return self._known[key]

    def _chosen(self, what: Meant, name: str, language: str) -> tuple[str, ...]:
        phrases, patterns = self._written(what, name)
        ours = phrases.get(language, ())[:_LOOKED_AT]
        others = [text for each, texts in phrases.items() if each != language for text in texts[:2]]
        texts = [text.rstrip("*") for text in (*ours, *(() if ours else others))]
        texts += [text for pattern in patterns[:_LOOKED_AT] if (text := text_for(pattern)) is not None]
        ranked = sorted((self._besides(what, name, text), at) for at, text in enumerate(texts[: 2 * _LOOKED_AT]))
        return tuple(texts[at] for _, at in ranked[:_GIVEN])

    def _written(self, what: Meant, name: str) -> tuple[Phrases, tuple[str, ...]]:
        if what == "topic":
            return self._policy.policy.topic(name).phrases, ()
        if what != "kind":
            when = self._rules[name].when
            return (when.phrase, ()) if what == "phrase" else ({}, when.pattern)
        words = next((words for kind, words in self._kinds.items() if kind == name), None)
        return ({}, ()) if words is None else (words.phrases or words.alone, words.patterns)

    def _besides(self, what: Meant, name: str, text: str) -> int:
        """How much else the text means, and far more if it does not mean what it is for."""
        seen = self._policy.sort(Comment(text))
        meanings = {("topic", topic) for topic in seen.topics} | {("kind", kind) for kind in seen.kinds - {"other"}}
        meanings |= seen.conditions
        return len(meanings - {(what, name)}) + 100 * ((what, name) not in meanings)
