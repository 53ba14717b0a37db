"""Reading an agency's rules over a comment, in order.

Findings add up: the highest sensitivity, damage and level, the shortest clock, all sign-offs and duties; the first
disposition stands. A rule with ``stop`` ends the reading for its own layer and for those that it binds: a unit cannot
silence its agency or a sibling, nobody silences the centre. Nor can it by what it finds: where units have rules the
agency's are read without them as well, and what they ask for then is kept. Only rules that could hold are looked at:
each waits under one of its conditions (a phrase, a topic, a kind), so that a thousand rules cost little more than ten.
"""

import copy
import zlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple, Self

from services.policy.domain.deciding import lines
from services.policy.domain.deciding.conditions import conditions_of, keys_of, left_to_try, plain, waits_under
from services.policy.domain.deciding.findings import Findings, Matched, Minimum, Nearly, Situation
from services.policy.domain.deciding.layers import Silenced, fills_a_gap, settle, stops
from services.policy.domain.deciding.levels import Needed, needed
from services.policy.domain.policies import Policy, Rule

LINE_FITS = "line_fits"
SECOND_LOOK = "second_look"
"""The duty of looking again at a sampled comment that will get no answer."""

_NO_RULES: frozenset[int] = frozenset()


class Reading(NamedTuple):
    """One rule over one comment, for the full trace: whether it was read or an earlier one had ended the reading, what
    it looked at, and the conditions that do not hold."""

    rule: Rule
    was_read: bool
    saw: dict[str, Any]
    failed: tuple[str, ...]


