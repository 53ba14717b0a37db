"""What agencies have come to do alike, and where they differ, so that a baseline grows from practice.

Rules, topics, kinds and clocks of all agencies stand side by side with the baseline that each began from. Officers,
cleared lines and known authors are an agency's own and have no part in this, and of topics nothing that tells what
an agency keeps to itself for now.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from services.policy.domain import differences
from services.policy.domain.differences import Difference
from services.policy.domain.parts import Part
from services.policy.domain.policies import Policy


class Variant(NamedTuple):
    """What some agencies say alike. ``differs``: how that differs from the baseline, in sentences, none where it does
    not; ``value``: what it says, where the baseline knows no such thing."""

    agencies: tuple[str, ...]
    differs: tuple[str, ...] = ()
    value: Mapping[str, Any] | None = None


class Shared(NamedTuple):
    """One rule, topic, kind or clock across the agencies that have it."""

    id: str
    agencies: tuple[str, ...]
    same: bool
    baseline: bool
    variants: tuple[Variant, ...]


class Entry(NamedTuple):
    """An agency's rule, topic, kind or clock."""

    agency: str
    id: str
    part: Part
    value: Mapping[str, Any]
    """What it says, without its name and without whose it is within the agency."""

    @property
    def key(self) -> str:
        """The same for two that say the same."""
        return json.dumps(self.value, sort_keys=True)


class Section(NamedTuple):
    """A section whose entries are compared across agencies."""

    name: str
    thing: str
    entries_of: Callable[[Policy], Mapping[str, Part]]
    holding: Callable[[str, Part], Mapping[str, Any]]
    told: Callable[[Policy, Policy], Iterable[Difference]]
    aside: frozenset[str] = frozenset()
    """Fields by which two that are alike may differ."""
    hidden: frozenset[str] = frozenset()
    """Fields that no other agency learns of: they would tell what is kept from the public, and how grave it is."""

    def entries(self, policy: Policy) -> list[Entry]:
        """What a policy has in this section."""
        return [
            Entry(policy.agency, name, shown, _value(shown, self.aside))
            for name, part in self.entries_of(policy).items()
            for shown in [part.model_copy(update={field: _unsaid(part, field) for field in self.hidden})]
        ]

    def differs(self, entry: Entry, known: Entry, baseline: Policy) -> tuple[str, ...]:
        """How an entry differs from the one of the baseline, in sentences."""
        before, now = (baseline.model_copy(update=self.holding(each.id, each.part)) for each in (known, entry))
        return tuple(difference.sentence for difference in self.told(before, now))


SECTIONS = (
    Section(
        "rules",
        "Rule",
        lambda policy: {rule.id: rule for rule in policy.rules},
        lambda _, part: {"rules": (part,)},
        differences.rules,
        frozenset({"id", "layer", "unit"}),
    ),
    Section(
        "topics",
        "Topic",
        lambda policy: {topic.id: topic for topic in policy.topics},
        lambda _, part: {"topics": (part,)},
        differences.topics,
        frozenset({"id", "unit"}),
        frozenset({"embargo_until", "closed", "sensitivity", "damage"}),
    ),
    Section(
        "kinds",
        "Kind",
        lambda policy: {words.kind: words for words in policy.kinds},
        lambda _, part: {"kinds": (part,)},
        differences.kinds,
        frozenset({"kind"}),
    ),
    Section(
        "clocks", "Clock", lambda policy: policy.clocks, lambda name, part: {"clocks": {name: part}}, differences.clocks
    ),
)


def practice(policies: Sequence[Policy], baseline: Policy) -> dict[str, tuple[Shared, ...]]:
    """What the agencies share, section by section. ``baseline`` is the policy of an agency that says nothing."""
    return {section.name: tuple(_shared(section, policies, baseline)) for section in SECTIONS}


def _shared(section: Section, policies: Sequence[Policy], baseline: Policy) -> Iterable[Shared]:
    known = {entry.id: entry for entry in section.entries(baseline)}
    by_id: dict[str, list[Entry]] = defaultdict(list)
    for policy in policies:
        for entry in section.entries(policy):
            by_id[entry.id].append(entry)
    for name, entries in by_id.items():
        variants = tuple(_variants(section, entries, known.get(name), baseline))
        agencies = tuple(entry.agency for entry in entries)
        yield Shared(name, agencies, len(variants) == 1, name in known, variants)


def _variants(section: Section, entries: Sequence[Entry], known: Entry | None, baseline: Policy) -> Iterable[Variant]:
    for alike in alikes(entries, lambda entry: entry.key):
        agencies = tuple(entry.agency for entry in alike)
        if known is None:
            yield Variant(agencies, value=alike[0].value)
        else:
            yield Variant(agencies, section.differs(alike[0], known, baseline))


def alikes(entries: Iterable[Entry], key: Callable[[Entry], str]) -> list[list[Entry]]:
    """Entries of the same ``key`` together, those that most agencies have first."""
    groups: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        groups[key(entry)].append(entry)
    return sorted(groups.values(), key=len, reverse=True)


def _unsaid(part: Part, field: str) -> Any:
    return type(part).model_fields[field].default


def _value(part: Part, aside: frozenset[str]) -> dict[str, Any]:
    return part.model_dump(mode="json", by_alias=True, exclude=set(aside), exclude_defaults=True)
