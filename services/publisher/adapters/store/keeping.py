"""Credentials as rows: claimed to be renewed and probed, settled under the claim's token.

What must stay true: a renewed token replaces the old one in the same transaction that lets the account go on; a token
that was given by a person meanwhile is never overwritten by a renewal of the one before. That a renewal is begun is
committed before the platform is asked; until its answer is, the old secrets stay, and ``renewing_since`` says that they
may be used up. The account is locked before its credentials, as everywhere.
"""

import json
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters.credentials import Vault
from services.publisher.adapters.store import accounts
from services.publisher.adapters.store.actor import ACTOR
from services.publisher.adapters.store.settling import cut
from services.publisher.domain.outcomes import CredentialsDead, Probed, Refreshed, Unknown
from services.publisher.ports import AccountKey, KeepClaim, Kept, Rooms
from shared import audit, outbox
from shared.audit import Entry
from shared.database import EVERY_AGENCY, Database
from shared.events import AccountDegraded, AccountRestored

MOST_DETAIL = 500
RENEWAL_LEASE = timedelta(seconds=180)
"""How long a renewal that is begun is nobody else's: the request, and as long as its answer may wait for the database.
A second use of a refresh token that is good once could cost the account what the first one brought."""


class PostgresKeeper:
    """The credentials in Postgres."""

    def __init__(self, database: Database, vault: Vault, *, lease: timedelta = timedelta(seconds=60)) -> None:
        self._database = database
        self._vault = vault
        self._lease = lease

    async def claim(self, rooms: Rooms) -> Sequence[KeepClaim]:
        token = uuid.uuid4()
        wanted: dict[str, Any] = {"most": rooms.all, "each_on": rooms.each_on}
        wanted |= {"open_on": list(rooms.on), "open_rooms": list(rooms.on.values())}
        wanted |= {"token": token, "lease": self._lease.total_seconds()}
        async with self._database.begin(EVERY_AGENCY) as connection:
            rows = (await connection.execute(_CLAIM, wanted)).all()
        return [self._claimed(row, token) for row in rows]

    def _claimed(self, row: Any, token: uuid.UUID) -> KeepClaim:
        return KeepClaim(
            account_id=row.account_id,
            agency=row.agency,
            platform=row.platform,
            account=row.account,
            lease=token,
            claimed_at=row.claimed_at,
            credentials=self._vault.open(row),
            expires_in=None if row.expires_at is None else row.expires_at - row.claimed_at,
            dead=row.degraded_reason is not None,
            failures=row.keep_failures,
            given_at=row.updated_at,
            renewing_since=row.renewing_since,
        )

    async def begin_renewal(self, claim: KeepClaim) -> bool:
        wanted = {"id": claim.account_id, "token": claim.lease, "lease": RENEWAL_LEASE.total_seconds()}
        async with self._database.begin(EVERY_AGENCY) as connection:
            return (await connection.execute(_BEGIN, wanted)).first() is not None

    async def settle(self, claim: KeepClaim, kept: Kept) -> bool:
        async with self._database.begin(EVERY_AGENCY) as connection:
            await connection.execute(_ACCOUNT_FIRST, {"id": claim.account_id})
            at = (await connection.execute(_SETTLE, self._columns(claim, kept))).scalar_one_or_none()
            if at is None:
                return False
            told = await _follow(connection, claim, kept)
            await outbox.stage(connection, told)
            entries = [*map(accounts.entry, told), *_entries(claim, kept)]
            await audit.append(connection, entries, at)
        return True

    def _columns(self, claim: KeepClaim, kept: Kept) -> dict[str, Any]:
        columns: dict[str, Any] = {
            "id": claim.account_id,
            "token": claim.lease,
            "again": kept.again_in.total_seconds(),
            "went_well": isinstance(kept.renewed or kept.probed, Refreshed | Probed),
            "sealed": None,
            "lives_for": None,
            "rights": None,
            "facts": None,
            "detail": None,
            "actor": ACTOR,
            "given_at": claim.given_at,
            "in_doubt": isinstance(kept.renewed, Unknown),
            "in_doubt_before": None if isinstance(kept.renewed, Refreshed) else claim.renewing_since,
        }
        match kept.renewed or kept.probed:
            case Refreshed(secrets, lives_for):
                assert claim.credentials is not None
                all_of_them = {"token": claim.credentials.token, **claim.credentials.secrets, **secrets}
                token = all_of_them.pop("token")
                columns |= {"sealed": self._vault.seal(claim.account_id, token, all_of_them), "lives_for": lives_for}
            case Probed(rights, detail, facts):
                told = {"rights": json.dumps(dict(rights)), "facts": json.dumps(dict(facts))}
                columns |= {**told, "detail": cut(detail, MOST_DETAIL)}
            case None:
                pass
            case trouble:
                columns["detail"] = cut(trouble.detail, MOST_DETAIL)
        return columns


