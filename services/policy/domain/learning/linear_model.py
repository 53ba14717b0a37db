"""A linear model of comments' kinds, applied: words in, a probability for each kind out.

Multinomial logistic regression over two families of hashed features: words with their pairs, and parts of words,
which serve Sinhala and Tamil endings as well as misspellings. A feature counts by its rarity among the texts that were
learned from, and each family weighs as much as the other, however long the text is. Training needs scikit-learn and
happens elsewhere; applying needs a dictionary. What a word contributes is known once it has been met, so a comment
costs little more than looking up its words. Sums are taken in the order of the text, so that the same text always has
the same score.
"""

import base64
import hashlib
import json
import math
import sys
import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, Self

from services.policy.domain.scales import KINDS, Kind

SCHEME = 2
"""How features are made. A model of another scheme would read another text; it is refused."""

BUCKETS = 1 << 20
HUNDREDTHS = 100
"""In which weights are kept: by them probabilities move by no more than some thousandths."""

_WORTH_READING = 1000
_LONGEST_WORD = 24
_SHORTEST_PART, _LONGEST_PART = 3, 5
_WORD, _PAIR, _PART = 1, 2, 3
_MOST_WORDS_KEPT = 10_000
_MOST_BYTES = 64 << 20
_COLDEST, _HOTTEST = 0.01, 100.0

_PACKED = {"bias": "i", "buckets": "I", "rarities": "i", "weights": "i"}
"""The parts of a model that are long rows of integers, four bytes each."""

_MARKS: dict[int, str] = {
    **{ord(mark): " " for mark in "\"#$%&'()*+,-./:;<=>@[\\]^_`{|}~…–—•“”‘’«»।"},
    **{ord(mark): f" {mark} " for mark in "?!"},
    **{ord(digit): "0" for digit in "123456789"},
}


class BadModel(ValueError):
    """What was read is no model that can be applied."""


class Families(NamedTuple):
    """The features of a text by bucket, with how often each stands there."""

    words: Counter[int]
    parts: Counter[int]


class _Weighed(NamedTuple):
    """What features of one family come to: the squares of their rarities, and what they add to each kind."""

    squares: float
    adds: tuple[float, ...]


class _Met(NamedTuple):
    """A word that was met; None where none of the features is known."""

    word: _Weighed | None
    parts: _Weighed | None


def words_of(text: str) -> list[str]:
    """The words of a normalised text; ``?`` and ``!`` are words, and a number is known by its length only."""
    return text[:_WORTH_READING].translate(_MARKS).split()


def families_of(text: str) -> Families:
    """The features of a normalised text."""
    words = words_of(text)
    named = Counter(_bucket(word, _WORD) for word in words)
    named.update(_pair(one, other) for one, other in pairwise(words))
    return Families(named, Counter(bucket for word in words for bucket in _parts(word)))


def values_of(families: Families, rarities: Mapping[int, float]) -> dict[int, float]:
    """What the known features of a text count for, as training must see them."""
    values: dict[int, float] = {}
    for family in families:
        known = [(bucket, count, rarities[bucket]) for bucket, count in family.items() if bucket in rarities]
        length = math.sqrt(math.fsum(count * rarity * rarity for _, count, rarity in known))
        for bucket, count, rarity in known:
            values[bucket] = values.get(bucket, 0.0) + count * rarity / length
    return values


class Numbers(NamedTuple):
    """What a model is made of, a weight for each bucket and kind in one row; numbers are in hundredths."""

    kinds: tuple[Kind, ...]
    temperature: float
    bias: "array[int]"
    buckets: "array[int]"
    rarities: "array[int]"
    weights: "array[int]"

    def check(self) -> None:
        """Raises BadModel where they do not fit together."""
        if not self.kinds or len(set(self.kinds)) < len(self.kinds) or not set(self.kinds) <= set(KINDS):
            raise BadModel("the model speaks of kinds that comments are not of")
        rows = len(self.buckets)
        if (len(self.bias), len(self.rarities), len(self.weights)) != (len(self.kinds), rows, rows * len(self.kinds)):
            raise BadModel("the model has not one weight for each kind")
        if not all(rarity > 0 for rarity in self.rarities):
            raise BadModel("the model counts features for nothing")
        if not _COLDEST <= self.temperature <= _HOTTEST:
            raise BadModel(f"the model's temperature is not between {_COLDEST} and {_HOTTEST}")


