"""The story of ingest: authenticate, read, keep, accept.

A delivery is taken in only if its account is known and its bytes are signed; it is accepted only once it is committed.
Nothing is kept of what is refused. What is authentic is never refused: what cannot be read is set aside with its bytes,
what is not used is counted.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import Kept, Malformed, Reading, Revoked, Unused
from services.ingest.domain.refusals import BadSignature, StaleSignature, UnknownAccount, Unreadable
from services.ingest.platforms import WEBHOOKS
from services.ingest.platforms.base import Answer, Headers, Webhook
from services.ingest.ports import Accounts, Arrival, Keeper
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
    """What a delivery brought: changes, repeats of what was known, kinds that are not used, or nothing readable."""

    changed: int = 0
    repeated: int = 0
    unused: Mapping[str, int] = field(default_factory=dict)
    unreadable: str | None = None


async def take_in(delivery: Delivery, accounts: Accounts, keeper: Keeper, now: datetime) -> Accepted:
    """Take in what a platform pushed. Raises ``UnknownAccount``, ``BadSignature`` or ``StaleSignature``."""
    platform, account = addressee(delivery.platform, delivery.account, accounts)
    platform.authenticate(delivery.body, delivery.headers, account.secrets, now)
    try:
        reading = platform.read(delivery.body, delivery.headers, account, now)
    except Unreadable as error:
        reading = (Malformed(account.account, error.reason),)
    kept = tuple(_addressed(reading, delivery, platform, account, accounts, now))
    unused = Counter(entry.kind for entry in reading if isinstance(entry, Unused))
    if lost := sum(not isinstance(entry, Revoked | Unused | Malformed) for entry in reading) - len(kept):
        unused[MISADDRESSED] = lost
    unreadable = next((entry.reason for entry in reading if isinstance(entry, Malformed)), None)
    if not kept and unreadable is None:
        return Accepted(unused=unused)
    trace = tracing.traceparent(delivery.headers.get("traceparent"))
    filed = await keeper.keep(Arrival(uuid7(), account, delivery.body, now, kept, unreadable, trace))
    return Accepted(filed.changed, len(kept) - filed.changed, unused, unreadable)


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


def _addressed(
    reading: Reading, delivery: Delivery, platform: Webhook, account: Account, accounts: Accounts, now: datetime
) -> Iterator[tuple[Account, Kept]]:
    """The entries to keep, each with its account; those for accounts that do not share the secret fall out."""
    others: dict[str, Account | None] = {account.account: account}
    for entry in reading:
        if isinstance(entry, Revoked | Unused | Malformed):
            continue
        if entry.account not in others:
            other = accounts.find(delivery.platform, entry.account)
            others[entry.account] = other if other and _signed_for(other, delivery, platform, now) else None
        addressed = others[entry.account]
        if addressed is not None:
            yield addressed, entry


def _signed_for(account: Account, delivery: Delivery, platform: Webhook, now: datetime) -> bool:
    try:
        platform.authenticate(delivery.body, delivery.headers, account.secrets, now)
    except (BadSignature, StaleSignature):
        return False
    return True
