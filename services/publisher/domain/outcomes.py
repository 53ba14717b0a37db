"""How an attempt to publish can end, and what a look can see: two closed unions, each matched once.

What must stay true: ``Unknown`` is said whenever the platform may have taken the reply. A reply posted twice is worse
than one posted late, so every other outcome but ``Published`` promises that nothing of this attempt stands.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Published:
    """The platform took the reply. ``native_id`` is its own id of it."""

    native_id: str
    url: str | None = None


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
    """A look did not come about, or did not reach far enough back: it says nothing."""

    detail: str


Sighting = Found | Absent | CannotSee

NOT_POSSIBLE = "not_possible"
"""The reason of what can no longer be answered at all."""

_NAMES: dict[type[Outcome | Sighting], str] = {
    Published: "published",
    Throttled: "throttled",
    Unavailable: "unavailable",
    Refused: "refused",
    CredentialsDead: "credentials_dead",
    Unknown: "unknown",
    Found: "found",
    Absent: "absent",
    CannotSee: "cannot_see",
}


def name_of(outcome: Outcome | Sighting) -> str:
    """The word for an outcome in the attempts table, the log and the metrics."""
    return _NAMES[type(outcome)]


def detail_of(outcome: Outcome | Sighting) -> str | None:
    """What a person may want to know beyond the word, if anything."""
    match outcome:
        case Published(native_id) | Found(native_id):
            return native_id
        case _:
            return outcome.detail
