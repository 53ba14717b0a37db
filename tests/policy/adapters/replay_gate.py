"""A replay that does nothing until its test says so: how long one takes depends on the machine, and so may no test."""

import os
import time
from pathlib import Path

from services.policy.adapters import replay_process
from services.policy.adapters.store.replays import UnderWay
from services.policy.domain.composing.composition import Above

GATE = "PARLEY_TEST_REPLAY_GATE"
"""Names a file; the replay begins when it is there."""


def work_when_told(url: str, above: Above, under_way: UnderWay) -> None:
    """In the place of ``replay_process.work``, which it does then."""
    while not Path(os.environ[GATE]).exists():
        time.sleep(0.01)
    replay_process.work(url, above, under_way)