class RuleBook:
    """A policy's rules, compiled once."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._lines = lines.LineIndex(policy)
        self._rules = policy.rules
        self._conditions = [conditions_of(rule) for rule in self._rules]
        self._left = [left_to_try(rule) for rule in self._rules]
        self._waiting: dict[tuple[str, str], list[int]] = defaultdict(list)
        self._always: list[int] = []
        self._last: list[int] = []
        self._unit = {place: rule.unit for place, rule in enumerate(self._rules) if rule.unit is not None}
        self._of_unit: dict[str, frozenset[int]] = {}
        for place, rule in enumerate(self._rules):
            if rule.unit is not None:
                self._of_unit[rule.unit] = self._of_unit.get(rule.unit, _NO_RULES) | {place}
            if rule.when.conflict is not None:
                self._last.append(place)
                continue
            keys = waits_under(rule)
            for key in keys:
                self._waiting[key].append(place)
            if not keys:
                self._always.append(place)

    def with_lines(self, index: lines.LineIndex) -> Self:
        """The same rules, with other lines that may answer."""
        other = copy.copy(self)
        other._lines = index
        return other

    def read(self, situation: Situation) -> Findings:
        """Everything that the rules find for one comment."""
        candidates = self._candidates(situation)
        findings = self._reading(candidates, situation)
        for unread in self._of_others(candidates):
            others = [place for place in candidates if place not in unread]
            self._keep(self._reading(others, situation), situation, findings)
        if findings.conflict:
            self._resolve(situation, findings)
        if findings.line is not None and not _is_by_line(findings):
            findings.line = None
        return findings

    def _reading(self, candidates: list[int], situation: Situation) -> Findings:
        findings = self._first_findings(situation)
        silenced = None
        for place in candidates:
            rule = self._rules[place]
            if (silenced is None or silenced.reads(rule)) and self._holds(place, situation, findings):
                self._add(place, situation, findings)
                if stops(rule, situation):
                    silenced = silenced or Silenced()
                    silenced.by(rule)
        return findings

    def _of_others(self, candidates: list[int]) -> Iterator[frozenset[int]]:
        """The rules of units that are to be left unread: all of them and, where several units speak, all but one's."""
        speaking = {self._unit[place] for place in candidates if place in self._unit}
        if not speaking:
            return
        everyones = _NO_RULES.union(*(self._of_unit[unit] for unit in speaking))
        yield everyones
        if len(speaking) > 1:
            yield from (everyones - self._of_unit[unit] for unit in sorted(speaking))

    def _keep(self, without: Findings, situation: Situation, findings: Findings) -> None:
        """Add, as read last, the rules that hold only where those of (other) units are not read."""
        known = {each.rule.id for each in findings.matched}
        findings.conflict = findings.conflict or without.conflict
        for each in without.matched:
            if each.rule.id not in known and not fills_a_gap(each.rule):
                settle(each.rule, findings)
                self._weigh(each, situation, findings)

    def read_all(self, situation: Situation, findings: Findings) -> Iterator[Reading]:
        """Every rule of the policy over a comment, against what was found at the end: the full trace."""
        matched = {each.rule.id for each in findings.matched}
        silenced = Silenced()
        for rule, conditions in zip(self._rules, self._conditions, strict=True):
            was_read = rule.id in matched or silenced.reads(rule)
            if rule.id in matched and stops(rule, situation):
                silenced.by(rule)
            failed = tuple(each.name for each in conditions if not each.holds(situation, findings))
            wanted = rule.when.line_fits
            if wanted is not None and wanted != (findings.line is not None):
                failed = (*failed, LINE_FITS)
            saw = {each.name: plain(each.saw(situation, findings)) for each in conditions}
            yield Reading(rule, was_read, saw, failed)

    def needed(self, situation: Situation, findings: Findings) -> Needed:
        """The level for what has been found so far."""
        return needed(self._policy, findings, kinds=situation.seen.kinds, closed=situation.closed)

    def _first_findings(self, situation: Situation) -> Findings:
        findings = Findings()
        for name in situation.seen.topics:
            topic = self._policy.topic(name)
            if topic.sensitivity > findings.sensitivity:
                findings.sensitivity = topic.sensitivity
            findings.hurt(topic.damage)
        return findings

    def _candidates(self, situation: Situation) -> list[int]:
        waiting = self._waiting
        places = [*self._always]
        for key in keys_of(situation):
            if key in waiting:
                places += waiting[key]
        return sorted(set(places))

    def _holds(self, place: int, situation: Situation, findings: Findings) -> bool:
        missing = None
        for name, holds, _ in self._left[place]:
            if not holds(situation, findings):
                if missing is not None:
                    return False
                missing = name
        rule = self._rules[place]
        wanted = rule.when.line_fits
        if missing is None and wanted is not None and wanted != self._line_fits(situation, findings):
            missing = LINE_FITS
        if missing is None:
            return True
        if len(self._conditions[place]) > 1 or wanted is not None:
            findings.nearly.append(Nearly(rule, missing))
        return False

    def _line_fits(self, situation: Situation, findings: Findings) -> bool:
        if findings.disposition is not None:
            return False
        asked = lines.Asked(
            seen=situation.seen,
            public=situation.comment.public,
            sensitivity=findings.sensitivity,
            damage=findings.damage,
            level=self.needed(situation, findings).of_a_line,
            crisis="crisis" in situation.periods,
            now=situation.now,
            platform=situation.comment.platform,
            handle=situation.comment.handle,
        )
        fit = self._lines.fitting(asked)
        findings.line, findings.doubts = fit.line, fit.doubts
        return fit.line is not None

    def _add(self, place: int, situation: Situation, findings: Findings) -> None:
        rule = self._rules[place]
        saw = {each.name: plain(each.saw(situation, findings)) for each in self._conditions[place]}
        settle(rule, findings)
        self._weigh(Matched(rule, saw), situation, findings)

    def _weigh(self, matched: Matched, situation: Situation, findings: Findings) -> None:
        """Add all that a rule asks for but its disposition."""
        findings.matched.append(matched)
        rule, then = matched.rule, matched.rule.then
        if then.sensitivity is not None and then.sensitivity > findings.sensitivity:
            findings.sensitivity = then.sensitivity
        if then.damage is not None:
            findings.hurt(then.damage)
        if then.level is not None:
            findings.minimums.append(Minimum(rule.id, then.level, then.spares_lines))
        if then.level_up:
            findings.ups.append((rule.id, then.level_up))
        if then.approvals > findings.approvals:
            findings.approvals = then.approvals
        findings.faster = findings.faster or then.clock_faster
        if then.signoffs:
            findings.signoffs += [each for each in then.signoffs if each not in findings.signoffs]
        if then.duties:
            findings.duties += [duty for duty in then.duties if duty not in findings.duties]
        if then.sample and _is_sampled(situation, then.sample) and SECOND_LOOK not in findings.duties:
            findings.duties.append(SECOND_LOOK)
        if then.clock is not None:
            findings.clock = self._shorter(findings.clock, then.clock)

    def _resolve(self, situation: Situation, findings: Findings) -> None:
        """Rules on a conflict of dispositions are read after all others; that of the first of them stands."""
        settled = None
        for place in self._last:
            if self._holds(place, situation, findings):
                settled = settled or self._rules[place].then.disposition
                self._add(place, situation, findings)
        findings.disposition = settled or findings.disposition

    def _shorter(self, known: str | None, other: str) -> str:
        if known is None:
            return other
        return min(known, other, key=lambda clock: self._policy.clocks[clock].answer)


def _is_by_line(findings: Findings) -> bool:
    """Whether the disposition that stands is that of a rule by which a fitting line answers."""
    return any(
        rule.then.automatic and rule.when.line_fits and rule.then.disposition == findings.disposition
        for rule, _ in findings.matched
    )


def _is_sampled(situation: Situation, share: float) -> bool:
    """Decided by the comment itself, so that it is sampled alike in a replay."""
    comment = situation.comment
    drawn = zlib.crc32(f"{comment.platform} {comment.author} {comment.text}".encode("utf-8", "surrogatepass"))
    return drawn < share * 2**32
