"""Who may end what: the layers of a policy while its rules are read.

The centre stands above the agency with its baseline, the agency above its units, and units beside each other. A rule's
``stop`` binds its own layer and those below; a unit's silence does not outweigh what those above have somebody look at.
"""

from services.policy.domain.deciding.findings import SILENT, Findings, Situation
from services.policy.domain.policies import Rule
from services.policy.domain.scales import Disposition, Kind

_SEEN_TO: tuple[Disposition, ...] = ("escalate", "moderate")
_ASKING: frozenset[Kind] = frozenset({"question", "complaint", "legal", "information_request", "press"})
"""Kinds of comments that want something of the agency, however they are put."""


class Silenced:
    """Whose rules are no longer read."""

    def __init__(self) -> None:
        self._everyone = False
        self._agencies = False
        self._units: set[str | None] = set()

    def reads(self, rule: Rule) -> bool:
        if self._everyone:
            return False
        if rule.layer == "unit":
            return not self._agencies and rule.unit not in self._units
        return rule.layer == "centre" or not self._agencies

    def by(self, rule: Rule) -> None:
        if rule.layer == "centre":
            self._everyone = True
        elif rule.layer == "unit":
            self._units.add(rule.unit)
        else:
            self._agencies = True


def stops(rule: Rule, situation: Situation) -> bool:
    """Whether the rule, which holds, ends the reading for those that it binds."""
    if rule.then.stop == "unless_question":
        return _ASKING.isdisjoint(situation.seen.kinds)
    return rule.then.stop


def binds(rule: Rule, other: Rule) -> bool:
    """Whether ``rule`` ends the reading for ``other`` where it holds, is read before it and has a ``stop``."""
    if rule.layer == "unit":
        return rule.unit == other.unit
    return rule.layer == "centre" or other.layer != "centre"


def fills_a_gap(rule: Rule) -> bool:
    """Whether the rule says what becomes of a comment for which nobody has a rule, which a unit's rule makes good."""
    return rule.stage == "rest" and rule.when.undecided is True


def settle(rule: Rule, findings: Findings) -> None:
    """Take the disposition of a rule that holds, if it has one. The first stands, but for a unit's silence."""
    if rule.then.disposition is None:
        return
    if rule.unit is None and rule.then.disposition in _SEEN_TO and _is_silence_of_a_unit(findings):
        findings.disposition = rule.then.disposition
    else:
        findings.settle(rule.then.disposition)


def _is_silence_of_a_unit(findings: Findings) -> bool:
    """Whether the disposition that stands is a unit's, and means that nobody looks at the comment."""
    if findings.disposition not in SILENT:
        return False
    return next((each.rule.unit for each in findings.matched if each.rule.then.disposition), None) is not None
