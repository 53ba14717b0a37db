"""Recorded bodies with one value replaced by another, in every place: what an authentic sender might write one day."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import deepcopy
from typing import Any

from services.ingest.domain.entries import Reading
from services.ingest.domain.refusals import Unreadable

VALUES: tuple[Any, ...] = (None, True, -1, 1.5, 10**400, "", "\x00\ud800", "9" * 300, [], [[]], {}, {"id": {}})
_UNSTORABLE = re.compile(r"\\x00|\\ud800")
"""As ``repr`` writes what no table takes: NUL and half a surrogate pair."""


def reads_whatever_comes(read: Callable[[bytes], Reading], body: bytes) -> bool:
    """Whether every garbled ``body`` is read or unreadable, without any other error, and what is read can be stored."""
    readings = []
    for one in _garbled(body):
        with suppress(Unreadable):
            readings.append(read(one))
    return bool(readings) and not any(_UNSTORABLE.search(repr(reading)) for reading in readings)


def _garbled(body: bytes) -> Iterator[bytes]:
    """``body`` with each of ``VALUES`` in each place of its JSON; of a list's elements, only the first is tried."""
    whole = json.loads(body)
    for place in _places(whole):
        for value in VALUES:
            copy = deepcopy(whole)
            inner = copy
            for step in place[:-1]:
                inner = inner[step]
            inner[place[-1]] = value
            yield json.dumps(copy).encode()


def _places(value: Any, above: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    steps = value if isinstance(value, dict) else range(min(len(value), 1)) if isinstance(value, list) else ()
    for step in steps:
        yield (*above, step)
        yield from _places(value[step], (*above, step))
