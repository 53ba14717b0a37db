"""To whom a case is passed up: the next authority who is there.

Nobody who is away is waited for: where no holder of a post and no stand-in of theirs is present, the next post above is
told at once. At the end of the chain stands the centre: whoever the agency's roster has on L5, and its duty officer,
who holds no post in the agency, decides nothing there, and sees to it that somebody does.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Self

from services.policy.domain.authority.mandates import Mandate, Weight
from services.policy.domain.authority.presence import Presence
from services.policy.domain.scales import Level

CENTRE: Level = "L5"


class Reach(NamedTuple):
    """Whom a case can be passed to: those of the agency, and the post of the centre's duty officer, if it has one."""

    presence: Presence
    centre_duty_post: str | None = None


class Above(NamedTuple):
    """Who has the authority for a case above a level, the lowest first, and whom it goes to (None: nobody).

    ``present`` tells whether that person can be expected at work; ``passed_over`` names the posts below them whose
    people cannot.
    """

    authorities: tuple[Mandate, ...]
    chosen: Mandate | None
    present: bool
    passed_over: tuple[str, ...]

    @classmethod
    def of(cls, found: Sequence[Mandate], presence: Presence, now: datetime) -> Self:
        """The first of these who is present; else the first who is at least not on leave."""
        there = next((each for each in found if presence.is_present(each.subject, now)), None)
        chosen = there or next((each for each in found if not presence.is_on_leave(each.subject, now)), None)
        before = found[: found.index(chosen)] if chosen else found
        over = dict.fromkeys(each.post for each in before if chosen is None or each.post != chosen.post)
        return cls(tuple(found), chosen, there is not None, tuple(over))


def above(presence: Presence, level: Level, weight: Weight, now: datetime) -> Above:
    """Who is above ``level`` and may decide on such a case."""
    return Above.of([each for each in _able(presence, weight, now) if each.level > level], presence, now)


def is_anybody_on(presence: Presence, level: Level, weight: Weight, now: datetime) -> bool:
    """Whether somebody on ``level`` itself, who may decide on such a case, is there."""
    return any(each.level == level and presence.is_present(each.subject, now) for each in _able(presence, weight, now))


def heads(presence: Presence, head: Level, weight: Weight, now: datetime) -> Above:
    """Who stands on the head's level or above for the subject, whatever their ceilings: to be told is no power."""
    found = [each for each in presence.holders(now) if each.level >= head and each.stands_for(weight.topics)]
    return Above.of(sorted(found, key=lambda each: each.level), presence, now)


def comes(found: Above, presence: Presence, now: datetime) -> datetime | None:
    """When the first of them will be there who comes while the agency works: the nights are for what cannot wait."""
    coming = (presence.comes(each.subject, now) for each in found.authorities)
    working = presence.time.working
    return min((moment for moment in coming if moment is not None and working.is_open(moment)), default=None)


def _able(presence: Presence, weight: Weight, now: datetime) -> list[Mandate]:
    held = presence.holders(now)
    able = [each for each in held if each.stands_for(weight.topics) and not each.exceeded_by(weight)]
    return sorted(able, key=lambda each: each.level)
