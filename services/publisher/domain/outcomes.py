"""How an attempt to publish or to change something can end, and what a look can see: closed unions, each matched once.

What must stay true: ``Unknown`` is said whenever the platform may have taken the reply. A reply posted twice is worse
than one posted late, so every other outcome but ``Published`` promises that nothing of this attempt stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Published:
    """The platform took the reply. ``native_id`` is its own id of it.

    ``rest`` is how many seconds the account had better be left alone, by what the platform says of its budget.
    """

    native_id: str
    url: str | None = None
    rest: float | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What was to be changed is as it should be, whoever made it so. ``native_id`` where it has another one now."""

    native_id: str | None = None
    detail: str = "done"


@dataclass(frozen=True, slots=True)
class CannotDo:
    """The platform has no such thing, or no longer allows it here: proof of what is ``not_possible``."""

    detail: str


@dataclass(frozen=True, slots=True)
class Throttled:
    """Refused for now: too much was sent. ``retry_after`` is what the platform asked for, in seconds."""

    retry_after: float | None = None
    detail: str = "too many requests"


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Nothing was sent: no connection came about."""

    detail: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Never: the same reply would be refused again. ``not_possible`` where there is nothing left to answer."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class CredentialsDead:
    """The account may not speak until a person gives it new credentials."""

    detail: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may stand or not: no answer, half an answer, or one that nobody can read."""

    detail: str


Outcome = Published | Throttled | Unavailable | Refused | CredentialsDead | Unknown
Effect = Done | CannotDo | Throttled | Unavailable | Refused | CredentialsDead | Unknown
"""How an attempt to change what stands can end. To change it again does no harm, so ``Unknown`` means: once more."""


@dataclass(frozen=True, slots=True)
class Found:
    """A look shows that the reply stands."""

    native_id: str
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Absent:
    """A look that reached far enough back does not show the reply."""

    detail: str = "not there"


@dataclass(frozen=True, slots=True)
class CannotSee:
    """A look did not come about, or did not reach far enough back: it says nothing.

    ``never`` is whether the platform offers no such look at all, so that another one would say no more.
    """

    detail: str
    never: bool = False


Sighting = Found | Absent | CannotSee


@dataclass(frozen=True, slots=True)
class Captured:
    """What stands on the platform, in its own words: evidence. ``text`` is plain, ``body`` as it was answered."""

    text: str
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Gone:
    """The platform says that it is not there any more (or not for us): evidence as well."""

    detail: str


View = Captured | Gone | CannotSee


@dataclass(frozen=True, slots=True)
class Measured:
    """Numbers of one post, by our names (``METRICS``); what the platform does not tell is left out, never 0.

    ``series`` names for each number the platform's own metric and version (``x/2 impression_count``): numbers of
    different series are not to be joined.
    """

    numbers: Mapping[str, int]
    series: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """No numbers this time: ``reason`` is ``not_offered`` (never on this platform), ``gone`` or ``no_answer``."""

    reason: Literal["not_offered", "gone", "no_answer"]
    detail: str = ""


Measure = Measured | Unmeasured
METRICS = ("views", "likes", "replies", "shares", "quotes", "saves", "delivered", "read")


@dataclass(frozen=True, slots=True)
class Probed:
    """What an account's credentials allow: True, False, or None where the platform does not tell.

    Rights are the channel's abilities by name (``reply``, ``edit``, ``delete``, ``hide``, ``read``, ``reach``).
    ``facts`` are limits that the platform told (``most_characters`` …).
    """

    rights: Mapping[str, bool | None]
    detail: str = ""
    facts: Mapping[str, int] = field(default_factory=dict)


Probe = Probed | CredentialsDead | Unavailable | Unknown


@dataclass(frozen=True, slots=True)
class Refreshed:
    """New secrets in place of the old ones; ``lives_for`` is how many seconds the token is good, None if not told."""

    secrets: Mapping[str, str] = field(repr=False)
    lives_for: float | None = None


Refresh = Refreshed | CredentialsDead | Unavailable | Unknown

NOT_POSSIBLE = "not_possible"
"""The reason of what can no longer be answered at all."""

MOVED = "the account is another agency's now"
"""What is said of all that an agency still had to do on an account that it has no longer."""

_NAMES: dict[type[Outcome | Effect | Sighting], str] = {
    Published: "published",
    Done: "done",
    CannotDo: "cannot_do",
    Throttled: "throttled",
    Unavailable: "unavailable",
    Refused: "refused",
    CredentialsDead: "credentials_dead",
    Unknown: "unknown",
    Found: "found",
    Absent: "absent",
    CannotSee: "cannot_see",
}


def name_of(outcome: Outcome | Effect | Sighting) -> str:
    """The word for an outcome in the attempts table, the log and the metrics."""
    return _NAMES[type(outcome)]


def detail_of(outcome: Outcome | Effect | Sighting) -> str | None:
    """What a person may want to know beyond the word, if anything."""
    match outcome:
        case Published(native_id) | Found(native_id):
            return native_id
        case _:
            return outcome.detail
