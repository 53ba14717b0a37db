"""The clock of what was transferred: it goes on with the receiver from where the sender's had come.

What remains counts in the receiver's working time, and is two hours at least. What runs around the clock cannot wait
for that: danger has the receiver's own times from the transfer on.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from shared.clock import rfc3339

LEAST_MINUTES = 120
"""What a receiver has at least."""

_SINCE = "carried_since"
_MARKS = ("acknowledge", "holding", "escalate", "to_head")


def carried_over(left: int | None, now: datetime, times: Mapping[str, Any]) -> dict[str, Any]:
    """The times of a clock class for what was transferred at ``now`` with ``left`` minutes (None: no clock ran). The
    marks before the answer stand at the same share of the way as in the class."""
    carried = {**times, _SINCE: rfc3339(now)}
    if left is None or times.get("around_the_clock"):
        return carried
    whole, answer = int(times["answer"]), max(left, LEAST_MINUTES)
    marks = {mark: -(-times[mark] * answer // whole) for mark in _MARKS if times.get(mark) is not None}
    return {**carried, **marks, "answer": answer}


def carried_since(times: Mapping[str, Any]) -> datetime | None:
    """When a clock was carried over; None for one that began with the receipt."""
    said = times.get(_SINCE)
    return None if said is None else datetime.fromisoformat(said)
