"""How files become one policy, and why it never comes out weaker than those above it.

From the bottom: a unit's file joins its agency's, both stand over the baseline, all under the centre's floor. What a
lower one adds is read besides what the higher ones say; where both weigh a subject the heavier weight stands. Scales,
ladder and clocks of the baseline are defaults, which an agency replaces; what lies below the floor is refused with its
path.
"""

import json
from collections.abc import Container, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import ValidationError

from services.policy.domain.composing import floors
from services.policy.domain.composing.faults import faults_of, path_of
from services.policy.domain.composing.references import dangling
from services.policy.domain.policies import STAGES, Clock, Layer, Policy
from services.policy.domain.scales import LEVELS, Level

Document = Mapping[str, Any]

OF_A_UNIT = frozenset({"agency", "unit", "name", "version", "topics", "rules", "lines", "officers", "clocks"})
"""Sections that a unit may write; all else is its agency's. The words of a kind are, because every unit is read by
them: one more word of praise here would make a false claim there unsure."""
HIGHEST_OF_A_UNIT: Level = "L2"
"""The highest level of a post that a unit gives: the one at the end of a chain is never of its own choosing."""
OF_THE_CENTRE = frozenset({"centre", "name", "version", "floor", "topics", "kinds", "rules"})
"""Sections that the centre may write: a floor, and what is needed to say it."""

_MERGED = {"topics": "id", "kinds": "kind"}
_LISTS = ("lines", "officers")
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
        told = [(path_of(location, merged), sentence) for location, sentence in faults_of(invalid, Policy)]
        raise InvalidPolicy(told) from None
    except (TypeError, AttributeError, KeyError, ValueError, RecursionError) as unreadable:
        raise InvalidPolicy([("", f"the file has not the shape of a policy ({unreadable})")]) from None
    own = {name for document in (agency, *units) for name in document.get("clocks") or ()}
    policy = policy.model_copy(update={"clocks": _sped_up(policy.clocks, own)})
    if faults := [*dangling(policy), *floors.below(policy)]:
        raise InvalidPolicy(faults)
    return policy


def _sped_up(clocks: Mapping[str, Clock], own: Container[str]) -> dict[str, Clock]:
    """The clocks, each with a next class up that is faster: an agency that makes a clock of the baseline slower need
    not know which other ones speed up to it. Its ``own`` clocks stay as it wrote them."""
    return {
        name: clock if name in own else clock.model_copy(update={"faster": _next_up(name, clocks)})
        for name, clock in clocks.items()
    }


def _next_up(name: str, clocks: Mapping[str, Clock]) -> str | None:
    """The first of the classes up from a clock that is faster than it is; None where there is none."""
    passed, up = {name}, clocks[name].faster
    while up is not None and up not in passed:
        clock = clocks.get(up)
        if clock is None or clock.answer < clocks[name].answer:
            return up
        passed.add(up)
        up = clock.faster
    return None


def _merged(agency: Document, above: Above, units: Sequence[Document]) -> dict[str, Any]:
    baseline, centre = above
    _refuse_sections(centre, OF_THE_CENTRE, "the centre sets a floor; this section is the agencies'")
    _refuse_gaps(agency.get("ladder") or {})
    merged: dict[str, Any] = {**baseline, **agency}
    for section in ("scales", "ladder", "clocks"):
        merged[section] = {**baseline.get(section, {}), **(agency.get(section) or {})}
    merged["floor"] = floors.highest(centre.get("floor") or {}, baseline.get("floor") or {}, agency.get("floor") or {})
    for section, name in _MERGED.items():
        common = joined(centre.get(section) or [], baseline.get(section) or [], name)
        merged[section] = joined(common, agency.get(section) or [], name)
    below = [unit_document(unit, agency) for unit in units]
    for place, unit in enumerate(below):
        _refuse_names_of_others(unit, merged, below[:place])
        merged["topics"] = joined(merged["topics"], unit["topics"], "id")
        for section in _LISTS:
            merged[section] = [*(merged.get(section) or []), *(unit.get(section) or [])]
        merged["clocks"] = {**merged["clocks"], **(unit.get("clocks") or {})}
    layers: list[tuple[Layer, Document]] = [("centre", centre), *(("unit", unit) for unit in below)]
    layers += [("agency", agency), ("baseline", baseline)]
    rules = [_of_layer(rule, layer, document) for layer, document in layers for rule in document.get("rules") or []]
    merged["rules"] = sorted(rules, key=_reading_order)
    return merged


def unit_document(unit: Document, agency: Document) -> dict[str, Any]:
    """A unit's file as it joins its agency's: topics of its own, and nothing in it that speaks of others."""
    _refuse_sections(unit, OF_A_UNIT, "a unit may not set this; it is the agency's")
    if unit.get("agency") != agency.get("agency"):
        raise InvalidPolicy([("agency", f"{unit.get('unit')} is no unit of {agency.get('agency')}")])
    topics = [{"unit": unit.get("name") or unit["unit"], **topic} for topic in unit.get("topics") or []]
    for topic in topics:
        if "agency" in topic:
            path = f"topics.{topic.get('id')}.agency"
            raise InvalidPolicy([(path, "whose business a subject is, its agency says and no unit")])
    own = [topic.get("id") for topic in topics]
    return {
        **unit,
        "topics": topics,
        "rules": [_rule_of_a_unit(rule, own) for rule in unit.get("rules") or []],
        "lines": [_limited(line, "topics", f"lines.{line.get('id')}", own) for line in unit.get("lines") or []],
        "officers": [_post_of_a_unit(post, unit, own) for post in unit.get("officers") or []],
    }


