"""The report on the labelled sample: figures for machines, tables for people.

The same sample and policies give the same report, byte for byte.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.policy.domain.scales import LEVELS
from tests.policy.builders import sample
from tests.policy.labelled.sample import PARTS, Outcome
from tests.policy.labelled.scores import by, confusion, language, scored, summary

_DIGITS = 4


def figures(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Everything that is reported, fit for JSON."""
    agencies = sorted({outcome.label.agency for outcome in outcomes})
    report = {
        "policies": {agency: sample(agency).policy.version for agency in agencies},
        "all": _part(outcomes),
        **{part: _part(_of(outcomes, part)) for part in PARTS},
    }
    return _rounded(report)


def _of(outcomes: Sequence[Outcome], part: str) -> list[Outcome]:
    return [outcome for outcome in outcomes if outcome.label.part == part]


def _part(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    return {
        **summary(outcomes),
        "dispositions": {name: score._asdict() for name, score in scored(outcomes, "disposition").items()},
        "levels": {name: score._asdict() for name, score in scored(outcomes, "level").items()},
        "kinds": {name: score._asdict() for name, score in scored(outcomes, "kind").items()},
        "confusion_of_levels": confusion(outcomes),
        "rules": {rule: summary(some) for rule, some in by(outcomes, lambda each: each.label.expect.rule).items()},
        "languages": {name: summary(some) for name, some in sorted(by(outcomes, language).items())},
        "agencies": {name: summary(some) for name, some in sorted(by(outcomes, lambda o: o.label.agency).items())},
        "decided_too_low": [_miss(outcome) for outcome in outcomes if outcome.too_low],
    }


def _miss(outcome: Outcome) -> dict[str, Any]:
    decision, expect = outcome.decision, outcome.label.expect
    return {
        "id": outcome.label.id,
        "expected": f"{expect.level} {expect.disposition}",
        "decided": f"{decision.level} {decision.disposition}",
        "rules": list(decision.rules),
        "kind": decision.kind,
        "topics": list(decision.topics),
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return [_rounded(one) for one in value] if isinstance(value, list) else value


def text(report: dict[str, Any]) -> str:
    """The report as tables; two figures side by side are those of tuning and held out."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: dict[str, Any]) -> Iterator[str]:
    yield "Labelled sample, decided by " + ", ".join(report["policies"].values())
    yield from _headline(report)
    for title, key in (("disposition", "dispositions"), ("level", "levels"), ("kind", "kinds")):
        yield from _sides(report, title, key, _SCORES)
    yield from _confusion(report["all"]["confusion_of_levels"])
    for title, key in (("rule", "rules"), ("language", "languages"), ("agency", "agencies")):
        yield from _sides(report, title, key, _SHARES)
    for part in PARTS:
        yield from _too_low(part, report[part]["decided_too_low"])


_HEADLINE = {
    "comments": "comments",
    "right": "disposition and level right",
    "disposition_right": "disposition right",
    "level_right": "level right",
    "kind_right": "kind right",
    "rule_hit": "rule held",
    "misleading_right": "right where words mislead",
    "too_low": "level too low",
    "too_high": "level too high",
}
_SCORES = {"precision": "precision", "recall": "recall", "F1": "f1", "support": "support"}
_SHARES = {"rule held": "rule_hit", "right": "right", "comments": "comments"}


def _headline(report: dict[str, Any]) -> Iterator[str]:
    yield ""
    yield f"{'':<28}{'all':>9}{'tuning':>9}{'held out':>9}"
    for key, title in _HEADLINE.items():
        yield f"{title:<28}" + "".join(f"{_cell(report[part][key]):>9}" for part in ("all", *PARTS))


def _sides(report: dict[str, Any], title: str, key: str, columns: Mapping[str, str]) -> Iterator[str]:
    """A row for each value, both parts side by side in every column."""
    yield ""
    yield f"{title:<22}" + "".join(f"{name:>18}" for name in columns)
    for name in report["all"][key]:
        sides = [report[part][key].get(name) for part in PARTS]
        cells = [" | ".join(f"{_cell(side and side[figure]):>5}" for side in sides) for figure in columns.values()]
        yield f"{name:<22}" + "".join(f"{cell:>18}" for cell in cells)


def _confusion(table: dict[str, dict[str, int]]) -> Iterator[str]:
    yield ""
    yield f"{'level should be ↓ is →':<28}" + "".join(f"{level:>6}" for level in LEVELS)
    for expected, row in table.items():
        if any(row.values()):
            yield f"{expected:<28}" + "".join(f"{row[level] or '·':>6}" for level in LEVELS)


def _too_low(part: str, misses: list[dict[str, Any]]) -> Iterator[str]:
    yield ""
    yield f"level too low, {part.replace('_', ' ')}: {len(misses)}"
    for miss in misses:
        why = ", ".join(miss["rules"]) or "no rule"
        yield f"  {miss['id']:<20}{miss['expected']:<18} decided {miss['decided']:<18} ({miss['kind']}; {why})"


def _cell(value: float | None) -> str:
    if value is None:
        return "·"
    return f"{value:.2f}" if isinstance(value, float) else f"{value}"


def misses(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """Every comment of the tuning part that came out otherwise than it should, for whoever writes phrases."""
    for outcome in _of(outcomes, "tuning"):
        if not outcome.is_right:
            label, miss = outcome.label, _miss(outcome)
            yield f"{label.id}: {label.text}"
            yield f"    should be {miss['expected']} ({label.expect.kind}), is {miss['decided']} ({miss['kind']})"
            yield f"    rules {', '.join(miss['rules'])}; topics {', '.join(miss['topics']) or 'none'}"
