"""A classifier that has learned: the one before it says what it found, a model how likely that is.

The lexicon comes first, then the model that all agencies begin with, then the agency's own. Each kind that the one
before names counts by the odds of its confidence (0.9 makes it nine times as likely), and what comes out is the
confidence. So agreement makes surer, disagreement less sure, and a model prevails only where it is much surer. What was
found for the safety of people or by law is never weighed: no model takes it away. Danger is heard sooner than the rest:
one that is missed is worse than one too many.
"""

from collections.abc import Mapping

from services.policy.domain.learning.linear_model import LinearModel
from services.policy.domain.scales import KINDS, Kind
from services.policy.domain.triage.classification import Classifier, Cues, Verdict

SAFEGUARDED: frozenset[Kind] = frozenset(
    {"emergency", "threat", "private_data", "spam", "abuse", "legal", "information_request", "press"}
)
"""Kinds with duties of safety, law or house rules: once found, they stand."""

_NOTHING_FOUND: frozenset[Kind] = frozenset({"other"})
_LEAST = 0.01
"""What the model must think at least of a kind that was named before: it has not seen everything."""

_SURE = 0.99
"""Nobody is surer."""

_SETTLED, _SETTLED_BETWEEN_TWO = 0.7, 0.9
"""How likely a kind must be to prevail over the one named, and where two voices were heard."""

_GRAVE: dict[Kind, float] = {"emergency": 0.9, "threat": 0.55}
"""How likely these must be together for the likelier to count, whatever else was found. Much that is reported to an
office in haste reads like an emergency, hardly anything like a threat."""
_GRAVE_IN_SPITE = 0.9
"""The same where something else was found."""

_PERHAPS_GRAVE = 0.55
"""From here on a person is to look."""

_MUCH_LIKELIER = 4
"""A weightier kind gives way to a lighter one that is so many times as likely."""


class Learned:
    """A classifier and a model together. ``version`` is that of the model."""

    def __init__(self, before: Classifier, model: LinearModel, version: str) -> None:
        self.version = version
        self._before = before
        self._model = model
        self._known = frozenset(model.kinds)

    def classify(self, cues: Cues) -> Verdict:
        """The verdict of the one before, weighed by the model wherever it may."""
        said = self._before.classify(cues)
        named = said.kinds - _NOTHING_FOUND
        if not named.isdisjoint(_GRAVE):
            return said
        likely = self._model.probabilities(cues.text)
        weights = _weighed(likely, named & self._known, said.confidence / (1 - said.confidence))
        danger = {kind: weights[kind] for kind in _GRAVE if kind in self._known}
        gravest = max(danger, key=danger.__getitem__, default=None)
        if gravest and sum(danger.values()) >= (_GRAVE_IN_SPITE if named else _GRAVE[gravest]):
            return Verdict(named | {gravest}, _rounded(sum(danger.values())))
        if not named.isdisjoint(SAFEGUARDED) or not named <= self._known:
            return said
        if sum(danger.values()) >= _PERHAPS_GRAVE:
            return Verdict(said.kinds, min(said.confidence, _rounded(1 - sum(danger.values()))), two_voices=True)
        backed = sum(weights[kind] for kind in named)
        rival = max((kind for kind in weights if kind not in named), key=lambda kind: weights[kind], default=None)
        if rival is None or backed >= weights[rival]:
            return Verdict(_backed(named, weights), _rounded(backed), said.two_voices)
        return _prevailing(rival, _rounded(weights[rival]), said, contradicts=bool(named))


def _weighed(likely: Mapping[Kind, float], named: frozenset[Kind], odds: float) -> dict[Kind, float]:
    """How likely each kind is when the word of both counts; they add up to 1."""
    weights = {kind: max(share, _LEAST) * odds if kind in named else share for kind, share in likely.items()}
    total = sum(weights.values())
    return {kind: weight / total for kind, weight in weights.items()}


def _backed(named: frozenset[Kind], weights: dict[Kind, float]) -> frozenset[Kind]:
    """The kinds that were named, without weightier ones that the model holds much less likely."""
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
