"""Subscriptions: what a subscriber wants to be told, what becomes of a delivery, and when an endpoint is given up.

Every (subscription, event) ends ``delivered``, ``exhausted``, ``disabled`` or ``cancelled``. A subscription belongs to
one agency and is told of that agency's business only.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from services.publisher.domain.retrying import Schedule

Status = Literal["unverified", "enabled", "disabled"]
Verification = Literal["none", "get", "post"]
"""How an address proves, before its first delivery, that it wants to be told: not at all, or by an echo."""
State = Literal["waiting", "sending", "delivered", "exhausted", "disabled", "cancelled"]
Kind = Literal["event", "test", "verification"]
"""What a delivery is: news, a test that its subscriber asked for, or the challenge to a new address."""
OutcomeName = Literal[
    "accepted", "refused", "redirected", "gone", "throttled", "not_echoed", "timeout", "broken", "not_connected", "lost"
]
"""What came of an attempt. ``not_connected`` is all that is said of an address that was not reached, for whatever
reason; ``lost`` of an attempt of which only the receiver knows how it ended."""

_OVERLOADED = frozenset({"timeout", "throttled"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt. ``retry_after`` is in seconds, ``excerpt`` the beginning of the answer's body."""

    name: OutcomeName
    status: int | None = None
    retry_after: float | None = None
    excerpt: bytes = b""

    @property
    def is_success(self) -> bool:
        return self.name == "accepted"


@dataclass(frozen=True, slots=True)
class Settlement:
    """What an attempt makes of its delivery; ``due_in`` says when it is tried again."""

    state: State
    failures: int
    due_in: timedelta | None = None


def outcome_of(status: int, retry_after: float | None = None, excerpt: bytes = b"") -> Outcome:
    """What an answer means: only 2xx is success, and a redirect is followed by nobody."""
    name: OutcomeName = "refused"
    if 200 <= status < 300:
        name = "accepted"
    elif 300 <= status < 400:
        name = "redirected"
    elif status == 410:
        name = "gone"
    elif status == 429:
        name = "throttled"
    return Outcome(name, status, retry_after, excerpt)


def after_attempt(
    failures: int, outcome: Outcome, schedule: Schedule, chance: float, *, one_off: bool = False
) -> Settlement:
    """What becomes of a delivery that had failed ``failures`` times before.

    Gone is gone: the endpoint is disabled with all that waits for it, or, where the address was given for one comment
    only (``one_off``), its delivery is cancelled.
    """
    if outcome.is_success:
        return Settlement("delivered", failures)
    if outcome.name == "gone":
        return Settlement("cancelled" if one_off else "disabled", failures + 1)
    wait = schedule.after(failures + 1, chance, retry_after=outcome.retry_after, overloaded=outcome.name in _OVERLOADED)
    return Settlement("exhausted" if wait is None else "waiting", failures + 1, wait)


CHALLENGE_CHARACTERS = 43
"""How long a challenge is: 32 random bytes in base64."""


def challenging(url: str, challenge: str = "x" * CHALLENGE_CHARACTERS) -> str:
    """The address with the challenge (characters of an address all of them) as its last query."""
    return f"{url}{'&' if '?' in url else '?'}challenge={challenge}"


def echoes(challenge: str, excerpt: bytes) -> bool:
    """Whether an answer repeats the challenge: as its whole body, or as the member ``challenge`` of a JSON object. Who
    sends back whatever it is sent has not understood."""
    said = excerpt.strip()
    if hmac.compare_digest(said, challenge.encode()):
        return True
    try:
        value = json.loads(said)
    except (ValueError, RecursionError):
        return False
    found = value.get("challenge") if isinstance(value, dict) else value
    return isinstance(found, str) and hmac.compare_digest(found.encode("utf-8", "replace"), challenge.encode())


@dataclass(frozen=True, slots=True)
class Patience:
    """How long an endpoint may do nothing but fail before it is warned of, and then disabled.

    Disabled is one that failed for ``disable_after`` without a success between, at least ``least_failures`` times, the
    last at least ``spread`` after the first.
    """

    disable_after: timedelta = timedelta(hours=120)
    least_failures: int = 10
    spread: timedelta = timedelta(hours=24)
    warn_after: tuple[timedelta, ...] = (timedelta(hours=24), timedelta(hours=72), timedelta(hours=108))


@dataclass(frozen=True, slots=True)
class Failing:
    """How long an endpoint has done nothing but fail. ``warned`` is how many warnings were given."""

    since: datetime
    last: datetime
    failures: int
    warned: int


def must_disable(failing: Failing, now: datetime, patience: Patience) -> bool:
    """Whether an endpoint is given up."""
    return (
        now - failing.since >= patience.disable_after
        and failing.failures >= patience.least_failures
        and failing.last - failing.since >= patience.spread
    )


def warnings_due(failing: Failing, now: datetime, patience: Patience) -> Sequence[timedelta]:
    """The warnings that are to be given now, each by the time after which it is."""
    passed = [after for after in patience.warn_after if now - failing.since >= after]
    return passed[failing.warned :]


def callback_subscription(agency: str, client: str) -> str:
    """The one id of the subscription that stands for the callbacks of a client's comments to an agency."""
    return f"sub_{hashlib.sha256(f'{agency}{chr(31)}{client}'.encode()).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class Breaker:
    """When an endpoint that fails is left alone for a while: from so many failures in a row on, for a time that doubles
    from ``first_seconds`` to ``most_seconds``. Shorter than the schedule's own waits, so that it holds back a backlog
    and no single delivery."""

    from_troubles: int = 5
    first_seconds: float = 5.0
    most_seconds: float = 60.0