class LinearModel:
    """``weights`` are by bucket, one for each of ``kinds``, ``rarities`` by the same buckets; all are kept in whole
    hundredths. ``temperature`` makes probabilities as sure as they may be: scores are divided by it. Safe to share:
    what it keeps of words met does not change what it says."""

    def __init__(
        self,
        kinds: Sequence[Kind],
        bias: Sequence[float],
        weights: Mapping[int, Sequence[float]],
        rarities: Mapping[int, float],
        temperature: float = 1.0,
    ) -> None:
        buckets = sorted(weights)
        self._hold(
            Numbers(
                tuple(kinds),
                temperature,
                _hundredths(bias),
                array("I", buckets),
                _hundredths(rarities[bucket] for bucket in buckets),
                _hundredths(weight for bucket in buckets for weight in weights[bucket]),
            )
        )

    def _hold(self, numbers: Numbers) -> None:
        self.kinds, self.temperature = numbers.kinds, numbers.temperature
        self._numbers = numbers
        self._bias = tuple([each / HUNDREDTHS for each in numbers.bias])
        self._rows = {bucket: row for row, bucket in enumerate(numbers.buckets)}
        self._met: dict[str, _Met] = {}

    def probabilities(self, text: str) -> dict[Kind, float]:
        """How likely each kind is that the model knows; they add up to 1."""
        heated = [score / self.temperature for score in self.scores(text)]
        highest = max(heated)
        odds = [math.exp(score - highest) for score in heated]
        total = sum(odds)
        return {kind: each / total for kind, each in zip(self.kinds, odds, strict=True)}

    def scores(self, text: str) -> list[float]:
        """The score of each of ``kinds`` for a normalised text, before the temperature."""
        words = words_of(text)
        met = [self._met.get(word) or self._meet(word) for word in words]
        pairs = self._each(_pair(one, other) for one, other in pairwise(words))
        scores = [self._bias]
        for family in ([*(each.word for each in met), *pairs], [each.parts for each in met]):
            known = [each for each in family if each is not None]
            if known:
                length = math.sqrt(sum([each.squares for each in known]))
                scores.append(tuple([total / length for total in _summed([each.adds for each in known])]))
        return _summed(scores)

    def at(self, temperature: float) -> Self:
        """The same model, as sure as this temperature makes it."""
        return self._of(self._numbers._replace(temperature=temperature))

    def as_json(self) -> dict[str, Any]:
        """The model as it is stored, fit for JSON: its numbers are base64 of zlib of little-endian integers."""
        numbers = self._numbers
        return {
            "scheme": SCHEME,
            "kinds": list(numbers.kinds),
            "temperature": numbers.temperature,
            **{name: _packed(getattr(numbers, name)) for name in _PACKED},
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """The model that ``as_json`` wrote. Raises BadModel."""
        try:
            if stored["scheme"] != SCHEME:
                raise BadModel(f"the model is of scheme {stored['scheme']}, not {SCHEME}")
            packed = [_unpacked(stored[name], code) for name, code in _PACKED.items()]
            numbers = Numbers(tuple(stored["kinds"]), float(stored["temperature"]), *packed)
            numbers.check()
        except BadModel:
            raise
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, zlib.error) as error:
            raise BadModel(f"the model cannot be read: {error}") from None
        return cls._of(numbers)

    @property
    def digest(self) -> str:
        """SHA-256 (hex) of the model in canonical JSON."""
        return hashlib.sha256(json.dumps(self.as_json(), sort_keys=True).encode()).hexdigest()

    @property
    def features(self) -> int:
        """How many features it knows."""
        return len(self._rows)

    @classmethod
    def _of(cls, numbers: Numbers) -> Self:
        model = cls.__new__(cls)
        model._hold(numbers)
        return model

    def _meet(self, word: str) -> _Met:
        if len(self._met) >= _MOST_WORDS_KEPT:
            self._met.clear()
        word_itself = next(self._each([_bucket(word, _WORD)]), None)
        self._met[word] = met = _Met(word_itself, _together(list(self._each(_parts(word)))))
        return met

    def _each(self, buckets: Iterable[int]) -> Iterator[_Weighed]:
        for bucket in buckets:
            if (row := self._rows.get(bucket)) is not None:
                rarity = self._numbers.rarities[row] / HUNDREDTHS
                first = row * len(self.kinds)
                weights = self._numbers.weights[first : first + len(self.kinds)]
                yield _Weighed(rarity * rarity, tuple([rarity * weight / HUNDREDTHS for weight in weights]))


def _together(known: Sequence[_Weighed]) -> _Weighed | None:
    if not known:
        return None
    return _Weighed(sum([each.squares for each in known]), tuple(_summed([each.adds for each in known])))


def _summed(rows: Sequence[tuple[float, ...]]) -> list[float]:
    return [sum(column) for column in zip(*rows, strict=True)]


def _parts(word: str) -> Iterator[int]:
    """The buckets of a word's parts, which know where the word begins and ends."""
    bounded = f"<{word[:_LONGEST_WORD]}>"
    for length in range(_SHORTEST_PART, _LONGEST_PART + 1):
        for start in range(len(bounded) - length + 1):
            yield _bucket(bounded[start : start + length], _PART)


def _pair(one: str, other: str) -> int:
    return _bucket(f"{one} {other}", _PAIR)


def _bucket(feature: str, family: int) -> int:
    return zlib.crc32(feature.encode("utf-8", "surrogatepass"), family) % BUCKETS


def _hundredths(numbers: Iterable[float]) -> "array[int]":
    return array("i", [round(number * HUNDREDTHS) for number in numbers])


def _packed(numbers: "array[int]") -> str:
    return base64.b64encode(zlib.compress(_little_endian(numbers).tobytes(), level=9)).decode("ascii")


def _unpacked(packed: str, code: str) -> "array[int]":
    content = zlib.decompressobj()
    numbers = array(code)
    numbers.frombytes(content.decompress(base64.b64decode(packed, validate=True), _MOST_BYTES))
    if content.unconsumed_tail:
        raise BadModel("the model is larger than any that was trained")
    return _little_endian(numbers)


def _little_endian(numbers: "array[int]") -> "array[int]":
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers
