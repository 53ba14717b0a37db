"""Fitting an agency's model with scikit-learn, an extra (``train``) that no running service needs.

Nothing is left to chance: the examples come in an order of their own, the solver is deterministic, and one thread does
the sums, so that the same examples make the same model to the last digit that is kept.
"""

import math
from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple

from services.policy.domain.learning.examples import Example
from services.policy.domain.learning.linear_model import LinearModel, families_of, values_of
from services.policy.domain.scales import KINDS, Kind
from services.policy.domain.triage.phrases import normalised

_FEWEST_TEXTS, _MOST_FEATURES = 2, 80_000
"""A feature of one text only says nothing about others, and such would make most of the model."""

_BELIEF = 10.0
"""How far the examples are believed against the assumption that no word means anything (scikit-learn's ``C``)."""

_CLOSE_ENOUGH = 3e-3
"""Where the solver stops; going on takes much longer and hardly sorts another unseen comment rightly."""


class NotInstalled(RuntimeError):
    """Training needs scikit-learn; install parley with its extra `train`."""

    def __init__(self) -> None:
        super().__init__(type(self).__doc__)


class Fitted(NamedTuple):
    """What scikit-learn made: the estimator, and for each of its columns the bucket with the rarity."""

    estimator: Any
    rarities: dict[int, float]


def require_installed() -> None:
    """Raises NotInstalled."""
    try:
        import_module("sklearn.linear_model")
    except ImportError:
        raise NotInstalled from None


def train(examples: Sequence[Example]) -> LinearModel:
    """The model that fits weighted examples of two kinds or more. Raises NotInstalled."""
    require_installed()
    return model_of(fit(examples))


def fit(examples: Sequence[Example]) -> Fitted:
    """A multinomial logistic regression over the features of the examples."""
    from sklearn.linear_model import LogisticRegression

    one_thread = import_module("threadpoolctl").threadpool_limits(1)
    texts = [families_of(normalised(example.text)) for example in examples]
    seen = Counter(bucket for text in texts for bucket in text.words.keys() | text.parts.keys())
    commonest = sorted((-times, bucket) for bucket, times in seen.items() if times >= _FEWEST_TEXTS)
    kept = sorted(bucket for _, bucket in commonest[:_MOST_FEATURES])
    rarities = {bucket: _rarity(seen[bucket], len(texts)) for bucket in kept}
    estimator = LogisticRegression(C=_BELIEF, tol=_CLOSE_ENOUGH, max_iter=1000, random_state=0)
    with one_thread:
        estimator.fit(
            matrix_of([values_of(text, rarities) for text in texts], list(rarities)),
            [example.kind for example in examples],
            sample_weight=[example.weight for example in examples],
        )
    return Fitted(estimator, rarities)


def _rarity(texts: int, of: int) -> float:
    """How much a feature counts that stands in so many of all texts (smoothed inverse document frequency)."""
    return round(1 + math.log((1 + of) / (1 + texts)), 3)


def matrix_of(texts: Sequence[dict[int, float]], buckets: Sequence[int]) -> Any:
    """Values as scikit-learn reads them: a row for each text, a column for each bucket."""
    from scipy.sparse import csr_matrix

    columns = {bucket: column for column, bucket in enumerate(buckets)}
    cells = [
        (row, columns[bucket], value)
        for row, features in enumerate(texts)
        for bucket, value in sorted(features.items())
        if bucket in columns
    ]
    rows, places, values = zip(*cells, strict=True) if cells else ((), (), ())
    return csr_matrix((values, (rows, places)), shape=(len(texts), len(buckets)), dtype=float)


def model_of(fitted: Fitted) -> LinearModel:
    """The same regression without scikit-learn."""
    estimator = fitted.estimator
    found: list[Kind] = list(estimator.classes_)
    kinds = [kind for kind in KINDS if kind in found]
    order = [found.index(kind) for kind in kinds]
    coefficients, intercepts = estimator.coef_, estimator.intercept_
    if len(found) == 2:  # of two kinds, scikit-learn keeps the weights of the second only
        coefficients = [-coefficients[0] / 2, coefficients[0] / 2]
        intercepts = [-intercepts[0] / 2, intercepts[0] / 2]
    return LinearModel(
        kinds,
        [float(intercepts[place]) for place in order],
        {
            bucket: [float(coefficients[place][column]) for place in order]
            for column, bucket in enumerate(fitted.rarities)
        },
        fitted.rarities,
    )
