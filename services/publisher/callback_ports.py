"""What the story of callbacks needs from the world, as the story calls it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from services.publisher.domain.messages import Message
from services.publisher.domain.signing import Key
from services.publisher.domain.subscriptions import Kind, Outcome, Settlement, Verification


@dataclass(frozen=True, slots=True)
class Credentials:
    """What opens an endpoint beside the signature: never logged, never shown. Both parts are PEM."""

    bearer: str | None = field(default=None, repr=False)
    certificate: str | None = field(default=None, repr=False)
    private_key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a subscription's deliveries go. ``keys`` are all that sign at this moment, the newest first.

    ``version`` is that of the subscription as its owner last wrote it.
    """

    subscription: str
    url: str
    version: int
    verification: Verification
    keys: tuple[Key, ...]
    credentials: Credentials
    is_callback: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A delivery that is ours until the lease ends. ``failures`` is as it was before; ``claimed_at`` the database's
    time, ``lease`` the token that every later write must carry."""

    delivery: str
    agency: str
    message: str
    kind: Kind
    body: bytes
    failures: int
    lease: UUID
    claimed_at: datetime
    endpoint: Endpoint


@dataclass(frozen=True, slots=True)
class Settled:
    """What came of a claim. ``outcome`` is None where nothing was sent."""

    claim: Claim
    settlement: Settlement
    outcome: Outcome | None
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True)
class Request:
    """One request to an endpoint."""

    method: Literal["GET", "POST"]
    url: str
    headers: Mapping[str, str]
    body: bytes
    credentials: Credentials


class Deliveries(Protocol):
    """Where deliveries are claimed and settled."""

    async def claim(self, room: int, room_of: Mapping[str, int], each: int) -> Sequence[Claim]:
        """At most ``room`` due deliveries, ``each`` a subscription unless ``room_of`` says otherwise."""

    async def settle(self, settled: Settled) -> bool:
        """Write down what came of a claim; False if the lease had passed to another."""

    async def look_after(self) -> None:
        """Warn of endpoints that fail, disable those that did for too long, forget what is old."""


class Post(Protocol):
    """The way out."""

    async def send(self, request: Request) -> Outcome:
        """Send a request and read the beginning of its answer. Never raises for what the other side does."""


@dataclass(frozen=True, slots=True)
class CommentCallback:
    """Where a client wants to hear of the reply to a comment."""

    comment: str
    agency: str
    client: str
    url: str
    thread_key: str


class Audience(Protocol):
    """Those who are told, in the transaction of the events that they are told of."""

    async def remember(self, callbacks: Sequence[CommentCallback]) -> None:
        """Write down where clients want to hear of replies, and tell of those that ended before."""

    async def tell(self, messages: Sequence[Message]) -> None:
        """Make a delivery for each subscription that wants one of these."""

    async def tell_clients(self, replies: Sequence[tuple[str, Message]]) -> None:
        """Make a delivery for each comment that came with a callback."""
