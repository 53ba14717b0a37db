"""Rules that hold together and contradict each other: one wants an answer, the other silence.

The first disposition stands, and a rule on conflicts may bring in a person; where there is none, whichever is read
first wins without anybody having meant it.
"""

from collections.abc import Iterator
from itertools import islice

from services.policy.domain.deciding.findings import SILENT
from services.policy.domain.deciding.layers import binds
from services.policy.domain.lint.contradictions import contradiction
from services.policy.domain.lint.holes import Hole, Severity, hole
from services.policy.domain.policies import Policy, Rule
from services.policy.domain.witnesses.witnesses import Witness, Witnesses

_TRIED = 20
"""Later rules that are tried with an earlier one."""


def holes(witnesses: Witnesses) -> Iterator[Hole]:
    """One hole for each rule that a later one contradicts, with the first that was found to do so."""
    policy = witnesses.policy
    resolving = {rule.id for rule in policy.rules if rule.when.conflict}
    for place, rule in enumerate(policy.rules):
        if rule.id in resolving or _sign(rule) is None or contradiction(rule):
            continue
        later = (other for other in policy.rules[place + 1 :] if _may_contradict(rule, other, resolving))
        for other in islice(later, _TRIED):
            found = witnesses.meeting(rule, other)
            if found is not None and not _is_the_baselines(rule, other, found, policy):
                yield _found(rule, other, found, resolving)
                break


def _sign(rule: Rule) -> bool | None:
    """Whether the rule wants silence; None where it wants neither silence nor an answer at once."""
    disposition = rule.then.disposition
    return None if disposition in (None, "moderate", "escalate") else disposition in SILENT


def _may_contradict(rule: Rule, other: Rule, resolving: set[str]) -> bool:
    if other.id in resolving or _sign(other) in (None, _sign(rule)) or other.when.undecided:
        return False
    return not (rule.then.stop is True and binds(rule, other))


def _is_the_baselines(rule: Rule, other: Rule, witness: Witness, policy: Policy) -> bool:
    """Whether the baseline contradicts itself and ends that itself: it means to."""
    resolving = [each for each in policy.rules if each.when.conflict and witness.meets(each)]
    return bool(resolving) and {each.layer for each in (rule, other, *resolving)} == {"baseline"}


def _found(rule: Rule, other: Rule, witness: Witness, resolving: set[str]) -> Hole:
    severity: Severity = "warning" if resolving & set(witness.decision.rules) else "error"
    sentence = (
        f"{rule.id} wants {rule.then.disposition} and {other.id} wants {other.then.disposition}; "
        f"together they come to {witness.decision.disposition}"
    )
    return hole("conflicting-dispositions", severity, f"rules.{other.id}", sentence, witness)
