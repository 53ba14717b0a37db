"""Subjects without an owner: a topic at a sensitivity for which nobody stands who may release it."""

from collections.abc import Iterator
from itertools import combinations, islice

from services.policy.domain.deciding.findings import Findings
from services.policy.domain.deciding.levels import needed
from services.policy.domain.lint.holes import Hole, Severity, hole
from services.policy.domain.lint.persons import Persons, Task
from services.policy.domain.policies import Policy, Topic
from services.policy.domain.scales import SENSITIVITIES, Level, Sensitivity
from services.policy.domain.witnesses.witnesses import Witness, Witnesses

_PAIRS = 5000
"""Pairs of topics that are looked at."""


def holes(witnesses: Witnesses) -> Iterator[Hole]:
    """One hole a topic, at the least sensitivity at which it has no owner, and one for topics without a common one."""
    policy, persons = witnesses.policy, Persons(witnesses.policy.officers, witnesses.now)
    owned = []
    for topic in policy.topics:
        if topic.agency not in (None, policy.agency):
            continue
        found = _without_owner(topic, witnesses, persons)
        if found is None:
            owned.append(topic)
        else:
            yield found
    if together := _without_common_owner(owned, witnesses, persons):
        yield together


def _without_owner(topic: Topic, witnesses: Witnesses, persons: Persons) -> Hole | None:
    for sensitivity in SENSITIVITIES[SENSITIVITIES.index(topic.sensitivity) :]:
        level = _level(witnesses.policy, sensitivity, topic)
        if not persons.on(level) or _has_owner((topic,), sensitivity, level, persons):
            continue
        witness = _falling_in(topic, sensitivity, witnesses, persons)
        sentence = f"{topic.id} at {sensitivity} needs {level}, and nobody who may release that stands for it"
        severity: Severity = "warning" if witness is None else "error"
        shown = witness or witnesses.meeting(topics=(topic.id,))
        return hole("subject-without-owner", severity, f"topics.{topic.id}", sentence, shown)
    return None


def _level(policy: Policy, sensitivity: Sensitivity, *topics: Topic) -> Level:
    findings = Findings(sensitivity=sensitivity)
    for topic in topics:
        findings.hurt(topic.damage)
    return needed(policy, findings, closed=[topic.closed for topic in topics if topic.closed]).level


def _has_owner(topics: tuple[Topic, ...], sensitivity: Sensitivity, level: Level, persons: Persons) -> bool:
    worst = max(topic.worst for topic in topics)
    able = persons.may_consent([topic.id for topic in topics], sensitivity, worst)
    return any(officer.level >= level for officer in able)


def _falling_in(topic: Topic, sensitivity: Sensitivity, witnesses: Witnesses, persons: Persons) -> Witness | None:
    """A comment on the topic, as sensitive as that, which nobody may release: by itself or by a rule that weighs it."""

    def falls_in(each: Witness) -> bool:
        decision, task = each.decision, Task.of(each.decision, witnesses.in_force)
        if task is None or not each.is_on(topic.id):
            return False
        able = persons.may_consent(task.topics, task.sensitivity, task.damage)
        return not any(officer.level >= decision.level for officer in able)

    weighing = [rule for rule in witnesses.policy.rules if (rule.then.sensitivity or "S0") >= sensitivity]
    for rules in [(), *((rule,) for rule in weighing[:6])]:
        if found := witnesses.find(falls_in, topics=(topic.id,), rules=rules):
            return found
    return None


def _without_common_owner(topics: list[Topic], witnesses: Witnesses, persons: Persons) -> Hole | None:
    if not any(officer.topics for officer in persons.all):
        return None
    alone = [
        (one, other)
        for one, other in islice(combinations(topics, 2), _PAIRS)
        if not _have_common_owner(one, other, witnesses.policy, persons)
    ]
    for one, other in alone[:10]:
        if witness := witnesses.meeting(topics=(one.id, other.id)):
            sentence = f"a comment on {one.id} and on {other.id} has nobody who stands for both"
            more = f"; so have {len(alone) - 1} further pairs" if len(alone) > 1 else ""
            return hole("subject-without-owner", "warning", f"topics.{one.id}", sentence + more, witness)
    return None


def _have_common_owner(one: Topic, other: Topic, policy: Policy, persons: Persons) -> bool:
    sensitivity = max(one.sensitivity, other.sensitivity)
    level = _level(policy, sensitivity, one, other)
    return not persons.on(level) or _has_owner((one, other), sensitivity, level, persons)
