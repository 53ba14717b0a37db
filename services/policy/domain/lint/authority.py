"""Lines that speak on an authority which nobody has: cleared by a person who does not stand on the level claimed.

A line answers by itself, under the authority of whoever cleared it; when that post is given up, somebody else must
clear the line anew.
"""

from collections.abc import Iterator

from services.policy.domain.lint.holes import Hole, hole
from services.policy.domain.lint.persons import Persons
from services.policy.domain.policies import Line
from services.policy.domain.witnesses.witnesses import Witness, Witnesses


def holes(witnesses: Witnesses) -> Iterator[Hole]:
    """One hole for each such line, with a comment that it answers."""
    persons = Persons(witnesses.policy.officers, witnesses.now)
    for line in witnesses.policy.lines:
        cleared = line.cleared_by
        officer = persons.clearing(cleared.officer, line.topics)
        if officer is None:
            sentence = f"it was cleared by {cleared.officer}, who holds no post now"
        elif officer.level < cleared.level:
            sentence = f"it was cleared on {cleared.level} by {cleared.officer}, who stands on {officer.level}"
        elif not officer.stands_for(line.topics):
            sentence = f"it was cleared by {cleared.officer}, who does not stand for its subjects"
        else:
            continue
        path = f"lines.{line.id}.cleared_by"
        yield hole("line-without-authority", "warning", path, sentence, _answered_by(line, witnesses))


def _answered_by(line: Line, witnesses: Witnesses) -> Witness | None:
    for rule in witnesses.policy.rules:
        if rule.when.line_fits and rule.then.automatic:
            return witnesses.find(lambda each: each.decision.line == line.id, rules=(rule,), topics=line.topics[:1])
    return None
