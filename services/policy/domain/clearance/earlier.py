"""What went before in a conversation: what each of an author's comments was found to be, and what became of it."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from services.policy.domain.deciding.findings import SILENT
from services.policy.domain.scales import Disposition, Kind

ENDS_FOR = timedelta(days=30)
"""What was said longer ago counts for no ending: whoever comes back after that is answered again."""

_ANSWERED = ("released", "answered")


class Earlier(NamedTuple):
    """One comment before: ``state`` is that of its turn, ``line`` what answered it by itself, ``reach`` how many had
    seen it when it came, ``at``."""

    kind: Kind
    disposition: Disposition
    topics: tuple[str, ...] = ()
    line: str | None = None
    state: str = "waiting"
    reach: int | None = None
    at: datetime | None = None


def lately(earlier: Sequence[Earlier], now: datetime) -> list[Earlier]:
    """Those of these comments that count for an ending."""
    return [each for each in earlier if each.at is None or now - each.at <= ENDS_FOR]


def topics_of(earlier: Sequence[Earlier]) -> tuple[str, ...]:
    """Every subject of these comments."""
    return tuple(sorted({topic for each in earlier for topic in each.topics}))


def reach_of(earlier: Sequence[Earlier]) -> int | None:
    """How many had seen the one of them that most had seen; None where no platform told."""
    return max((each.reach for each in earlier if each.reach is not None), default=None)


def is_answered(earlier: Sequence[Earlier]) -> bool:
    """Whether one of them was answered, and none waits."""
    states = {each.state for each in earlier}
    return not states.isdisjoint(_ANSWERED) and "waiting" not in states


def is_ended(earlier: Sequence[Earlier], ends: Callable[[str], bool]) -> bool:
    """Whether the last of them that was not passed over in silence was answered by a line that ``ends`` exchanges."""
    last = next((each for each in reversed(earlier) if each.disposition not in SILENT), None)
    return last is not None and last.line is not None and ends(last.line)
