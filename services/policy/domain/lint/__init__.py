"""Lint: proves that a composed policy holds together, and finds its holes, each with a comment that falls into it.

A policy may be well formed and still leave a citizen without an answer: a subject for which nobody stands, a path
longer than its clock, a rule that another one silences. What is called an error is shown by a comment, decided by the
policy itself; whoever doubts it can try that comment.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.lint.authority import holes as of_authority
from services.policy.domain.lint.clocks import holes as of_clocks
from services.policy.domain.lint.conflicts import holes as of_conflicts
from services.policy.domain.lint.floor import holes as of_floor
from services.policy.domain.lint.holders import holes as of_holders
from services.policy.domain.lint.holes import CODES, Example, Hole
from services.policy.domain.lint.kinds import holes as of_kinds
from services.policy.domain.lint.owners import holes as of_owners
from services.policy.domain.lint.reachability import holes as of_reachability
from services.policy.domain.lint.shadowing import holes as of_shadowing
from services.policy.domain.policies import Policy
from services.policy.domain.triage.classification import Classifier
from services.policy.domain.witnesses.witnesses import Witnesses

__all__ = ["CODES", "Example", "Hole", "lint"]

_CHECKS: tuple[Callable[[Witnesses], Iterator[Hole]], ...] = (
    of_floor,
    of_owners,
    of_holders,
    of_clocks,
    of_conflicts,
    of_reachability,
    of_kinds,
    of_authority,
    of_shadowing,
)
_PLACES = {code: place for place, code in enumerate(CODES)}


def lint(policy: Policy, now: datetime, classifier: Classifier | None = None) -> tuple[Hole, ...]:
    """The holes of ``policy`` as posts are held at ``now``: errors first, then by code in the order of ``CODES``.

    ``classifier`` sorts the comments that prove them, as it will sort those of citizens; by default the lexicon does.
    """
    witnesses = Witnesses(PolicyInForce(policy, classifier), now)
    found = [hole for check in _CHECKS for hole in check(witnesses)]
    return tuple(sorted(found, key=lambda hole: (hole.severity, _PLACES[hole.code])))
