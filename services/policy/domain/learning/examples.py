"""What a classifier learns from: texts with the kind that a person gave them, and the policy's own phrases beside them.

Corrections alone would teach that the lexicon is always wrong, because only what was wrong is corrected. Comments that
officers answered without correcting them stand for what was right, the policy's phrases for what it has always known;
both count for less than a correction.
"""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from services.policy.domain.policies import Policy
from services.policy.domain.scales import Kind
from services.policy.domain.triage.phrases import normalised

Source = Literal["corrected", "answered", "phrase"]

_WEIGHTS: dict[Source, float] = {"corrected": 1.0, "answered": 0.5, "phrase": 0.25}


@dataclass(frozen=True, slots=True)
class Example:
    """A text of a kind. ``source``: a person's correction, a comment answered as it was sorted, a policy's phrase."""

    text: str
    kind: Kind
    source: Source = "corrected"

    @property
    def weight(self) -> float:
        """How much it counts in training."""
        return _WEIGHTS[self.source]


def one_of_each(examples: Iterable[Example]) -> list[Example]:
    """Each text once, in an order that does not depend on how they came. A correction stands before an answer; among
    equals the later example does."""
    found: dict[str, Example] = {}
    for example in examples:
        text = normalised(example.text)
        known = found.get(text)
        if text and (known is None or known.weight <= example.weight):
            found[text] = example
    return [found[text] for text in sorted(found, key=lambda text: (found[text].kind, _shuffled(text)))]


def phrases_of(policy: Policy) -> list[Example]:
    """The words by which a policy knows its kinds, as weak examples."""
    return one_of_each(_phrases(policy))


def folds_of(examples: Sequence[Example], count: int) -> list[list[Example]]:
    """``examples`` (as ``one_of_each`` orders them) dealt out in turn, so that each fold has its share of each kind."""
    return [list(examples[place::count]) for place in range(count)]


def _phrases(policy: Policy) -> Iterator[Example]:
    for words in policy.kinds:
        for phrases in (*words.phrases.values(), *words.alone.values()):
            yield from (Example(phrase.rstrip("*"), words.kind, "phrase") for phrase in phrases)


def _shuffled(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
