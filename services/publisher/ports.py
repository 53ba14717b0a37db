"""What the publisher's stories need from the world, as the stories call it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from services.publisher.domain.outcomes import Effect, Measure, Outcome, Probe, Refresh, Sighting, View
from services.publisher.domain.publications import Nature, Progress, Publication, Release
from services.publisher.domain.settlements import Settlement
from services.publisher.domain.tasks import Ending, Task
from shared.events import (
    AccountConnected,
    AccountDisabled,
    ModerationOrdered,
    ReplyUndelivered,
    ResponseCorrected,
    ResponseRetracted,
)

AccountKey = tuple[str, str, str]
"""Agency, platform, and the platform's own id of the account."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What opens an account: never logged, never shown. ``base_url`` without a slash at its end.

    ``secrets`` are what a platform wants beside the token, by name (``refresh_token``, ``client_secret`` …). ``facts``
    are what the last probe told of the limits of the account's server.
    """

    token: str = field(repr=False)
    base_url: str
    version: str | None = None
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    facts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claim:
    """A publication that is ours until the lease ends.

    ``progress`` is as it was before the claim. ``claimed_at`` is the database's time, ``lease`` the token that every
    later write must carry. ``credentials`` are None where the account has none, ``taken`` the native ids of our other
    replies in the thread; ``moved`` says that the account is another agency's by now.
    """

    publication: Publication
    progress: Progress
    lease: UUID
    claimed_at: datetime
    credentials: Credentials | None = None
    degraded: bool = False
    troubles: int = 0
    taken: frozenset[str] = frozenset()
    moved: bool = False

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

    async def claim(
        self, room: int, room_of: Mapping[AccountKey, int], each: int, room_on: Mapping[str, int]
    ) -> Sequence[Claim]:
        """At most ``room`` that are due, ``each`` an account unless ``room_of`` allows it otherwise; of the platforms
        that ``room_on`` names no more than it says."""

    async def settle(self, settled: Settled) -> bool:
        """Write down what came of a claim; False if the lease was no longer ours."""


@dataclass(frozen=True, slots=True)
class Rooms:
    """How many may be claimed: in ``all``, ``each`` account's unless ``of`` says otherwise, ``each_on`` a platform's
    unless ``on`` does."""

    all: int
    each: int
    of: Mapping[AccountKey, int]
    each_on: int
    on: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ClaimedTask:
    """A task that is ours until the lease ends; ``attempts`` and ``age`` are as they were at ``claimed_at``, ``moved``
    says that the account is another agency's by now."""

    task: Task
    lease: UUID
    claimed_at: datetime
    age: timedelta
    attempts: int
    credentials: Credentials | None = None
    moved: bool = False


@dataclass(frozen=True, slots=True)
class SettledTask:
    """A claimed task with what came of it; ``evidence`` is what was seen before, as JSON."""

    claim: ClaimedTask
    effect: Effect
    ending: Ending
    evidence: dict[str, Any] | None


class Tasks(Protocol):
    """The tasks as their loop sees them."""

    async def claim(self, rooms: Rooms) -> Sequence[ClaimedTask]:
        """What is due and has room, that of accounts that rest left out."""

    async def settle(self, settled: SettledTask) -> bool:
        """Write down what came of a task, with what follows from it; False if the lease was no longer ours."""


class Bell(Protocol):
    """Rings when there may be something to claim."""

    def ring(self) -> None: ...

    def clear(self) -> None: ...

    async def wait(self, seconds: float) -> None: ...


class Work(Protocol):
    """The unit of work of one batch of events; whoever made it commits."""

    async def facts(self, accounts: Collection[AccountKey]) -> Mapping[AccountKey, Mapping[str, int]]:
        """What the servers of these accounts told of their limits; those that told nothing are left out."""

    async def record(self, duties: Sequence[tuple[Publication, Release]]) -> None:
        """Write down duties that are not known yet."""

    async def connect(self, accounts: Sequence[AccountConnected]) -> None:
        """Remember accounts."""

    async def disable(self, accounts: Sequence[AccountDisabled]) -> None:
        """Let accounts rest until they are connected again."""

    async def retract(self, order: ResponseRetracted) -> None:
        """Take a response back: what has not gone out does not go out, what stands is to be deleted."""

    async def correct(self, order: ResponseCorrected, natures: Mapping[str, Nature]) -> None:
        """Put a response right: what stands is to be edited where it can be, else a correction follows it."""

    async def moderate(self, order: ModerationOrdered, traceparent: str | None) -> None:
        """Write down what is to be done with a citizen's comment."""

    async def miss(self, told: Sequence[ReplyUndelivered]) -> None:
        """End what has not arrived, now or as soon as it is known what that was."""


@dataclass(frozen=True, slots=True)
class KeepClaim:
    """Credentials that are ours to renew and to probe until the lease ends.

    ``expires_in`` is how long the token is still good, None if nobody said; ``dead`` whether the platform refused it.
    ``given_at`` is when these secrets came; ``renewing_since`` when a renewal with them was begun of which nobody knows
    what came of it: they may be used up.
    """

    account_id: str
    agency: str
    platform: str
    account: str
    lease: UUID
    claimed_at: datetime
    credentials: Credentials | None
    expires_in: timedelta | None = None
    dead: bool = False
    failures: int = 0
    given_at: datetime | None = None
    renewing_since: datetime | None = None

    def wants_renewal(self, before: timedelta) -> bool:
        """Whether the token was refused, may have been replaced, or runs out within ``before``."""
        runs_out = self.expires_in is not None and self.expires_in <= before
        return self.dead or self.renewing_since is not None or runs_out


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of it: a renewal or a probe, and when to look again."""

    renewed: Refresh | None
    probed: Probe | None
    again_in: timedelta


class Keeper(Protocol):
    """The credentials as their loop sees them."""

    async def claim(self, rooms: Rooms) -> Sequence[KeepClaim]:
        """What is due and has room; one process at a time has an account's."""

    async def begin_renewal(self, claim: KeepClaim) -> bool:
        """Write down that the platform is asked for new secrets now; False if the lease was no longer ours."""

    async def settle(self, claim: KeepClaim, kept: Kept) -> bool:
        """Write down what came of it; False if the lease was no longer ours, and nothing of it is wanted."""


Watch = Callable[[], float]
"""A monotonic clock, in seconds."""
