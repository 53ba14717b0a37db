"""Fitting an agency's model with scikit-learn, an extra (``train``) that no running service needs.

Nothing is left to chance: the examples come in an order of their own, the solver is deterministic, and one thread does
the sums, so that the same examples make the same model to the last digit that is kept.
"""

from collections import Counter
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NamedTuple

from services.policy.domain.learning.examples import Example
from services.policy.domain.learning.linear_model import LinearModel, features_of
from services.policy.domain.scales import KINDS, Kind
from services.policy.domain.triage.phrases import normalised

_FEWEST_TEXTS, _MOST_FEATURES = 2, 20_000
"""A feature of one text only says nothing about others, and such would make most of the model."""

_BELIEF = 100.0
"""How far the examples are believed against the assumption that no word means anything (scikit-learn's ``C``)."""

_CLOSE_ENOUGH = 3e-3
"""Where the solver stops; going on takes much longer and hardly sorts another unseen comment rightly."""


class NotInstalled(RuntimeError):
    """Training needs scikit-learn; install parley with its extra `train`."""

    def __init__(self) -> None:
        super().__init__(type(self).__doc__)


class Fitted(NamedTuple):
    """What scikit-learn made: the estimator, and the bucket that each of its columns stands for."""

    estimator: Any
    buckets: list[int]


def require_installed() -> None:
    """Raises NotInstalled."""
    try:
        import_module("sklearn.linear_model")
    except ImportError:
        raise NotInstalled from None


def train(examples: Sequence[Example]) -> LinearModel:
    """The model that fits weighted examples of two kinds or more. Raises NotInstalled."""
    require_installed()
    return model_of(fit(examples)).rounded()


def fit(examples: Sequence[Example]) -> Fitted:
    """A multinomial logistic regression over the features of the examples."""
    from sklearn.linear_model import LogisticRegression

    one_thread = import_module("threadpoolctl").threadpool_limits(1)
    texts = [features_of(normalised(example.text)) for example in examples]
    seen = Counter(bucket for features in texts for bucket in features)
    commonest = sorted((-times, bucket) for bucket, times in seen.items() if times >= _FEWEST_TEXTS)
    buckets = sorted(bucket for _, bucket in commonest[:_MOST_FEATURES])
    estimator = LogisticRegression(C=_BELIEF, tol=_CLOSE_ENOUGH, max_iter=1000, random_state=0)
    with one_thread:
        estimator.fit(
            matrix_of(texts, buckets),
            [example.kind for example in examples],
            sample_weight=[example.weight for example in examples],
        )
    return Fitted(estimator, buckets)


def matrix_of(texts: Sequence[dict[int, float]], buckets: Sequence[int]) -> Any:
    """Features as scikit-learn reads them: a row for each text, a column for each bucket."""
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
            for column, bucket in enumerate(fitted.buckets)
        },
    )
