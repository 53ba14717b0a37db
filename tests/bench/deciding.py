"""What a decision costs, with its trace, under a policy of a thousand rules, and how little twice as many add.

Sixty comments of the labelled sample in three languages, 20 to 300 characters long, are decided over and over in this
process. Saying of what kind a comment is and in which language it is written is timed apart, on the very same
comments: while deciding, the kinds are known beforehand, and what the language costs is taken off. Times are the
thread's CPU time; both policies take turns, and each figure is that of the best round, because what else the machine
does can only slow a round down.
"""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from services.policy.adapters.common_classifier import common_classifier
from services.policy.domain.comments import Comment, History
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.triage.classification import Classifier, Cues, Verdict
from services.policy.domain.triage.languages import language_of
from services.policy.domain.triage.phrases import normalised
from shared.service import calm_garbage_collection
from tests.bench.large_policy import Size, large_policy
from tests.policy.builders import NOW
from tests.policy.labelled.sample import labelled

SIZE, TWICE = Size(1_000, 5_000), Size(2_000, 10_000)
COMMENTS = 60
SHORTEST, LONGEST = 20, 300
ROUNDS = 25
_PASSES = 4
_PLATFORMS = ("facebook", "mastodon", "whatsapp", "x", "rest")


class Deciding(NamedTuple):
    """µs of one thread a comment. ``decide`` is without ``classify`` and ``language``; ``growth`` is its ratio under
    a policy of twice the size."""

    decide: float
    growth: float
    classify: float
    language: float


class _Round(NamedTuple):
    """µs of one thread a comment."""

    decide: float
    under_twice: float
    classify: float
    language: float


def measure(rounds: int = ROUNDS) -> Deciding:
    """Decide the comments in so many rounds."""
    comments = _comments()
    texts = [comment.text for comment in comments]
    cues = _cues(PolicyInForce(large_policy(SIZE, texts)), comments)
    known = _Known(cues)
    one, twice = (PolicyInForce(large_policy(size, texts), known) for size in (SIZE, TWICE))
    with _collecting():
        measured = [_round(one, twice, comments, cues) for _ in range(1 + rounds)][1:]
    return _best(measured)


def _best(measured: list[_Round]) -> Deciding:
    decide, under_twice, classify, language = (min(each) for each in zip(*measured, strict=True))
    return Deciding(decide, under_twice / decide, classify, language)


def _round(one: PolicyInForce, twice: PolicyInForce, comments: list[Comment], cues: list[Cues]) -> _Round:
    classifier, history = common_classifier(), History()
    classify = _us(lambda: [classifier.classify(each) for each in cues])
    pairs = list(zip(cues, comments, strict=True))
    language = _us(lambda: [language_of(cue.text, comment.language, ("en",), "en") for cue, comment in pairs])
    decide = _us(lambda: [one.decide(comment, history, NOW) for comment in comments]) - language
    under_twice = _us(lambda: [twice.decide(comment, history, NOW) for comment in comments]) - language
    return _Round(decide, under_twice, classify, language)


def _us(work: Callable[[], object]) -> float:
    began = time.thread_time_ns()
    for _ in range(_PASSES):
        work()
    return (time.thread_time_ns() - began) / 1_000 / _PASSES / COMMENTS


def _comments() -> list[Comment]:
    """Every n-th labelled comment of that length, over the platforms in turn."""
    fitting = [label for label in labelled() if SHORTEST <= len(label.text) <= LONGEST]
    chosen = fitting[:: len(fitting) // COMMENTS][:COMMENTS]
    return [
        Comment(label.text, _PLATFORMS[number % len(_PLATFORMS)], f"citizen-{number}", language=label.language)
        for number, label in enumerate(chosen)
    ]


class _Recording(Classifier):
    """Keeps what it was asked."""

    version = "recording"

    def __init__(self) -> None:
        self.asked: list[Cues] = []

    def classify(self, cues: Cues) -> Verdict:
        self.asked.append(cues)
        return common_classifier().classify(cues)


class _Known(Classifier):
    """Knows beforehand what the common classifier would say."""

    version = "known"

    def __init__(self, asked: list[Cues]) -> None:
        self._verdicts = {cues.text: common_classifier().classify(cues) for cues in asked}

    def classify(self, cues: Cues) -> Verdict:
        return self._verdicts[cues.text]


def _cues(policy: PolicyInForce, comments: list[Comment]) -> list[Cues]:
    recording = _Recording()
    recorded = PolicyInForce(policy.policy, recording)
    for comment in comments:
        recorded.sort(comment)
    assert [cues.text for cues in recording.asked] == [normalised(comment.text) for comment in comments]
    return recording.asked


@contextmanager
def _collecting() -> Iterator[None]:
    """Garbage is collected as in a service."""
    was_on, thresholds = gc.isenabled(), gc.get_threshold()
    calm_garbage_collection()
    gc.enable()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
        if not was_on:
            gc.disable()


if __name__ == "__main__":
    print(measure())
