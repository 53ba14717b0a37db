"""Making probabilities mean what they say: of the comments that a model is 80 % sure of, 80 % shall be so.

A model trained on few examples is surer or less sure than it may be. One number, the temperature that its scores are
divided by, puts most of that right (Guo et al., On Calibration of Modern Neural Networks, 2017). It is found on
comments that the model has not seen, where it makes the true kinds as likely as it can.
"""

import math
from collections.abc import Callable, Sequence

_COLDEST, _HOTTEST = 0.1, 10.0
_STEPS = 40
_GOLDEN = (math.sqrt(5) - 1) / 2
DECIMALS = 4


def temperature_for(scored: Sequence[tuple[Sequence[float], int]]) -> float:
    """The best temperature for ``scored``: the scores of each comment, and the place of its true kind among them."""
    if not scored:
        return 1.0

    def surprise(logarithm: float) -> float:
        temperature = math.exp(logarithm)
        return math.fsum(_surprise([each / temperature for each in scores], true) for scores, true in scored)

    return round(math.exp(_lowest(surprise, math.log(_COLDEST), math.log(_HOTTEST))), DECIMALS)


def _surprise(scores: Sequence[float], true: int) -> float:
    """How unlikely the true kind was held: minus the logarithm of its probability."""
    highest = max(scores)
    return highest + math.log(math.fsum(math.exp(each - highest) for each in scores)) - scores[true]


def _lowest(of: Callable[[float], float], left: float, right: float) -> float:
    """Where a function with one valley is lowest between two places: golden-section search."""
    near, far = right - _GOLDEN * (right - left), left + _GOLDEN * (right - left)
    at_near, at_far = of(near), of(far)
    for _ in range(_STEPS):
        if at_near < at_far:
            right, far, at_far = far, near, at_near
            near = right - _GOLDEN * (right - left)
            at_near = of(near)
        else:
            left, near, at_near = near, far, at_far
            far = left + _GOLDEN * (right - left)
            at_far = of(far)
    return (left + right) / 2
