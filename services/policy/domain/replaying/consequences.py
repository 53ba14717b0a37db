"""How much a difference between two outcomes matters, so that a policy owner reads the gravest first.

Each difference has a size. Sizes add up, doubled; a loosening (fewer eyes, a citizen who gets no answer, words that
nobody saw) counts one more, so that of two differences of one size it stands above the tightening.
"""

from collections.abc import Iterator
from typing import NamedTuple

from services.policy.domain.deciding.findings import SILENT
from services.policy.domain.deciding.outcomes import Outcome
from services.policy.domain.scales import LEVELS, Disposition

RELEASED = 1000
"""Something goes out, or is hidden, without a person, that was not; or the reverse."""
HEARD = 500
"""Silence instead of an answer, or the reverse."""
HIDDEN = 300
"""A comment is hidden that was not, or the reverse."""
LEVEL_STEP, LEVEL_HIGHER = 100, 10
"""The level: each step of distance, and each step that the higher of the two stands above L0."""
SIGNOFF = 60
"""Each specialist's consent, lost or gained."""
APPROVAL = 40
"""Each approval more or fewer."""
BREACH = 40
"""The consents fit the clock no longer, or fit it now."""
DISPOSITION = 30
"""Another disposition of the same sort: refer instead of answer."""
LINE = 20
"""Other cleared words go out."""
CLOCK, MOST_DOUBLINGS = 10, 4
"""The time for the answer: each doubling or halving begun."""
OWNER = 5
"""Somebody else answers."""
ANYTHING = 1
"""Whatever else differs: other rules with the same outcome."""


class _Difference(NamedTuple):
    size: int
    loosens: bool = False


def consequence(old: Outcome, new: Outcome) -> int:
    """How grave the change from ``old`` to ``new`` is: 0 where they are alike, else the more the graver."""
    if old == new:
        return 0
    found = [*_who_sees_it(old, new), *_what_the_citizen_gets(old, new)] or [_Difference(ANYTHING)]
    return sum(2 * each.size + each.loosens for each in found)


def _who_sees_it(old: Outcome, new: Outcome) -> Iterator[_Difference]:
    if _by_itself(old) != _by_itself(new):
        yield _Difference(RELEASED, loosens=_by_itself(new))
    if old.level != new.level:
        lower, higher = sorted((LEVELS.index(old.level), LEVELS.index(new.level)))
        yield _Difference(LEVEL_STEP * (higher - lower) + LEVEL_HIGHER * higher, loosens=new.level < old.level)
    lost, gained = set(old.signoffs) - set(new.signoffs), set(new.signoffs) - set(old.signoffs)
    if lost or gained:
        yield _Difference(SIGNOFF * len(lost | gained), loosens=bool(lost))
    if old.approvals != new.approvals:
        yield _Difference(APPROVAL * abs(new.approvals - old.approvals), loosens=new.approvals < old.approvals)
    if old.owner != new.owner:
        yield _Difference(OWNER)


def _what_the_citizen_gets(old: Outcome, new: Outcome) -> Iterator[_Difference]:
    if old.disposition != new.disposition:
        yield _by_disposition(old.disposition, new.disposition)
    if old.line != new.line and old.line is not None and new.line is not None:
        yield _Difference(LINE)
    if old.answer_within != new.answer_within:
        longer = new.answer_within > old.answer_within
        yield _Difference(CLOCK * _doublings(old.answer_within, new.answer_within), loosens=longer)
    if old.breach != new.breach:
        yield _Difference(BREACH, loosens=new.breach)


def _by_disposition(old: Disposition, new: Disposition) -> _Difference:
    if "moderate" in (old, new):
        return _Difference(HIDDEN, loosens=new == "moderate")
    if (old in SILENT) != (new in SILENT):
        return _Difference(HEARD, loosens=new in SILENT)
    return _Difference(DISPOSITION)


def _by_itself(outcome: Outcome) -> bool:
    return outcome.line is not None or (outcome.disposition == "moderate" and outcome.level == "L0")


def _doublings(minutes: int, others: int) -> int:
    """How often the smaller must be doubled to reach the larger, 1 at least and ``MOST_DOUBLINGS`` at most."""
    smaller, larger = sorted((minutes, others))
    return min(max(1, (-(-larger // smaller) - 1).bit_length()), MOST_DOUBLINGS)
