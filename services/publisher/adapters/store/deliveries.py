"""The port that the story of callbacks works through: claims in hundreds, settlements gathered."""

import time
from collections.abc import Mapping, Sequence

from services.publisher.adapters.callback_secrets import CallbackVault
from services.publisher.adapters.store import delivery_claiming, delivery_settling, endpoint_care
from services.publisher.callback_ports import Claim, Settled
from services.publisher.domain.subscriptions import Breaker, Patience
from shared.breath import Breath
from shared.database import Database
from shared.group_commit import GroupCommit

TIDY_SECONDS = 300.0


class PostgresDeliveries:
    """Deliveries in Postgres."""

    def __init__(
        self,
        database: Database,
        vault: CallbackVault,
        *,
        lease_seconds: float,
        patience: Patience,
        breaker: Breaker,
    ) -> None:
        self._database = database
        self._vault = vault
        self._lease_seconds = lease_seconds
        self._patience = patience
        self._breaker = breaker
        self._tidied = time.monotonic()
        self._settling: GroupCommit[Settled, bool] = GroupCommit(self._settle, breath=Breath())

    async def claim(self, room: int, room_of: Mapping[str, int], each: int) -> Sequence[Claim]:
        return await delivery_claiming.claim(
            self._database, self._vault, room=room, room_of=room_of, each=each, lease_seconds=self._lease_seconds
        )

    async def settle(self, settled: Settled) -> bool:
        return await self._settling.submit(settled)

    async def look_after(self) -> None:
        await endpoint_care.look_after(self._database, self._patience)
        if time.monotonic() - self._tidied >= TIDY_SECONDS:
            self._tidied = time.monotonic()
            await endpoint_care.tidy(self._database)

    async def close(self) -> None:
        """Write what is gathered."""
        await self._settling.close()

    async def _settle(self, batch: Sequence[Settled]) -> Sequence[bool]:
        return await delivery_settling.settle(self._database, batch, self._breaker)
