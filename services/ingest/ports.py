"""What the story of intake needs from the world."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import Kept, Revoked, Undelivered
from services.ingest.domain.single_use import SingleUse


@dataclass(frozen=True, slots=True)
class Arrival:
    """One body as it came, with what is to be kept of it.

    ``kept`` are the entries, each with the account that it is addressed to. ``unreadable`` is the reason why the body
    (or a part of it) goes to the dead letters. ``traceparent`` is the trace that it began or came with. ``revoked`` are
    the rights that it says are gone, each with its account. ``once`` is what makes its proof good for this body only,
    where that is needed. ``undelivered`` is what it says has not arrived, each with the account that had sent it.
    """

    id: UUID
    account: Account
    body: bytes = field(repr=False)
    received_at: datetime
    kept: Sequence[tuple[Account, Kept]]
    unreadable: str | None = None
    traceparent: str | None = None
    revoked: Sequence[tuple[Account, Revoked]] = ()
    once: SingleUse | None = None
    undelivered: Sequence[tuple[Account, Undelivered]] = ()


@dataclass(frozen=True, slots=True)
class Filed:
    """What became of an arrival: the comment of each entry that has one (None for echoes and unknown ones), and how
    many of them changed anything."""

    comments: tuple[str | None, ...]
    changed: int


class Accounts(Protocol):
    """The accounts that are connected, in memory."""

    def find(self, platform: str, account: str) -> Account | None:
        """The account with this platform's own id."""


class Health(Protocol):
    """Where it is noticed how accounts are. Both are asked on every delivery and do no work of their own."""

    def heard(self, account: Account, now: datetime) -> None:
        """An authentic delivery came."""

    def refused(self, account: Account, now: datetime) -> None:
        """A delivery was not signed as agreed."""


class Keeper(Protocol):
    """Where arrivals are written down."""

    async def keep(self, arrival: Arrival) -> Filed:
        """Returns once everything of ``arrival``, and what it announces, is committed. Raises ``ReusedSignature``."""
