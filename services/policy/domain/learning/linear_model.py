"""A linear model of comments' kinds, applied: words in, a probability for each kind out.

Multinomial logistic regression over hashed words, pairs of words and parts of words, which serve Sinhala and Tamil
endings as well as misspellings. Training needs scikit-learn and happens elsewhere; applying needs a dictionary. What a
word contributes is known once it has been met, so a comment costs little more than looking up its words. Sums are
rounded once (``fsum``): in whatever order they are taken, the same text has the same score.
"""

import hashlib
import json
import math
import operator
import zlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple, Self

from services.policy.domain.scales import KINDS, Kind

SCHEME = 1
"""How features are made. A model of another scheme would read another text; it is refused."""

BUCKETS = 1 << 18
THOUSANDTHS = 1000
"""In which weights are kept: by them probabilities move by no more than some ten-thousandths."""

_WORTH_READING = 1000
_LONGEST_WORD = 24
_SHORTEST_PART, _LONGEST_PART = 3, 5
_WORD, _PAIR, _PART = 1, 2, 3
_MOST_WORDS_KEPT = 10_000

_MARKS: dict[int, str] = {
    **{ord(mark): " " for mark in "\"#$%&'()*+,-./:;<=>@[\\]^_`{|}~…–—•“”‘’«»।"},
    **{ord(mark): f" {mark} " for mark in "?!"},
    **{ord(digit): "0" for digit in "123456789"},
}


class BadModel(ValueError):
    """What was read is no model that can be applied."""


class _Met(NamedTuple):
    """A word that was met: how many features it has, and what they add to each kind (None: nothing)."""

    features: int
    adds: tuple[float, ...] | None


def words_of(text: str) -> list[str]:
    """The words of a normalised text; ``?`` and ``!`` are words, and a number is known by its length only."""
    return text[:_WORTH_READING].translate(_MARKS).split()


def features_of(text: str) -> dict[int, float]:
    """The features of a normalised text by bucket, as training must see them; longer texts weigh no more."""
    words = words_of(text)
    counts = Counter(bucket for word in words for bucket in _of_word(word))
    counts.update(_pair(one, other) for one, other in pairwise(words))
    length = math.sqrt(counts.total())
    return {bucket: count / length for bucket, count in counts.items()}


class LinearModel:
    """``weights`` are by bucket, one for each of ``kinds``; ``temperature`` makes probabilities as sure as they may
    be: scores are divided by it. Safe to share: what it keeps of words met does not change what it says."""

    def __init__(
        self,
        kinds: Sequence[Kind],
        bias: Sequence[float],
        weights: Mapping[int, Sequence[float]],
        temperature: float = 1.0,
    ) -> None:
        self.kinds = tuple(kinds)
        self.temperature = temperature
        self._bias = tuple(bias)
        self._weights = {bucket: tuple(each) for bucket, each in weights.items()}
        self._met: dict[str, _Met] = {}

    def probabilities(self, text: str) -> dict[Kind, float]:
        """How likely each kind is that the model knows; they add up to 1."""
        heated = [score / self.temperature for score in self.scores(text)]
        highest = max(heated)
        odds = [math.exp(score - highest) for score in heated]
        total = math.fsum(odds)
        return {kind: each / total for kind, each in zip(self.kinds, odds, strict=True)}

    def scores(self, text: str) -> list[float]:
        """The score of each of ``kinds`` for a normalised text, before the temperature."""
        words = words_of(text)
        met = [self._met.get(word) or self._meet(word) for word in words]
        count = sum(each.features for each in met) + max(len(words) - 1, 0)
        adds = [each.adds for each in met if each.adds is not None]
        adds += self._adds(_pair(one, other) for one, other in pairwise(words))
        if not adds:
            return list(self._bias)
        length = math.sqrt(count)
        return [
            bias + math.fsum(column) / length for bias, column in zip(self._bias, zip(*adds, strict=True), strict=True)
        ]

    def at(self, temperature: float) -> Self:
        """The same model, as sure as this temperature makes it."""
        return type(self)(self.kinds, self._bias, self._weights, temperature)

    def rounded(self) -> Self:
        """The same model in whole thousandths, as it is kept."""
        weights = {bucket: _of_thousandths(_thousandths(each)) for bucket, each in self._weights.items()}
        return type(self)(self.kinds, _of_thousandths(_thousandths(self._bias)), weights, self.temperature)

    def as_json(self) -> dict[str, Any]:
        """The model as it is stored, fit for JSON; weights are in thousandths."""
        return {
            "scheme": SCHEME,
            "kinds": list(self.kinds),
            "temperature": self.temperature,
            "bias": _thousandths(self._bias),
            "weights": {str(bucket): _thousandths(self._weights[bucket]) for bucket in sorted(self._weights)},
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """The model that ``as_json`` wrote. Raises BadModel."""
        try:
            if stored["scheme"] != SCHEME:
                raise BadModel(f"the model is of scheme {stored['scheme']}, not {SCHEME}")
            model = cls(
                stored["kinds"],
                _of_thousandths(stored["bias"]),
                {int(bucket): _of_thousandths(each) for bucket, each in stored["weights"].items()},
                float(stored["temperature"]),
            )
        except BadModel:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BadModel(f"the model cannot be read: {error}") from None
        model._check()
        return model

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the model in canonical JSON."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()

    def _check(self) -> None:
        if not self.kinds or len(set(self.kinds)) < len(self.kinds) or not set(self.kinds) <= set(KINDS):
            raise BadModel("the model speaks of kinds that comments are not of")
        if any(len(each) != len(self.kinds) for each in (self._bias, *self._weights.values())):
            raise BadModel("the model has not one weight for each kind")
        if not 0 < self.temperature < math.inf:
            raise BadModel("the model's temperature is not above zero")

    def _meet(self, word: str) -> _Met:
        buckets = _of_word(word)
        known = self._adds(buckets)
        adds = tuple(math.fsum(column) for column in zip(*known, strict=True)) if known else None
        if len(self._met) >= _MOST_WORDS_KEPT:
            self._met.clear()
        self._met[word] = met = _Met(len(buckets), adds)
        return met

    def _adds(self, buckets: Iterable[int]) -> list[tuple[float, ...]]:
        return [adds for bucket in buckets if (adds := self._weights.get(bucket)) is not None]


def _of_word(word: str) -> list[int]:
    """The buckets of a word: its own, and those of its parts, which know where the word begins and ends."""
    bounded = f"<{word[:_LONGEST_WORD]}>"
    parts = [
        bounded[start : start + length]
        for length in range(_SHORTEST_PART, _LONGEST_PART + 1)
        for start in range(len(bounded) - length + 1)
    ]
    return [_bucket(word, _WORD), *(_bucket(part, _PART) for part in parts)]


def _pair(one: str, other: str) -> int:
    return _bucket(f"{one} {other}", _PAIR)


def _bucket(feature: str, family: int) -> int:
    return zlib.crc32(feature.encode("utf-8", "surrogatepass"), family) % BUCKETS


def _thousandths(weights: Iterable[float]) -> list[int]:
    return [round(weight * THOUSANDTHS) for weight in weights]


def _of_thousandths(numbers: Iterable[int]) -> list[float]:
    return [_weight(operator.index(number)) for number in numbers]


@lru_cache(maxsize=1 << 15)
def _weight(thousandths: int) -> float:
    """One and the same number wherever it stands: models are mostly made of few different ones."""
    return thousandths / THOUSANDTHS
