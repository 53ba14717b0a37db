"""The story of ingest: authenticate, read, keep, accept.

A delivery is taken in only if its account is known and its bytes are signed; it is accepted only once it is committed.
Nothing is kept of what is refused. What is authentic is never refused: what cannot be read is set aside with its bytes,
what is not used is counted.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import Elsewhere, Entry, Kept, Malformed, Revoked, Undelivered, Unused
from services.ingest.domain.refusals import BadSignature, StaleSignature, UnknownAccount, Unreadable
from services.ingest.platforms import WEBHOOKS
from services.ingest.platforms.base import Answer, Headers, Webhook
from services.ingest.ports import Accounts, Arrival, Health, Keeper
from shared import tracing
from shared.ids import uuid7

MISADDRESSED = "misaddressed"
"""The kind under which entries for accounts that we do not have are counted."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A body that a platform pushed. Header names are lower-case."""

    platform: str
    account: str
    headers: Headers
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Accepted:
    """What a delivery brought: changes, repeats of what was known, kinds that are not used, nothing readable, or word
    of what has not arrived."""

    changed: int = 0
    repeated: int = 0
    unused: Mapping[str, int] = field(default_factory=dict)
    unreadable: str | None = None
    undelivered: int = 0


async def take_in(delivery: Delivery, accounts: Accounts, keeper: Keeper, health: Health, now: datetime) -> Accepted:
    """Take in what a platform pushed. Raises ``UnknownAccount``, ``BadSignature``, ``StaleSignature`` or
    ``ReusedSignature``."""
    webhook, account = addressee(delivery.platform, delivery.account, accounts)
    try:
        webhook.authenticate(delivery.body, delivery.headers, account.secrets, now)
    except (BadSignature, StaleSignature):
        health.refused(account, now)
        raise
    health.heard(account, now)
    found = _sort(_read(delivery, account, now), _Addresses(delivery, account, accounts, now))
    once = webhook.once(delivery.body, delivery.headers) if webhook.once is not None else None
    if found.is_empty and once is None:
        return Accepted(unused=found.unused)
    trace = tracing.traceparent(delivery.headers.get("traceparent"))
    body = webhook.cut(delivery.body)
    arrival = Arrival(
        uuid7(), account, body, now, found.kept, found.unreadable, trace, found.revoked, once, found.undelivered
    )
    filed = await keeper.keep(arrival)
    repeated = len(found.kept) - filed.changed
    return Accepted(filed.changed, repeated, found.unused, found.unreadable, len(found.undelivered))


def answer_handshake(platform: str, account: str, query: Mapping[str, str], accounts: Accounts) -> Answer:
    """The answer to a platform that asks whether we are there. Raises ``UnknownAccount`` or ``BadHandshake``."""
    webhook, known = addressee(platform, account, accounts)
    return webhook.handshake(query, known)


def addressee(platform: str, account: str, accounts: Accounts) -> tuple[Webhook, Account]:
    """Platform and account of a route; raises ``UnknownAccount``."""
    webhook, known = WEBHOOKS.get(platform), accounts.find(platform, account)
    if webhook is None or known is None:
        raise UnknownAccount
    return webhook, known


Told = tuple[str, Entry]
"""An entry, and the platform that it is told by."""


@dataclass(slots=True)
class _Sorted:
    """What a body says, by what is to be done with it."""

    kept: list[tuple[Account, Kept]] = field(default_factory=list)
    revoked: list[tuple[Account, Revoked]] = field(default_factory=list)
    undelivered: list[tuple[Account, Undelivered]] = field(default_factory=list)
    unused: Counter[str] = field(default_factory=Counter)
    unreadable: str | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to write down."""
        return not (self.kept or self.revoked or self.undelivered) and self.unreadable is None


def _read(delivery: Delivery, account: Account, now: datetime) -> Iterator[Told]:
    """All that the body says, by its own platform and by those whose parts it carries along."""
    platforms = [delivery.platform]
    for platform in platforms:
        try:
            reading = WEBHOOKS[platform].read(delivery.body, delivery.headers, account, now)
        except Unreadable as error:
            reading = (Malformed(account.account, error.reason),)
        for entry in reading:
            if not isinstance(entry, Elsewhere):
                yield platform, entry
            elif entry.platform not in platforms:
                platforms.append(entry.platform)


def _sort(told: Iterable[Told], addresses: "_Addresses") -> _Sorted:
    found = _Sorted()
    for platform, entry in told:
        match entry:
            case Unused(kind=kind):
                found.unused[kind] += 1
            case Elsewhere():
                pass  # read already, as its own platform's
            case Malformed(reason=reason):
                found.unreadable = found.unreadable or reason
            case _ if (account := addresses.find(platform, entry.account)) is None:
                found.unused[MISADDRESSED] += 1
            case Revoked():
                found.revoked.append((account, entry))
            case Undelivered():
                found.undelivered.append((account, entry))
            case _:
                found.kept.append((account, entry))
    return found


class _Addresses:
    """The accounts that the entries of a delivery are for: its own, and those that share its secret."""

    def __init__(self, delivery: Delivery, account: Account, accounts: Accounts, now: datetime) -> None:
        self._delivery = delivery
        self._accounts = accounts
        self._now = now
        self._found: dict[tuple[str, str], Account | None] = {(delivery.platform, account.account): account}

    def find(self, platform: str, native: str) -> Account | None:
        """The account; None for one that we do not have, or that is signed for by another secret."""
        place = platform, native
        if place not in self._found:
            other = self._accounts.find(platform, native)
            self._found[place] = other if other is not None and self._is_signed_for(other) else None
        return self._found[place]

    def _is_signed_for(self, account: Account) -> bool:
        try:
            WEBHOOKS[account.platform].authenticate(
                self._delivery.body, self._delivery.headers, account.secrets, self._now
            )
        except (BadSignature, StaleSignature):
            return False
        return True
