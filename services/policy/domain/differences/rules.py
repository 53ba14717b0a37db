"""What differs in the rules of a policy: what each asks for, where it holds, and when it is read."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.policy.domain.differences.spoken import instead, quoted, several, spaced, value
from services.policy.domain.differences.told import Difference, Told, compared
from services.policy.domain.differences.vocabulary import patterns_of, phrases_of
from services.policy.domain.policies import Clock, Policy, Rule
from services.policy.domain.when import Then, When


def rules(before: Policy, now: Policy) -> Iterator[Difference]:
    """Rules, by id."""
    clocks = {**before.clocks, **now.clocks}
    old, new = ({rule.id: rule for rule in policy.rules} for policy in (before, now))
    yield from compared(
        "rules",
        old,
        new,
        title=lambda _, rule: f"Rule {rule.id} {quoted(rule.name)}",
        changed=lambda was, rule: _rule(was, rule, clocks),
        added=lambda rule: Told(f"is new: {asks(rule.then)}.", _weight(rule.then)),
        removed=lambda rule: Told(f"is gone: {asks(rule.then)}.", _lightened(rule.then)),
    )
    yield from _moved(old, new)


def asks(then: Then) -> str:
    """What a rule finds, in a few words."""
    found = then.model_dump(mode="json", exclude_defaults=True)
    said = [spaced(name) if given is True else f"{spaced(name)} {value(given)}" for name, given in found.items()]
    return ", ".join(said) if said else "it finds nothing"


def _weight(then: Then) -> bool | None:
    if then.automatic or then.spares_lines:
        return False
    asked = (then.level, then.level_up, then.approvals, then.signoffs, then.sensitivity, then.damage, then.duties)
    return True if any(asked) and not then.stop else None


def _lightened(then: Then) -> bool | None:
    weight = _weight(then)
    return None if weight is None else not weight


def _rule(before: Rule, now: Rule, clocks: Mapping[str, Clock]) -> Iterator[Told]:
    if before.name != now.name:
        yield Told(f"was called {quoted(before.name)}.")
    if before.stage != now.stage:
        yield Told(f"is read in stage {instead(now.stage, before.stage)}.")
    if (before.layer, before.unit) != (now.layer, now.unit):
        yield Told(f"is {_whose(now)} instead of {_whose(before)}.")
    yield from _when(before.when, now.when)
    yield from _then(before.then, now.then, clocks)


def _whose(rule: Rule) -> str:
    return f"the unit {rule.unit}'s" if rule.unit else f"the {rule.layer}'s"


def _when(before: When, now: When) -> Iterator[Told]:
    for name in When.model_fields:
        old, new = getattr(before, name), getattr(now, name)
        if old == new:
            continue
        if name == "phrase":
            yield from (Told(f"looks for {told.sentence}") for told in phrases_of(old, new))
        elif name == "pattern":
            yield from (Told(f"looks for {told.sentence}") for told in patterns_of(old, new))
        else:
            yield from _condition(spaced(name), old, new)


def _condition(name: str, old: Any, new: Any) -> Iterator[Told]:
    if new in (None, ()):
        yield Told(f"no longer asks that {name} is {_any(old)}.")
    elif old in (None, ()):
        yield Told(f"now holds only where {name} is {_any(new)}.")
    elif isinstance(old, tuple) and isinstance(new, tuple):
        if more := [each for each in new if each not in old]:
            yield Told(f"now also holds where {name} is {_any(more)}.")
        if fewer := [each for each in old if each not in new]:
            yield Told(f"no longer holds where {name} is {_any(fewer)}.")
    else:
        yield Told(f"holds where {name} is {instead(new, old)}.")


def _any(values: Any) -> str:
    return " or ".join(map(value, values)) if isinstance(values, (tuple, list)) else value(values)


def _then(before: Then, now: Then, clocks: Mapping[str, Clock]) -> Iterator[Told]:
    if before.disposition != now.disposition:
        yield Told(f"finds {instead(now.disposition, before.disposition)}.")
    for name, says in (("sensitivity", "finds sensitivity"), ("level", "needs at least level")):
        old, new = getattr(before, name), getattr(now, name)
        if old != new:
            yield Told(f"{says} {instead(new, old)}.", (new or "") > (old or ""))
    if before.damage != now.damage:
        yield Told(f"finds damage {instead(now.damage, before.damage)}.", _worse(before.damage, now.damage))
    for name, says in (
        ("level_up", "moves the level up by"),
        ("approvals", "needs at least so many approvals:"),
        ("sample", "is looked at a second time in this share of cases:"),
    ):
        old, new = getattr(before, name), getattr(now, name)
        if old != new:
            yield Told(f"{says} {value(new)} instead of {value(old)}.", new > old)
    yield from _lists(before, now)
    yield from _switches(before, now)
    if before.clock != now.clock:
        old_clock, new_clock = clocks.get(before.clock or ""), clocks.get(now.clock or "")
        sooner = new_clock.answer < old_clock.answer if old_clock and new_clock else None
        yield Told(f"runs by clock {instead(now.clock, before.clock)}.", sooner)


def _lists(before: Then, now: Then) -> Iterator[Told]:
    for specialism in now.signoffs:
        if specialism not in before.signoffs:
            yield Told(f"now also needs a {specialism} sign-off.", True)
    for specialism in before.signoffs:
        if specialism not in now.signoffs:
            yield Told(f"no longer needs a {specialism} sign-off.", False)
    if more := [each for each in now.duties if each not in before.duties]:
        yield Told(f"now also asks for {several(map(spaced, more))}.", True)
    if fewer := [each for each in before.duties if each not in now.duties]:
        yield Told(f"no longer asks for {several(map(spaced, fewer))}.", False)


_SWITCHES = {
    "automatic": ("now needs nobody further.", "now needs a person.", False),
    "spares_lines": ("now spares cleared lines its level.", "now asks its level of cleared lines too.", False),
    "clock_faster": ("now moves the clock one class up.", "no longer moves the clock up.", True),
}


def _switches(before: Then, now: Then) -> Iterator[Told]:
    for name, (on, off, tightens) in _SWITCHES.items():
        if getattr(before, name) != getattr(now, name):
            yield Told(on, tightens) if getattr(now, name) else Told(off, not tightens)
    if before.stop != now.stop:
        yield Told(
            {
                True: "now ends the reading.",
                False: "no longer ends the reading.",
                "unless_question": "now ends the reading unless something is asked.",
            }[now.stop]
        )


def _worse(before: Any, now: Any) -> bool | None:
    old, new = (max(each.values(), default="D0") if isinstance(each, dict) else each or "" for each in (before, now))
    return None if old == new else new > old


def _moved(before: Mapping[str, Rule], now: Mapping[str, Rule]) -> Iterator[Difference]:
    """Rules that are read at another place among those that both versions have in the same stage and layer."""
    both = [name for name in now if name in before and _reading(before[name]) == _reading(now[name])]
    places = {name: place for place, name in enumerate(name for name in before if name in both)}
    staying = set(_longest_rising([places[name] for name in both]))
    for name in both:
        if places[name] not in staying:
            beside = [other for other in both if _reading(now[other]) == _reading(now[name])]
            sentence = f"Rule {name} {quoted(now[name].name)} is now read {_where(name, beside)}."
            yield Difference("rules", name, "changed", sentence)


def _where(name: str, order: Sequence[str]) -> str:
    at = order.index(name)
    return f"after rule {order[at - 1]}" if at else f"before rule {order[1]}"


def _reading(rule: Rule) -> tuple[str, str, str | None]:
    return rule.stage, rule.layer, rule.unit


def _longest_rising(places: Sequence[int]) -> list[int]:
    """The longest run of numbers that rise: what has kept its order."""
    best: list[list[int]] = []
    for place in places:
        at = next((at for at, run in enumerate(best) if run[-1] >= place), len(best))
        run = [*(best[at - 1] if at else []), place]
        best[at : at + 1] = [run]
    return best[-1] if best else []
