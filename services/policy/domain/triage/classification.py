"""Of what kind a comment is, and how sure that is.

The port and its default: the lexicon's words speak, and where they contradict each other nobody is sure. An agency's
own model, learned from its officers' corrections, answers through the same port (``learning/learned.py``).
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple, Protocol

from services.policy.domain.scales import KINDS, Kind
from services.policy.domain.triage.manner import manner_of

_PRAISING: frozenset[Kind] = frozenset({"praise"})
_BLAMING: frozenset[Kind] = frozenset({"complaint", "venting", "baiting", "abuse", "false_claim", "mistaken_fact"})
_ASKING: frozenset[Kind] = frozenset({"question"})
_SPAM: frozenset[Kind] = frozenset({"spam"})
_OTHER: frozenset[Kind] = frozenset({"other"})

_ONE_WORD, _TWO_WORDS, _MANY_WORDS = 0.9, 0.97, 0.99
_MARK_ONLY, _CLOSING_WORD_ONLY, _NO_WORD = 0.85, 0.85, 0.75
_LINKED_OFFER = 0.8
_JEERED = 0.6
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

    @property
    def kind(self) -> Kind:
        """The weightiest of its kinds, by which a comment is called."""
        return min(self.kinds, key=KINDS.index) if len(self.kinds) > 1 else next(iter(self.kinds))


class Classifier(Protocol):
    """Says of what kinds a comment is. Pure: the same cues, the same verdict."""

    @property
    def version(self) -> str:
        """What decisions name it by."""

    def classify(self, cues: Cues) -> Verdict:
        """The verdict on one comment."""


class Lexicon:
    """The default classifier: it believes the words of the policy, and the grammar of the three languages."""

    version = "lexicon"

    def classify(self, cues: Cues) -> Verdict:
        """The kinds whose words were found; praise and blame in one breath contradict each other."""
        kinds: set[Kind] = {*cues.phrases, *cues.patterns}
        manner = manner_of(cues.text)
        if "asks" in manner:
            kinds.add("question")
        if cues.private:
            kinds.add("private_data")
        if not kinds:
            return _wordless(cues, offers="links" in manner and "offers" in manner)
        if kinds & _PRAISING and kinds & _BLAMING:
            kinds -= _PRAISING | (_BLAMING - {"abuse"})
            return Verdict(frozenset(kinds) or _OTHER, _TWO_VOICES, two_voices=True)
        if kinds == _ASKING and not cues.phrases and "jeers" in manner:
            # Jeered, a question by its mark alone asks nothing as a rule, and no cleared line should answer it.
            return Verdict(_ASKING | {"venting"}, _JEERED)
        weightiest = min(kinds, key=KINDS.index)
        return Verdict(frozenset(kinds), _confidence(cues, weightiest))


def _wordless(cues: Cues, *, offers: bool) -> Verdict:
    if offers:
        return Verdict(_SPAM, _LINKED_OFFER)
    if cues.alone:
        return Verdict(frozenset(cues.alone), _CLOSING_WORD_ONLY)
    return Verdict(_OTHER, _NO_WORD)


def _confidence(cues: Cues, kind: Kind) -> float:
    """How sure the weightiest kind is by words of its own."""
    most = cues.phrases.get(kind, 0)
    if most == 0:
        return _MANY_WORDS if cues.private else _MARK_ONLY
    return _ONE_WORD if most == 1 else _TWO_WORDS if most == 2 else _MANY_WORDS
