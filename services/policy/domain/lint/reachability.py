"""Rules that no comment comes to: contradicting themselves, silenced by an earlier rule, or waiting for what is not.

A rule is reached if a comment is found that it decides on. The baseline's rules wait for what an agency may yet
bring (a period, a topic under embargo), so of these only what another rule silences is a hole.
"""

from collections.abc import Iterator

from services.policy.domain.deciding.layers import binds
from services.policy.domain.lint.contradictions import contradiction
from services.policy.domain.lint.holes import Hole, Severity, hole
from services.policy.domain.lint.implication import holds_whenever
from services.policy.domain.policies import Policy, Rule
from services.policy.domain.witnesses.witnesses import Witness, Witnesses

_OF_FINDINGS = {"undecided", "line_fits", "sensitivity_at_most", "damage_at_most"}
"""Conditions that held when an earlier rule was read, and no longer do once it has found something."""


def holes(witnesses: Witnesses) -> Iterator[Hole]:
    """One hole for each rule that is not reached, and why."""
    for rule in witnesses.policy.rules:
        if rule.when.conflict or witnesses.meeting(rule) is not None:
            continue
        if found := _why(rule, witnesses):
            yield found


def _why(rule: Rule, witnesses: Witnesses) -> Hole | None:
    path = f"rules.{rule.id}"
    if sentence := contradiction(rule):
        return hole("rule-never-reached", "warning", f"{path}.when", sentence)
    waits = rule.layer in ("baseline", "centre")
    if unmet := witnesses.unmet(rule):
        sentence = "nothing in the policy can meet this"
        return None if waits else hole("rule-never-reached", "warning", f"{path}.when.{unmet[0]}", sentence)
    if silencer := _silencer(rule, witnesses.policy):
        return _silenced(rule, silencer, witnesses)
    return None if waits else hole("rule-never-reached", "warning", path, "no comment was found that meets it")


def _silencer(rule: Rule, policy: Policy) -> Rule | None:
    """The first rule that is read before ``rule``, holds whenever it does, and ends the reading for it."""
    for other in policy.rules:
        if other.id == rule.id:
            return None
        if _ends(other, rule) and binds(other, rule) and holds_whenever(other, rule, policy):
            return other
    return None


def _ends(other: Rule, rule: Rule) -> bool:
    return other.then.stop is True or (other.then.stop == "unless_question" and "question" in rule.when.not_kind)


def _silenced(rule: Rule, silencer: Rule, witnesses: Witnesses) -> Hole:
    """With a comment that meets the rule and comes to the one before it only. To silence the baseline is permitted."""

    def shows(each: Witness) -> bool:
        if rule.id in each.decision.rules or silencer.id not in each.decision.rules:
            return False
        trace = witnesses.in_force.trace(each.comment, each.history, each.now)
        return any(step["id"] == rule.id and set(step["missing"]) <= _OF_FINDINGS for step in trace)

    found = witnesses.find(shows, rules=(rule,))
    severity: Severity = "error" if found and rule.layer != "baseline" else "warning"
    sentence = f"{silencer.id} holds whenever this does, comes before it and ends the reading"
    return hole("rule-never-reached", severity, f"rules.{rule.id}", sentence, found)
