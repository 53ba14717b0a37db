"""What the publisher's stories need from the world, as the stories call it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from services.publisher.domain.outcomes import Effect, Measure, Outcome, Probe, Refresh, Sighting, View
from services.publisher.domain.publications import Nature, Progress, Publication, Release, Settlement
from services.publisher.domain.reach import Alarm, Measurement
from services.publisher.domain.tasks import Task
from shared.events import (
    AccountConnected,
    CaseClosed,
    CaseRouted,
    ModerationEnded,
    ModerationOrdered,
    PublicationCorrected,
    PublicationFailed,
    PublicationRetracted,
    Purpose,
    ResponsePublished,
)

AccountKey = tuple[str, str, str]
"""Agency, platform, and the platform's own id of the account."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What opens an account: never logged, never shown. ``base_url`` without a slash at its end.

    ``secrets`` are what a platform wants beside the token, by name (``refresh_token``, ``client_secret`` …).
    """

    token: str = field(repr=False)
    base_url: str
    version: str | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Claim:
    """A publication that is ours until the lease ends.

    ``progress`` is as it was before the claim. ``claimed_at`` is the database's time, ``lease`` the token that every
    later write must carry. ``credentials`` are None where the account has none, ``taken`` the native ids of our other
    replies in the thread.
    """

    publication: Publication
    progress: Progress
    lease: UUID
    claimed_at: datetime
    credentials: Credentials | None = None
    degraded: bool = False
    troubles: int = 0
    taken: frozenset[str] = frozenset()

    @property
    def account(self) -> AccountKey:
        """Whose slots and whose rest this claim counts for."""
        return self.publication.agency, self.publication.platform, self.publication.account


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try, for the record. ``outcome`` is a word of ``domain.outcomes``."""

    started_at: datetime
    ended_at: datetime
    outcome: str
    detail: str | None


@dataclass(frozen=True, slots=True)
class Settled:
    """A claim with what came of it; ``attempt`` is None where nothing was tried."""

    claim: Claim
    settlement: Settlement
    attempt: Attempt | None


class Channel(Protocol):
    """One platform. Never raises for what a platform does: whatever happens is an outcome.

    ``nature`` says what the platform can do at all; what it cannot is never asked of it.
    """

    nature: Nature
    needs_credentials: bool

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        """Put the reply there, with the publication's ``key`` as key where the platform takes one."""

    async def find(
        self, publication: Publication, sent_at: datetime, taken: Collection[str], credentials: Credentials | None
    ) -> Sighting:
        """Look whether the reply stands: ours, same text, not one of ``taken``, not before ``sent_at``."""

    async def change(self, task: Task, credentials: Credentials | None) -> Effect:
        """Carry a task out. That it is so already counts as done."""

    async def view(self, account: str, native_id: str, credentials: Credentials | None) -> View:
        """What stands on the platform under a native id: our reply or a citizen's comment."""

    async def measure(self, account: str, native_id: str, credentials: Credentials | None) -> Measure:
        """How far a post, ours or a citizen's, has come."""

    async def probe(self, account: str, credentials: Credentials) -> Probe:
        """Which of the rights that Parley needs the credentials give; changes nothing on the platform."""

    async def refresh(self, account: str, credentials: Credentials) -> Refresh:
        """Get new secrets for the ones that run out; called by one process at a time for an account."""


class Claims(Protocol):
    """The publications as the dispatcher sees them."""

    async def claim(self, room: int, room_of: Mapping[AccountKey, int], each: int) -> Sequence[Claim]:
        """At most ``room`` that are due, ``each`` an account unless ``room_of`` allows it otherwise."""

    async def settle(self, settled: Settled) -> bool:
        """Write down what came of a claim; False if the lease was no longer ours."""


class Bell(Protocol):
    """Rings when there may be something to claim."""

    def ring(self) -> None: ...

    def clear(self) -> None: ...

    async def wait(self, seconds: float) -> None: ...


class Work(Protocol):
    """The unit of work of one batch of events; whoever made it commits."""

    async def record(self, duties: Sequence[tuple[Publication, Release]]) -> None:
        """Write down duties that are not known yet."""

    async def connect(self, accounts: Sequence[AccountConnected]) -> None:
        """Remember accounts."""


class RecordWork(Protocol):
    """Receipts, the record and the timers of reach, in the unit of work of one batch; whoever made it commits."""

    async def route(self, events: Sequence[CaseRouted]) -> None:
        """Comments have their disposition; one that was closed before it is open again."""

    async def close(self, events: Sequence[CaseClosed]) -> None:
        """Comments end without an answer, or their case goes to another agency."""

    async def give_up(self, events: Sequence[PublicationFailed]) -> None:
        """Comments can no longer be answered."""

    async def answer(self, events: Sequence[ResponsePublished]) -> None:
        """Comments have their answer."""

    async def correct(self, events: Sequence[PublicationCorrected]) -> None:
        """Published responses read otherwise, or are followed by what puts them right."""

    async def retract(self, events: Sequence[PublicationRetracted]) -> None:
        """Published responses are taken back."""

    async def order(self, events: Sequence[ModerationOrdered]) -> None:
        """Remember the house rule under which comments are to be hidden."""

    async def moderate(self, events: Sequence[ModerationEnded]) -> None:
        """Comments are hidden, gone, or seen again."""

    async def watch(self, events: Sequence[ResponsePublished]) -> None:
        """Have the reach of answers measured, where their platform tells it and anybody could read them."""


@dataclass(frozen=True, slots=True)
class DueReach:
    """An answer whose reach is to be measured for the hour ``after_hours``: ours until the lease ends.

    ``series_before`` is what the numbers stood for the last time; ``failures`` counts tries for this hour.
    """

    publication: str
    agency: str
    platform: str
    account: str
    thread: str
    response: str
    case: str
    comments: tuple[str, ...]
    purpose: Purpose
    native_id: str
    reply_to: str
    published_at: datetime
    after_hours: int
    now: datetime
    lease: UUID
    failures: int = 0
    series_before: Mapping[str, str] = field(default_factory=dict)
    credentials: Credentials | None = None


class Reaches(Protocol):
    """Timers and measurements as the story of reach sees them. Every write is refused once the lease has passed."""

    async def claim(self, most: int) -> Sequence[DueReach]:
        """At most ``most`` that are due."""

    async def keep(self, due: DueReach, measurement: Measurement, alarm: Alarm | None) -> bool:
        """Write a measurement down, tell the world of it, and set the timer to its next hour."""

    async def put_off(self, due: DueReach, wait: timedelta) -> bool:
        """Try again for the same hour after ``wait``."""


Watch = Callable[[], float]
"""A monotonic clock, in seconds."""
