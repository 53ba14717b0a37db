"""Clocks that a path cannot meet, by its count of steps, and clocks that nothing goes by.

What a step really takes is measured where drafts are cleared; here each takes the policy's ``step_minutes``.
"""

from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from services.policy.domain.lint.holes import Hole, Severity, hole
from services.policy.domain.lint.persons import Task
from services.policy.domain.policies import Policy, Rule
from services.policy.domain.scales import LEVELS
from services.policy.domain.witnesses.witnesses import Witness, Witnesses

_HEAVY = 6


def holes(witnesses: Witnesses) -> Iterator[Hole]:
    """One hole for each clock and path that do not fit; a warning where only a rare conjunction leads there."""
    told: set[str] = set()
    for path, witness in _first_late(_usual(witnesses), witnesses, told=()):
        told.add(witness.decision.clock)
        yield _too_short(path, witness, "error", witnesses)
    for path, witness in _first_late(_conjunctions(witnesses), witnesses, told=told):
        yield _too_short(path, witness, "warning", witnesses)
    yield from _of_levels(witnesses.policy, told)
    yield from _too_soon(witnesses.policy)
    yield from _unused(witnesses.policy)


def _first_late(
    walks: Iterable[tuple[str, Witness]], witnesses: Witnesses, *, told: Collection[str]
) -> Iterator[tuple[str, Witness]]:
    """The first comment for each clock not told of yet, and each number of steps that does not fit it."""
    known: set[tuple[str, int]] = set()
    for path, witness in walks:
        key = (witness.decision.clock, _late(witness, witnesses))
        if key[1] and key[0] not in told and key not in known:
            known.add(key)
            yield path, witness


def _late(witness: Witness, witnesses: Witnesses) -> int:
    """How many steps do not fit the comment's clock; 0 where all do."""
    task = Task.of(witness.decision, witnesses.in_force)
    steps = len(task.steps) if task else 0
    return steps if steps * witnesses.policy.step_minutes > witness.decision.answer_within else 0


def _too_short(path: str, witness: Witness, severity: Severity, witnesses: Witnesses) -> Hole:
    decision, steps = witness.decision, _late(witness, witnesses)
    sentence = (
        f"the clock {decision.clock} gives {decision.answer_within} minutes, and a release on {decision.level} takes "
        f"{steps} steps of {witnesses.policy.step_minutes}"
    )
    return hole("clock-too-short", severity, path, sentence, witness)


def _usual(witnesses: Witnesses) -> Iterator[tuple[str, Witness]]:
    for rule in witnesses.policy.rules:
        if found := witnesses.meeting(rule):
            clocked = ".then.clock" if rule.then.clock else ""
            yield f"rules.{rule.id}{clocked}", found
    for topic in witnesses.policy.topics:
        if found := witnesses.meeting(topics=(topic.id,)):
            yield f"topics.{topic.id}", found


def _conjunctions(witnesses: Witnesses) -> Iterator[tuple[str, Witness]]:
    """Rules with short clocks, on the weightiest topics and together with the rules that ask for most."""
    policy = witnesses.policy
    clocked = sorted((rule for rule in policy.rules if rule.then.clock), key=lambda rule: _minutes(rule, policy))
    topics = sorted(policy.topics, key=lambda topic: (topic.sensitivity, topic.worst), reverse=True)
    asking = sorted((rule for rule in policy.rules if _weight(rule) > ("L1", 0)), key=_weight, reverse=True)
    for rule in islice(clocked, 2 * _HEAVY):
        path = f"rules.{rule.id}.then.clock"
        weighty = [witnesses.meeting(rule, topics=(topic.id,)) for topic in topics[:_HEAVY]]
        weighty += [witnesses.meeting(rule, other) for other in asking[:_HEAVY]]
        yield from ((path, found) for found in weighty if found)


def _minutes(rule: Rule, policy: Policy) -> int:
    return policy.clocks[rule.then.clock].answer if rule.then.clock else 0


def _weight(rule: Rule) -> tuple[str, int]:
    return rule.then.level or "L0", len(rule.then.signoffs) + rule.then.approvals + rule.then.level_up


def _of_levels(policy: Policy, told: Collection[str]) -> Iterator[Hole]:
    """A level's own clock, even where no comment was found that goes by it."""
    for level in LEVELS[1:]:
        clock, steps = policy.clocks[level.lower()], len(policy.ladder[level].steps)
        if level.lower() not in told and steps * policy.step_minutes > clock.answer:
            sentence = f"a release on {level} takes {steps} steps of {policy.step_minutes} minutes, not {clock.answer}"
            yield hole("clock-too-short", "warning", f"clocks.{level.lower()}.answer", sentence)


def _too_soon(policy: Policy) -> Iterator[Hole]:
    for name, clock in policy.clocks.items():
        for field in ("escalate", "holding"):
            minutes = getattr(clock, field)
            if minutes is not None and minutes < policy.step_minutes:
                sentence = f"{field} comes after {minutes} minutes, and one step alone takes {policy.step_minutes}"
                yield hole("clock-too-short", "warning", f"clocks.{name}.{field}", sentence)


def _unused(policy: Policy) -> Iterator[Hole]:
    used = {rule.then.clock for rule in policy.rules} | {level.lower() for level in LEVELS}
    used |= {clock.faster for clock in policy.clocks.values()}
    for name in sorted(set(policy.clocks) - {each for each in used if each}):
        yield hole("clock-never-used", "warning", f"clocks.{name}", f"no rule and no level goes by the clock {name}")
