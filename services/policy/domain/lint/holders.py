"""Levels without a holder, and paths with fewer persons than steps."""

from collections.abc import Iterator
from itertools import combinations, islice, product

from services.policy.domain.lint.holes import Hole, hole
from services.policy.domain.lint.persons import Persons, Task
from services.policy.domain.policies import Policy, Rule, Topic
from services.policy.domain.scales import LEVELS, Level
from services.policy.domain.witnesses.witnesses import Witness, Witnesses

_LIFTED_AT_MOST: Level = "L4"
_PAIRS = 100


def holes(witnesses: Witnesses) -> Iterator[Hole]:
    """One hole for each level that is asked for and not held, and for each path that cannot be walked."""
    persons = Persons(witnesses.policy.officers, witnesses.now)
    unheld = [level for level in LEVELS[1:] if not persons.on(level)]
    for level in unheld:
        if witness := _coming_to(level, witnesses):
            name = witnesses.policy.ladder[level].name
            sentence = f"nobody holds {level} ({name}) or stands above it, and comments come there"
            yield hole("level-without-holder", "error", f"ladder.{level}", sentence, witness)
    yield from _paths(witnesses, persons)


def _coming_to(level: Level, witnesses: Witnesses) -> Witness | None:
    """A comment that needs the level: by a topic, by a rule, or by one that lifts what another asks for."""
    policy = witnesses.policy

    def comes(each: Witness) -> bool:
        return each.decision.level >= level and Task.of(each.decision, witnesses.in_force) is not None

    for topic in policy.topics:
        if _weighs(topic, level, policy) and (found := witnesses.find(comes, topics=(topic.id,))):
            return found
    asking = [rule for rule in policy.rules if _asks_for(rule, level, policy)]
    lifting = [rule for rule in policy.rules if rule.then.level_up and level <= _LIFTED_AT_MOST]
    below = [rule for rule in policy.rules if rule.then.level and rule.then.level < level]
    lifted = [(up, rule) for up in lifting for rule in sorted(below, key=lambda rule: rule.then.level or "")[::-1]]
    for rules in (*((rule,) for rule in asking), *lifted[:_PAIRS]):
        if found := witnesses.find(comes, rules=rules):
            return found
    return None


def _weighs(topic: Topic, level: Level, policy: Policy) -> bool:
    scales, floor = policy.scales, policy.floor
    closed = floor.by_closed.get(topic.closed, LEVELS[0]) if topic.closed else LEVELS[0]
    return max(scales.by_sensitivity[topic.sensitivity], scales.by_damage[topic.worst], closed) >= level


def _asks_for(rule: Rule, level: Level, policy: Policy) -> bool:
    then = rule.then
    weights = [then.level, then.sensitivity and policy.scales.by_sensitivity[then.sensitivity]]
    damages = [then.damage] if isinstance(then.damage, str) else (then.damage or {}).values()
    weights += [policy.scales.by_damage[each] for each in damages if each]
    weights += [policy.floor.by_kind.get(kind) for kind in rule.when.kind]
    return any(each is not None and each >= level for each in weights)


def _paths(witnesses: Witnesses, persons: Persons) -> Iterator[Hole]:
    known: set[tuple[Level, str]] = set()
    looked_at: set[Task] = set()
    for path, witness in _walks(witnesses, persons):
        level = witness.decision.level
        task = Task.of(witness.decision, witnesses.in_force)
        if task is None or task in looked_at or not persons.on(level):
            continue
        looked_at.add(task)
        missing = persons.missing(task)
        if missing is not None and (level, missing) not in known:
            known.add((level, missing))
            yield hole("path-without-persons", "error", path, f"on {level} {missing}", witness)


def _walks(witnesses: Witnesses, persons: Persons) -> Iterator[tuple[str, Witness]]:
    """Comments with the paths that they need: of each topic, each rule, and of rules that ask for more together."""
    policy = witnesses.policy
    for topic in policy.topics:
        if found := witnesses.meeting(topics=(topic.id,)):
            yield f"topics.{topic.id}", found
    reached = [(rule, found) for rule in policy.rules if (found := witnesses.meeting(rule))]
    yield from ((f"rules.{rule.id}", found) for rule, found in reached)
    asking = [rule for rule, _ in reached if rule.then.signoffs or rule.then.approvals]
    for one, other in islice(combinations(asking, 2), _PAIRS):
        if found := witnesses.meeting(one, other):
            yield f"rules.{other.id}", found
    for topic, rule in islice(product(_of_few(policy, persons), asking), _PAIRS):
        if found := witnesses.meeting(rule, topics=(topic.id,)):
            yield f"topics.{topic.id}", found


def _of_few(policy: Policy, persons: Persons) -> list[Topic]:
    """One topic for each different circle of posts that stand for it, where some stand for a few subjects only."""
    circles: dict[tuple[str, ...], Topic] = {}
    for topic in policy.topics:
        circle = tuple(officer.subject for officer in persons.all if officer.topics and officer.stands_for([topic.id]))
        circles.setdefault(circle, topic)
    return list(circles.values()) if any(officer.topics for officer in persons.all) else []