async def _follow(connection: AsyncConnection, claim: KeepClaim, kept: Kept) -> list[AccountDegraded | AccountRestored]:
    key: AccountKey = (claim.agency, claim.platform, claim.account)
    found = kept.renewed or kept.probed
    if isinstance(found, CredentialsDead):
        why = accounts.RENEWAL_REFUSED if kept.renewed is not None else accounts.CREDENTIALS_DEAD
        return [*await accounts.degrade(connection, key, found.detail, why)]
    if isinstance(found, Refreshed | Probed):
        return [*await accounts.restore(connection, key)]
    return []


def _entries(claim: KeepClaim, kept: Kept) -> list[Entry]:
    if not isinstance(kept.renewed, Refreshed):
        return []
    renewed = Entry(
        agency=claim.agency, actor=ACTOR, action="credentials.renewed", subject=claim.account_id, details={}
    )
    return [renewed]


# So many of each platform, one of each before a second of any: the ten thousand of a dead one are not in front of
# others'. The row is asked once more under the lock.
_CLAIM = text("""
    WITH due AS MATERIALIZED (
        SELECT c.account_id, a.platform, a.account, a.degraded_reason,
               row_number() OVER (PARTITION BY a.platform ORDER BY c.keep_at) AS place
        FROM credentials AS c JOIN account AS a ON a.id = c.account_id AND a.agency = c.agency
        WHERE c.keep_at <= statement_timestamp() AND a.disabled_at IS NULL
          AND (c.keep_token IS NULL OR c.keep_until <= statement_timestamp())
    ), ready AS (
        SELECT due.account_id, due.platform, due.account, due.degraded_reason
        FROM due LEFT JOIN unnest(CAST(:open_on AS text[]), CAST(:open_rooms AS int[])) AS open_on (platform, room)
            ON open_on.platform = due.platform
        JOIN credentials AS c ON c.account_id = due.account_id
        WHERE due.place <= coalesce(open_on.room, :each_on) AND c.keep_at + interval '0' <= statement_timestamp()
          AND (c.keep_token IS NULL OR c.keep_until <= statement_timestamp())
        ORDER BY due.place LIMIT :most
        FOR UPDATE OF c SKIP LOCKED
    )
    UPDATE credentials AS c
    SET keep_token = :token, keep_until = statement_timestamp() + make_interval(secs => :lease)
    FROM ready WHERE c.account_id = ready.account_id
    RETURNING c.*, ready.platform, ready.account, ready.degraded_reason, statement_timestamp() AS claimed_at
""")
_BEGIN = text("""
    UPDATE credentials SET
        renewing_since = coalesce(renewing_since, clock_timestamp()),
        keep_until = clock_timestamp() + make_interval(secs => :lease)
    WHERE account_id = :id AND keep_token = :token
    RETURNING account_id
""")
_ACCOUNT_FIRST = text("SELECT FROM account WHERE id = :id FOR UPDATE")
# What a platform gave away is kept even by whom the lease has left, in place of the very secrets that it was given for:
# nobody else will ever be given it.
_SETTLE = text("""
    UPDATE credentials SET
        keep_token = NULL, keep_until = NULL,
        keep_at = clock_timestamp() + make_interval(secs => CAST(:again AS float)),
        keep_failures = CASE WHEN :went_well THEN 0 ELSE keep_failures + 1 END,
        sealed = coalesce(CAST(:sealed AS bytea), sealed),
        updated_at = CASE WHEN CAST(:sealed AS bytea) IS NULL THEN updated_at ELSE clock_timestamp() END,
        updated_by = CASE WHEN CAST(:sealed AS bytea) IS NULL THEN updated_by ELSE :actor END,
        expires_at = CASE WHEN CAST(:sealed AS bytea) IS NULL THEN expires_at
                          ELSE clock_timestamp() + make_interval(secs => CAST(:lives_for AS float)) END,
        rights = coalesce(CAST(:rights AS jsonb), rights),
        facts = coalesce(CAST(:facts AS jsonb), facts),
        probed_at = CASE WHEN CAST(:rights AS jsonb) IS NULL THEN probed_at ELSE clock_timestamp() END,
        probe_detail = coalesce(CAST(:detail AS text), probe_detail),
        renewing_since = CASE WHEN :in_doubt THEN renewing_since ELSE CAST(:in_doubt_before AS timestamptz) END
    WHERE account_id = :id
      AND (keep_token = :token
           OR (CAST(:sealed AS bytea) IS NOT NULL AND updated_at = CAST(:given_at AS timestamptz)))
    RETURNING clock_timestamp()
""")
