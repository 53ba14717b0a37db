"""Names in a policy that nothing bears, names borne twice, and references that go in a circle."""

from collections import Counter
from collections.abc import Iterator

from services.policy.domain.policies import Policy
from services.policy.domain.scales import LEVELS


def dangling(policy: Policy) -> Iterator[tuple[str, str]]:
    """Pairs of a path and a sentence for every name that does not hold."""
    if policy.default_language not in policy.languages:
        yield "default_language", f"{policy.default_language} is not among the languages"
    yield from _rules(policy)
    yield from _clocks(policy)
    yield from _lines(policy)
    topics = {topic.id for topic in policy.topics}
    for officer in policy.officers:
        for topic in sorted(set(officer.topics) - topics):
            yield f"officers.{officer.subject}.topics", f"there is no topic {topic}"
    for section, names in (
        ("rules", [rule.id for rule in policy.rules]),
        ("lines", [line.id for line in policy.lines]),
        ("officers", [officer.subject for officer in policy.officers]),
    ):
        for name, times in sorted(Counter(names).items()):
            if times > 1:
                yield f"{section}.{name}", "this name is borne twice"


def _rules(policy: Policy) -> Iterator[tuple[str, str]]:
    topics = {topic.id for topic in policy.topics}
    for rule in policy.rules:
        for field, named in (("topic", rule.when.topic), ("not_topic", rule.when.not_topic)):
            for topic in sorted(set(named) - topics):
                yield f"rules.{rule.id}.when.{field}", f"there is no topic {topic}"
        if rule.then.clock is not None and rule.then.clock not in policy.clocks:
            yield f"rules.{rule.id}.then.clock", f"there is no clock {rule.then.clock}"


def _clocks(policy: Policy) -> Iterator[tuple[str, str]]:
    for level in LEVELS[1:]:
        if level.lower() not in policy.clocks:
            yield f"clocks.{level.lower()}", "each level from L1 needs a clock of its name"
    for name, clock in policy.clocks.items():
        if clock.faster is None:
            continue
        faster = policy.clocks.get(clock.faster)
        if faster is None:
            yield f"clocks.{name}.faster", f"there is no clock {clock.faster}"
        elif faster.answer >= clock.answer:
            yield f"clocks.{name}.faster", f"{clock.faster} is no faster: {faster.answer} minutes, not {clock.answer}"


def _lines(policy: Policy) -> Iterator[tuple[str, str]]:
    topics = {topic.id for topic in policy.topics}
    for line in policy.lines:
        for topic in sorted(set(line.topics) - topics):
            yield f"lines.{line.id}.topics", f"there is no topic {topic}"
        for language in sorted(set(line.text) - set(policy.languages)):
            yield f"lines.{line.id}.text", f"{language} is not a language of this agency"
