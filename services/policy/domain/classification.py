"""Of what kind a comment is, and how sure that is.

The port and its default: the lexicon's words speak, and where they contradict each other nobody is sure. An agency's
own model, learned from its officers' corrections, answers through the same port.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol

from services.policy.domain.scales import Kind

_PRAISING: frozenset[Kind] = frozenset({"praise"})
_BLAMING: frozenset[Kind] = frozenset({"complaint", "venting", "baiting", "abuse", "false_claim", "mistaken_fact"})
_OTHER: frozenset[Kind] = frozenset({"other"})

_ONE_WORD, _TWO_WORDS, _MANY_WORDS = 0.9, 0.97, 0.99
_PATTERN_ONLY, _CLOSING_WORD_ONLY, _NO_WORD = 0.85, 0.85, 0.75
_TWO_VOICES = 0.5


class Cues(NamedTuple):
    """What was found in a comment: for each kind how many of its phrases, which patterns matched, which closing words
    (``alone``) stood there, and whether it holds private data. ``text`` is normalised."""

    text: str
    phrases: Mapping[Kind, int]
    patterns: Collection[Kind]
    alone: Collection[Kind]
    private: bool


class Verdict(NamedTuple):
    """Every kind that a comment is of, how sure the weightiest is (0 to 1), and whether two voices contradict."""

    kinds: frozenset[Kind]
    confidence: float
    two_voices: bool = False


class Classifier(Protocol):
    """Says of what kinds a comment is. Pure: the same cues, the same verdict."""

    def classify(self, cues: Cues) -> Verdict:
        """The verdict on one comment."""


class Lexicon:
    """The default classifier: it believes the words of the policy."""

    def classify(self, cues: Cues) -> Verdict:
        """The kinds whose words were found; praise and blame in one breath contradict each other."""
        if not (cues.phrases or cues.patterns or cues.private):
            if cues.alone:
                return Verdict(frozenset(cues.alone), _CLOSING_WORD_ONLY)
            return Verdict(_OTHER, _NO_WORD)
        kinds: set[Kind] = {*cues.phrases, *cues.patterns}
        if cues.private:
            kinds.add("private_data")
        if kinds & _PRAISING and kinds & _BLAMING:
            kinds -= _PRAISING | (_BLAMING - {"abuse"})
            return Verdict(frozenset(kinds) or _OTHER, _TWO_VOICES, two_voices=True)
        return Verdict(frozenset(kinds), _confidence(cues))


def _confidence(cues: Cues) -> float:
    most = max(cues.phrases.values(), default=0)
    if most == 0:
        return _MANY_WORDS if cues.private else _PATTERN_ONLY
    return _ONE_WORD if most == 1 else _TWO_WORDS if most == 2 else _MANY_WORDS
