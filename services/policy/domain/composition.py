"""How an agency's file and the baseline become one policy, and why it never comes out weaker.

The agency adds: its rules are read before the baseline's of the same stage, its topics and kinds of the same id join
the baseline's. Where both give a figure the higher one stands, and what lies below the floor is refused with its path.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from services.policy.domain.policies import STAGES, Policy
from services.policy.domain.scales import LEVELS, Level

Document = Mapping[str, Any]

_MERGED = {"topics": "id", "kinds": "kind"}
_NAMES = ("id", "subject", "kind")
_WEIGHTS = ("sensitivity", "damage")


class InvalidPolicy(Exception):
    """A policy file that cannot be taken. ``faults`` are pairs of a path into the file and a sentence."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{path}: {sentence}" for path, sentence in faults))
        self.faults = faults


def compose(agency: Document, baseline: Document) -> Policy:
    """The agency's policy over the baseline. Raises InvalidPolicy."""
    try:
        merged = _merged(agency, baseline)
        policy = Policy.model_validate_json(json.dumps(merged, default=str))
    except ValidationError as invalid:
        raise InvalidPolicy([_fault(error, merged) for error in invalid.errors()]) from None
    except (TypeError, AttributeError, KeyError, ValueError, RecursionError) as unreadable:
        raise InvalidPolicy([("", f"the file has not the shape of a policy ({unreadable})")]) from None
    if faults := [*_dangling(policy), *_below_the_floor(policy, baseline)]:
        raise InvalidPolicy(faults)
    return policy


def _fault(error: Any, merged: Any) -> tuple[str, str]:
    return ".".join(_path(error["loc"], merged)), str(error["msg"])


def _path(location: tuple[int | str, ...], at: Any) -> Iterator[str]:
    """The place of a fault, with entries of lists by their names: their numbers are not those of the file."""
    for part in location:
        try:
            at = at[part]
        except (KeyError, IndexError, TypeError):
            at = None
        named = at if isinstance(part, int) and isinstance(at, dict) else {}
        yield str(next((named[name] for name in _NAMES if isinstance(named.get(name), str)), part))


def _merged(agency: Document, baseline: Document) -> dict[str, Any]:
    merged = {**baseline, **agency}
    for section in ("scales", "ladder", "clocks"):
        ours = agency.get(section) or {}
        merged[section] = {**baseline.get(section, {}), **ours}
    merged["floor"] = _highest(baseline.get("floor", {}), agency.get("floor") or {})
    for section, name in _MERGED.items():
        merged[section] = _joined(baseline.get(section, []), agency.get(section) or [], name)
    rules = [*(agency.get("rules") or []), *baseline.get("rules", [])]
    merged["rules"] = sorted(rules, key=_stage)
    return merged


def _stage(rule: Any) -> int:
    stage = rule.get("stage", "kind")
    return STAGES.index(stage) if stage in STAGES else 0


def _highest(below: Document, above: Document) -> dict[str, Any]:
    """Two floors as one: for each scale and value the higher level."""
    floor: dict[str, Any] = {scale: dict(levels) for scale, levels in below.items()}
    for scale, levels in above.items():
        known = floor.setdefault(scale, {})
        for value, level in levels.items():
            known[value] = max(level, known.get(value, level))
    return floor


def _joined(below: list[Any], above: list[Any], name: str) -> list[Any]:
    """Two lists as one; entries of the same name join, and never lose weight."""
    joined = {entry[name]: dict(entry) for entry in below}
    for entry in above:
        known = joined.get(entry[name])
        joined[entry[name]] = dict(entry) if known is None else _heavier(known, entry)
    return list(joined.values())


def _heavier(known: dict[str, Any], entry: Document) -> dict[str, Any]:
    heavier = {**known, **entry}
    for words in ("phrases", "alone"):
        heavier[words] = _phrases(known.get(words) or {}, entry.get(words) or {})
    if "id" in known:
        heavier.pop("alone")
        weights = {weight: max(known.get(weight, ""), entry.get(weight, "")) for weight in _WEIGHTS}
        heavier.update({weight: value for weight, value in weights.items() if value})
        if known.get("closed"):
            heavier["closed"] = known["closed"]
    else:
        heavier["patterns"] = [*(known.get("patterns") or []), *(entry.get("patterns") or [])]
    return heavier


def _phrases(below: Document, above: Document) -> dict[str, list[str]]:
    languages = dict.fromkeys([*below, *above])
    return {language: [*below.get(language, []), *above.get(language, [])] for language in languages}


def _dangling(policy: Policy) -> Iterator[tuple[str, str]]:
    """Names that nothing bears, and names borne twice."""
    topics = {topic.id for topic in policy.topics}
    if policy.default_language not in policy.languages:
        yield "default_language", f"{policy.default_language} is not among the languages"
    for rule in policy.rules:
        for topic in set(rule.when.topic) - topics:
            yield f"rules.{rule.id}.when.topic", f"there is no topic {topic}"
        if rule.then.clock is not None and rule.then.clock not in policy.clocks:
            yield f"rules.{rule.id}.then.clock", f"there is no clock {rule.then.clock}"
    for level in LEVELS[1:]:
        if level.lower() not in policy.clocks:
            yield f"clocks.{level.lower()}", "each level from L1 needs a clock of its name"
    for line in policy.lines:
        for topic in set(line.topics) - topics:
            yield f"lines.{line.id}.topics", f"there is no topic {topic}"
        for language in set(line.text) - set(policy.languages):
            yield f"lines.{line.id}.text", f"{language} is not a language of this agency"
    for section, names in (
        ("rules", [rule.id for rule in policy.rules]),
        ("lines", [line.id for line in policy.lines]),
        ("officers", [officer.subject for officer in policy.officers]),
    ):
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"{section}.{name}", "this name is borne twice"


def _below_the_floor(policy: Policy, baseline: Document) -> Iterator[tuple[str, str]]:
    scales, floor = policy.scales, policy.floor
    given: list[tuple[str, Mapping[str, Level], Mapping[str, Level]]] = [
        ("by_sensitivity", _plain(scales.by_sensitivity), _plain(floor.by_sensitivity)),
        ("by_damage", _plain(scales.by_damage), _plain(floor.by_damage)),
    ]
    for scale, levels, least in given:
        for value, level in levels.items():
            if level < least.get(value, "L0"):
                yield f"scales.{scale}.{value}", f"{level} is below the floor {least[value]}"
    for level in LEVELS:
        if level not in policy.ladder:
            yield f"ladder.{level}", "the ladder has no such rung"
        elif not _as_strong(policy, level, baseline):
            yield f"ladder.{level}.steps", "fewer or lower approvals than the baseline asks for"


def _plain(levels: Mapping[Any, Level]) -> dict[str, Level]:
    return {str(value): level for value, level in levels.items()}


def _as_strong(policy: Policy, level: Any, baseline: Document) -> bool:
    ours = sorted((s.level for s in policy.ladder[level].steps if s.kind == "approval"), reverse=True)
    steps = baseline.get("ladder", {}).get(level, {}).get("steps") or []
    theirs = sorted((s["level"] for s in steps if s.get("kind", "approval") == "approval"), reverse=True)
    signoffs = {s.specialism for s in policy.ladder[level].steps}
    asked = {s.get("specialism") for s in steps if s.get("kind") == "signoff"}
    return len(ours) >= len(theirs) and all(a >= b for a, b in zip(ours, theirs, strict=False)) and asked <= signoffs
