"""The accounts in memory, with their secrets opened: what every webhook is checked against.

Looked up on each delivery, so it is a dictionary; brought up to date every second, and at once after a change made
here. What changed is told by each row's version, so that a quiet second opens nothing.
"""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row
from sqlalchemy.exc import SQLAlchemyError

from services.ingest.adapters.store import accounts as store
from services.ingest.domain.accounts import Account, SecretSet
from services.ingest.domain.health import Ailment
from shared import telemetry
from shared.database import EVERY_AGENCY, Database, is_passing
from shared.ids import AccountId
from shared.secrets import Seal, WrongKey


class AccountsAway(OSError):
    """The accounts could not be read yet."""


class AccountBook:
    """Every account that takes part, by platform and the platform's own id. A disabled one is as good as unknown."""

    def __init__(self, database: Database, seal: Seal, *, refresh_seconds: float = 1.0) -> None:
        self._database = database
        self._seal = seal
        self._refresh_seconds = refresh_seconds
        self._accounts: dict[tuple[str, str], Account] = {}
        self._versions: dict[str, int] | None = None
        self._looking = asyncio.Lock()

    def find(self, platform: str, account: str) -> Account | None:
        """The account with this platform's own id. Raises ``AccountsAway`` before the first look."""
        if self._versions is None:
            raise AccountsAway(AccountsAway.__doc__)
        return self._accounts.get((platform, account))

    def everyone(self) -> Iterable[Account]:
        """Every account that takes part."""
        return list(self._accounts.values())

    def of(self, platform: str) -> Iterable[Account]:
        """Every account on ``platform``."""
        return [account for account in self._accounts.values() if account.platform == platform]

    async def prepare(self) -> None:
        """Look once before the first request; a database that is away is looked for again by ``run``."""
        try:
            await self.refresh()
        except (SQLAlchemyError, OSError) as error:
            if not is_passing(error):
                raise

    async def run(self) -> None:
        """Keep up with the table."""
        while True:
            await self.refresh()
            await asyncio.sleep(self._refresh_seconds)

    async def refresh(self) -> None:
        """Read what changed since the last look; one look at a time, so that none overtakes a newer one."""
        async with self._looking:
            async with self._database.begin(EVERY_AGENCY) as connection:
                versions = await store.versions(connection)
                known = self._versions or {}
                changed = [id_ for id_, version in versions.items() if known.get(id_) != version]
                rows = await store.these(connection, changed) if changed else []
            for row in rows:
                self._take(row)
            if gone := known.keys() - versions.keys():
                self._accounts = {place: one for place, one in self._accounts.items() if one.id not in gone}
            self._versions = versions

    def _take(self, row: Row[Any]) -> None:
        if row.disabled_at is not None:
            self._accounts.pop((row.platform, row.account), None)
            return
        try:
            secrets = self.open(row)
        except WrongKey:
            telemetry.logger().error("account.sealed", account=row.id)
            self._accounts.pop((row.platform, row.account), None)
            return
        self._accounts[row.platform, row.account] = Account(
            id=AccountId(row.id),
            agency=row.agency,
            platform=row.platform,
            account=row.account,
            name=row.name,
            connected_at=row.connected_at,
            secrets=secrets,
            base_url=row.base_url,
            ailment=_ailment(row),
        )

    def seal(self, account_id: str, secrets: Iterable[SecretSet]) -> bytes:
        """Secrets as they are stored, bound to their account."""
        return self._seal.seal(json.dumps([dict(one) for one in secrets]).encode(), account_id)

    def open(self, row: Row[Any]) -> tuple[SecretSet, ...]:
        """The live secrets of a stored account; raises ``WrongKey``."""
        return tuple(json.loads(self._seal.open(row.sealed_secrets, row.id)))


def _ailment(row: Row[Any]) -> Ailment | None:
    if row.trouble is None:
        return None
    return Ailment(row.trouble_kind or "token", row.troubled_at or row.connected_at)
