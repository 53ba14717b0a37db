"""A classifier that has learned: the lexicon says what it found, the agency's model how likely that is.

Each kind that the lexicon names counts by the odds of the lexicon's own confidence (0.9 makes it nine times as likely),
and what comes out is the confidence. So agreement makes surer, disagreement less sure, and the model prevails only
where it is much surer than the lexicon's word. What the lexicon found for the safety of people or by law is never
weighed: no model takes it away.
"""

from services.policy.domain.learning.linear_model import LinearModel
from services.policy.domain.scales import KINDS, Kind
from services.policy.domain.triage.classification import Cues, Lexicon, Verdict

SAFEGUARDED: frozenset[Kind] = frozenset(
    {"emergency", "threat", "private_data", "spam", "abuse", "legal", "information_request", "press"}
)
"""Kinds with duties of safety, law or house rules: found by the lexicon, they stand."""

_NOTHING_FOUND: frozenset[Kind] = frozenset({"other"})
_LEAST = 0.01
"""What the model must think at least of a kind that the lexicon named: it has not seen everything."""

_SURE = 0.99
"""Nobody is surer."""

_SETTLED, _SETTLED_BETWEEN_TWO = 0.7, 0.9
"""How likely a kind must be to prevail over the lexicon's, and where the lexicon itself heard two voices."""

_MUCH_LIKELIER = 4
"""A weightier kind of the lexicon gives way to a lighter one that is so many times as likely."""


class Learned:
    """A lexicon and a model together. ``version`` is that of the model."""

    def __init__(self, lexicon: Lexicon, model: LinearModel, version: str) -> None:
        self.version = version
        self._lexicon = lexicon
        self._model = model
        self._known = frozenset(model.kinds)

    def classify(self, cues: Cues) -> Verdict:
        """The lexicon's verdict, weighed by the model wherever it may."""
        said = self._lexicon.classify(cues)
        named = said.kinds - _NOTHING_FOUND
        if not named.isdisjoint(SAFEGUARDED) or not named <= self._known:
            return said
        weights = self._weighed(cues.text, named, said.confidence / (1 - said.confidence))
        backed = sum(weights[kind] for kind in named)
        rival = max((kind for kind in weights if kind not in named), key=lambda kind: weights[kind], default=None)
        if rival is None or backed >= weights[rival]:
            return Verdict(_backed(named, weights), _rounded(backed), said.two_voices)
        return _prevailing(rival, _rounded(weights[rival]), said, contradicts=bool(named))

    def _weighed(self, text: str, named: frozenset[Kind], odds: float) -> dict[Kind, float]:
        """How likely each kind is when the word of both counts; they add up to 1."""
        weights = {
            kind: max(likely, _LEAST) * odds if kind in named else likely
            for kind, likely in self._model.probabilities(text).items()
        }
        total = sum(weights.values())
        return {kind: weight / total for kind, weight in weights.items()}


def _backed(named: frozenset[Kind], weights: dict[Kind, float]) -> frozenset[Kind]:
    """The kinds that the lexicon named, without weightier ones that the model holds much less likely."""
    likeliest = max(named, key=lambda kind: (weights[kind], kind))
    given_way = {kind for kind in _weightier(likeliest) if weights.get(kind, 0) * _MUCH_LIKELIER < weights[likeliest]}
    return named - given_way


def _weightier(than: Kind) -> frozenset[Kind]:
    return frozenset(KINDS[: KINDS.index(than)])


def _prevailing(rival: Kind, confidence: float, said: Verdict, *, contradicts: bool) -> Verdict:
    """The model's kind, if it is likely enough to stand against what was said; else both voices."""
    settled = _SETTLED_BETWEEN_TWO if said.two_voices else _SETTLED
    if confidence < settled and (contradicts or said.two_voices or rival in SAFEGUARDED):
        return Verdict(said.kinds, min(said.confidence, _rounded(1 - confidence)), two_voices=True)
    return Verdict(frozenset({rival}), confidence)


def _rounded(confidence: float) -> float:
    return min(round(confidence, 3), _SURE)
