"""Kinds of comment for which nobody has written a rule."""

from collections.abc import Iterator

from services.policy.domain.deciding.layers import fills_a_gap
from services.policy.domain.lint.holes import Hole, hole
from services.policy.domain.policies import Policy
from services.policy.domain.scales import KINDS
from services.policy.domain.witnesses.witnesses import Witness, Witnesses


def holes(witnesses: Witnesses) -> Iterator[Hole]:
    """One hole for each kind whose comments meet no rule but the one for what nothing fits, if any."""
    policy = witnesses.policy
    known = {words.kind for words in policy.kinds}
    for kind in KINDS:
        if kind not in known:
            continue
        made = witnesses.made(kinds=(kind,))
        found = next((each for each in made if each.decision.kind == kind), None)
        if found is not None and _falls_through(found, policy):
            sentence = f"a comment that is a matter of {kind.replace('_', ' ')} and nothing else meets no rule"
            yield hole("kind-without-rule", "warning", f"kinds.{kind}", sentence, found)


def _falls_through(witness: Witness, policy: Policy) -> bool:
    met = set(witness.decision.rules)
    return not any(rule.then.disposition and not fills_a_gap(rule) for rule in policy.rules if rule.id in met)