def _post_of_a_unit(post: Any, unit: Document, own: list[Any]) -> dict[str, Any]:
    """A post that a unit gives: on its own topics, in its own name, and below those who answer for the agency."""
    path = f"officers.{post.get('subject')}"
    limited = _limited(post, "topics", path, own)
    if post.get("unit") not in (None, *_names(unit)):
        raise InvalidPolicy([(f"{path}.unit", "a unit gives posts of its own; this one would be another's")])
    if LEVELS.index(post.get("level")) > LEVELS.index(HIGHEST_OF_A_UNIT):
        raise InvalidPolicy([(f"{path}.level", f"above {HIGHEST_OF_A_UNIT} the agency appoints, and no unit")])
    return {**limited, "unit": unit["unit"]}


def _rule_of_a_unit(rule: Any, own: list[Any]) -> dict[str, Any]:
    path, then = f"rules.{rule.get('id')}", rule.get("then") or {}
    if then.get("automatic") and then.get("disposition") == "moderate":
        raise InvalidPolicy([(f"{path}.then.automatic", "only an agency may have comments hidden by nobody")])
    if "conflict" in (rule.get("when") or {}):
        raise InvalidPolicy([(f"{path}.when.conflict", "how a conflict of dispositions ends, the agency says")])
    return {**rule, "when": _limited(rule.get("when") or {}, "topic", f"{path}.when", own)}


def _limited(entry: Document, key: str, path: str, own: list[Any]) -> dict[str, Any]:
    """An entry of a unit, limited to the unit's topics: to those that it names under ``key``, else to all of them."""
    if not own:
        raise InvalidPolicy([(path, "a unit without topics has nothing to speak of")])
    named = entry.get(key) or own
    if foreign := sorted(set(named) - set(own)):
        raise InvalidPolicy([(f"{path}.{key}", f"a unit speaks of its own topics; {foreign[0]} is not one")])
    return {**entry, key: list(named)}


def _refuse_names_of_others(unit: Document, merged: Document, siblings: Sequence[Document]) -> None:
    """What a unit brings is new: it changes no topic and no clock of its agency, of the baseline or of a sibling."""
    topics = {topic["id"] for topic in merged["topics"]}
    called = {name for sibling in siblings for name in _names(sibling)}
    taken = [section for section in ("unit", "name") if unit.get(section) in called]
    taken += [f"topics.{topic['id']}" for topic in unit["topics"] if topic["id"] in topics]
    taken += [f"clocks.{name}" for name in unit.get("clocks") or {} if name in merged["clocks"]]
    if taken:
        raise InvalidPolicy([(path, "this name is taken; what a unit brings is its own") for path in taken])


def _names(unit: Document) -> tuple[Any, ...]:
    """By what names a unit is known: a person who belongs to one of them writes for it."""
    return (unit["unit"], unit["name"]) if unit.get("name") else (unit["unit"],)


def _refuse_sections(document: Document, known: frozenset[str], sentence: str) -> None:
    faults = [(section, sentence) for section in document if section not in known]
    if faults:
        raise InvalidPolicy(faults)


def _refuse_gaps(ladder: Document) -> None:
    """Whoever renames the rungs of a ladder renames them from one to another: none between keeps a foreign name."""
    written = [place for place, level in enumerate(LEVELS) if level in ladder]
    missing = [level for level in LEVELS[min(written, default=0) : max(written, default=0)] if level not in ladder]
    if missing:
        raise InvalidPolicy([(f"ladder.{level}", "the ladder has a gap: this rung is missing") for level in missing])


def _of_layer(rule: Any, layer: Layer, document: Document) -> dict[str, Any]:
    for name in ("layer", "unit"):
        if name in rule:
            raise InvalidPolicy([(f"rules.{rule.get('id')}.{name}", "this is told by the file that a rule stands in")])
    return {**rule, "layer": layer, **({"unit": document["unit"]} if layer == "unit" else {})}


def _reading_order(rule: Mapping[str, Any]) -> tuple[int, int]:
    stage = rule.get("stage", "kind")
    return STAGES.index(stage) if stage in STAGES else 0, _ORDER[rule["layer"]]


def joined(below: Iterable[Any], above: Iterable[Any], name: str) -> list[Any]:
    """Two lists as one; entries of the same name join, and never lose weight."""
    one = {entry[name]: dict(entry) for entry in below}
    for entry in above:
        known = one.get(entry[name])
        one[entry[name]] = dict(entry) if known is None else _heavier(known, entry)
    return list(one.values())


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
    if known.get("damage") and entry.get("damage") is not None:
        heavier["damage"] = _worse(known["damage"], entry["damage"])
    if known.get("closed"):
        heavier["closed"] = known["closed"]
    if embargoes := [each["embargo_until"] for each in (known, entry) if each.get("embargo_until")]:
        heavier["embargo_until"] = max(embargoes, key=_moment)
    return heavier


def _moment(written: Any) -> datetime:
    return written if isinstance(written, datetime) else datetime.fromisoformat(str(written))


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
