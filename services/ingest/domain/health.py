"""When an account is in trouble, how bad that is, and what shows that it is well again.

    kind         shows by                                     ends with
    silence      nothing heard for longer than is usual       anything heard: a delivery or a poll
    signatures   refused deliveries in a row, no good one     a good delivery
    token        a poll that the platform refuses             a good poll
    permission   the platform's word that a right is gone     new secrets

New secrets prove nothing until they are used, so what can be seen to work is waited for: a good delivery, a good poll.
A right is different. A delivery that was under way when it was taken away does not bring it back; whoever has it
restored says so by giving the secrets again, the same ones if they have not changed.

An account has one trouble at a time, the worst; a lesser one that is still there shows itself again.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

Kind = Literal["silence", "signatures", "token", "permission"]
Sign = Literal["delivery", "poll", "secrets"]
State = Literal["connected", "degraded", "disabled"]

WORSE_AND_WORSE: tuple[Kind, ...] = ("silence", "signatures", "token", "permission")
"""Each outranks those before it: silence is what one notices, the others are why."""

HEALS: Mapping[Sign, tuple[Kind, ...]] = {
    "delivery": ("silence", "signatures"),
    "poll": ("silence", "token"),
    "secrets": ("permission",),
}
"""What each good sign ends."""


class Trouble(NamedTuple):
    """What is wrong with an account. ``reason`` is for machines, ``detail`` for people: it says what to check."""

    kind: Kind
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Ailment:
    """A trouble as it stands on an account: its kind, and since when."""

    kind: Kind
    since: datetime

    def ended_by(self, sign: Sign, at: datetime) -> bool:
        """Whether a good sign at ``at`` ends it."""
        return self.kind in HEALS[sign] and at > self.since


def outranked(kind: Kind) -> tuple[Kind, ...]:
    """The lesser troubles, which give way to one of this kind."""
    return WORSE_AND_WORSE[: WORSE_AND_WORSE.index(kind)]


def signatures_failing(refused: int) -> Trouble:
    """``refused`` deliveries in a row were not signed as agreed."""
    return Trouble(
        "signatures",
        "signatures_failing",
        f"The last {refused} deliveries were refused because their signatures do not fit. Check that the secret here "
        "is the one that the platform signs with, and that no proxy changes the body. If the secret was leaked or "
        "guessed at, the platform's own deliveries still pass.",
    )


def silent(hours: float) -> Trouble:
    """Nothing was heard for ``hours``."""
    return Trouble(
        "silence",
        "silent",
        f"Nothing was heard for more than {hours:g} hours. Check on the platform that the subscription of this webhook "
        "is active and points here, or that the account still gets comments.",
    )
