"""How files become one policy, and why it never comes out weaker than those above it.

From the bottom: a unit's file joins its agency's, both stand over the baseline, all under the centre's floor. What a
lower one adds is read besides what the higher ones say; where both give a figure the higher one stands; and what lies
below the floor is refused with its path.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pydantic import ValidationError

from services.policy.domain.policies import STAGES, Floor, Layer, Policy, StepRule
from services.policy.domain.references import dangling
from services.policy.domain.scales import DAMAGES, LEVELS, SENSITIVITIES, Level

Document = Mapping[str, Any]

OF_A_UNIT = frozenset({"agency", "unit", "name", "version", "topics", "kinds", "rules", "lines", "officers", "clocks"})
"""Sections that a unit may write; all else is its agency's."""
OF_THE_CENTRE = frozenset({"centre", "name", "version", "floor", "topics", "kinds", "rules"})
"""Sections that the centre may write: a floor, and what is needed to say it."""

_MERGED = {"topics": "id", "kinds": "kind"}
_LISTS = ("lines", "periods", "known_authors", "officers")
_NAMES = ("id", "subject", "kind", "account")
_ORDER: Mapping[Layer, int] = {"centre": 0, "unit": 1, "agency": 2, "baseline": 3}


class InvalidPolicy(Exception):
    """A policy file that cannot be taken. ``faults`` are pairs of a path into the file and a sentence."""

    def __init__(self, faults: list[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{path}: {sentence}" for path, sentence in faults))
        self.faults = faults


class Above(NamedTuple):
    """What an agency's file stands between: the baseline that it starts from, and the centre's floor."""

    baseline: Document
    centre: Document


def compose(agency: Document, above: Above, units: Sequence[Document] = ()) -> Policy:
    """The agency's policy with its units', over the baseline and above the floor. Raises InvalidPolicy."""
    try:
        merged = _merged(agency, above, units)
        policy = Policy.model_validate_json(json.dumps(merged, default=str))
    except ValidationError as invalid:
        raise InvalidPolicy([_fault(error, merged) for error in invalid.errors()]) from None
    except (TypeError, AttributeError, KeyError, ValueError, RecursionError) as unreadable:
        raise InvalidPolicy([("", f"the file has not the shape of a policy ({unreadable})")]) from None
    if faults := [*dangling(policy), *_below_the_floor(policy)]:
        raise InvalidPolicy(faults)
    return policy


def _fault(error: Any, merged: Any) -> tuple[str, str]:
    return ".".join(_path(error["loc"], merged)), str(error["msg"]).removeprefix("Value error, ")


def _path(location: tuple[int | str, ...], at: Any) -> Iterator[str]:
    """The place of a fault, with entries of lists by their names: their numbers are not those of the file."""
    for part in location:
        try:
            at = at[part]
        except (KeyError, IndexError, TypeError):
            at = None
        named = at if isinstance(part, int) and isinstance(at, dict) else {}
        yield str(next((named[name] for name in _NAMES if isinstance(named.get(name), str)), part))


def _merged(agency: Document, above: Above, units: Sequence[Document]) -> dict[str, Any]:
    baseline, centre = above
    _refuse_sections(centre, OF_THE_CENTRE, "the centre sets a floor; this section is the agencies'")
    merged: dict[str, Any] = {**baseline, **agency}
    for section in ("scales", "ladder", "clocks"):
        merged[section] = {**baseline.get(section, {}), **(agency.get(section) or {})}
    merged["floor"] = _highest(centre.get("floor") or {}, baseline.get("floor") or {}, agency.get("floor") or {})
    below = [unit_document(unit, agency) for unit in units]
    for section, name in _MERGED.items():
        joined = _joined(centre.get(section) or [], baseline.get(section) or [], name)
        for document in (agency, *below):
            joined = _joined(joined, document.get(section) or [], name)
        merged[section] = joined
    for unit in below:
        for section in _LISTS:
            merged[section] = [*(merged.get(section) or []), *(unit.get(section) or [])]
        merged["clocks"] = {**(unit.get("clocks") or {}), **merged["clocks"]}
    layers: list[tuple[Layer, Document]] = [("centre", centre), *(("unit", unit) for unit in below)]
    layers += [("agency", agency), ("baseline", baseline)]
    rules = [_of_layer(rule, layer, document) for layer, document in layers for rule in document.get("rules") or []]
    merged["rules"] = sorted(rules, key=_reading_order)
    return merged


def unit_document(unit: Document, agency: Document) -> dict[str, Any]:
    """A unit's file as it joins its agency's: its topics are its own, its rules speak of them only."""
    _refuse_sections(unit, OF_A_UNIT, "a unit may not set this; it is the agency's")
    if unit.get("agency") != agency.get("agency"):
        raise InvalidPolicy([("agency", f"{unit.get('unit')} is no unit of {agency.get('agency')}")])
    name = unit.get("name") or unit["unit"]
    taken = {topic.get("id") for topic in agency.get("topics") or []}
    topics = [{"unit": name, **topic} for topic in unit.get("topics") or []]
    for topic in topics:
        if topic.get("id") in taken:
            raise InvalidPolicy([(f"topics.{topic.get('id')}", "the agency has a topic of this name already")])
    own = [topic.get("id") for topic in topics]
    rules = [_spoken_of(rule, own) for rule in unit.get("rules") or []]
    return {**unit, "topics": topics, "rules": rules}


def _spoken_of(rule: Any, own: list[Any]) -> dict[str, Any]:
    when = dict(rule.get("when") or {})
    foreign = sorted(set(when.get("topic") or ()) - set(own))
    if foreign:
        raise InvalidPolicy(
            [(f"rules.{rule.get('id')}.when.topic", f"a unit rules its own topics; {foreign[0]} is not one")]
        )
    when.setdefault("topic", own)
    if not when["topic"]:
        raise InvalidPolicy([(f"rules.{rule.get('id')}", "a unit without topics has nothing to rule")])
    return {**rule, "when": when}


def _refuse_sections(document: Document, known: frozenset[str], sentence: str) -> None:
    faults = [(section, sentence) for section in document if section not in known]
    if faults:
        raise InvalidPolicy(faults)


def _of_layer(rule: Any, layer: Layer, document: Document) -> dict[str, Any]:
    for name in ("layer", "unit"):
        if name in rule:
            raise InvalidPolicy([(f"rules.{rule.get('id')}.{name}", "this is told by the file that a rule stands in")])
    return {**rule, "layer": layer, **({"unit": document["unit"]} if layer == "unit" else {})}


def _reading_order(rule: Mapping[str, Any]) -> tuple[int, int]:
    stage = rule.get("stage", "kind")
    return STAGES.index(stage) if stage in STAGES else 0, _ORDER[rule["layer"]]


def _highest(*floors: Document) -> dict[str, Any]:
    """Several floors as one: for each scale and value the higher level, for each level the more demanding steps."""
    highest: dict[str, Any] = {}
    for floor in floors:
        for scale, values in floor.items():
            known = highest.setdefault(scale, {})
            for value, asked in values.items():
                known[value] = _more(known.get(value), asked)
    return highest


def _more(known: Any, asked: Any) -> Any:
    if known is None:
        return asked
    if isinstance(asked, list):
        return asked if len(asked) >= len(known) else known
    return max(known, asked)


def _joined(below: Iterable[Any], above: Iterable[Any], name: str) -> list[Any]:
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
    if "id" not in known:
        heavier["patterns"] = [*(known.get("patterns") or []), *(entry.get("patterns") or [])]
        return heavier
    heavier.pop("alone")
    if sensitivities := [each["sensitivity"] for each in (known, entry) if each.get("sensitivity")]:
        heavier["sensitivity"] = max(sensitivities)
    if known.get("damage") and entry.get("damage"):
        heavier["damage"] = _worse(known["damage"], entry["damage"])
    for binding in ("closed", "embargo_until"):
        if known.get(binding):
            heavier[binding] = known[binding]
    return heavier


def _worse(known: Any, other: Any) -> Any:
    """The higher of two damages; where one speaks of classes, class by class, and both overall."""
    if isinstance(known, str) and isinstance(other, str):
        return max(known, other)
    classes = [each for each in (known, other) if not isinstance(each, str)]
    worse: dict[str, Any] = {}
    for each in classes:
        for name, value in each.items():
            worse[name] = max(value, worse.get(name, "D0"))
    overall = max([each for each in (known, other) if isinstance(each, str)], default="D0")
    return worse if max(worse.values(), default="D0") >= overall else {**worse, "reputation": overall}


def _phrases(below: Document, above: Document) -> dict[str, list[str]]:
    languages = dict.fromkeys([*below, *above])
    return {language: [*below.get(language, []), *above.get(language, [])] for language in languages}


def _below_the_floor(policy: Policy) -> Iterator[tuple[str, str]]:
    scales, floor = policy.scales, policy.floor
    for sensitivity in SENSITIVITIES:
        yield from _below(
            f"scales.by_sensitivity.{sensitivity}",
            scales.by_sensitivity[sensitivity],
            floor.by_sensitivity.get(sensitivity),
        )
    for damage in DAMAGES:
        yield from _below(f"scales.by_damage.{damage}", scales.by_damage[damage], floor.by_damage.get(damage))
    for level in LEVELS:
        if level not in policy.ladder:
            yield f"ladder.{level}", "the ladder has no such rung"
        elif not _as_strong(policy.ladder[level].steps, floor, level):
            yield f"ladder.{level}.steps", "fewer or lower approvals than the floor asks for"


def _below(path: str, level: Level, least: Level | None) -> Iterator[tuple[str, str]]:
    if least is not None and level < least:
        yield path, f"{level} is below the floor {least}"


def _as_strong(steps: tuple[StepRule, ...], floor: Floor, level: Level) -> bool:
    least = floor.steps.get(level, ())
    ours = sorted((step.level for step in steps if step.kind == "approval"), reverse=True)
    theirs = sorted((step.level for step in least if step.kind == "approval"), reverse=True)
    asked = {step.specialism for step in least if step.kind == "signoff"}
    enough = len(ours) >= len(theirs) and all(a >= b for a, b in zip(ours, theirs, strict=False))
    return enough and asked <= {step.specialism for step in steps}
