"""The port that the dispatcher works through: claims one by one, settlements gathered."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from services.publisher.adapters.credentials import Vault
from services.publisher.adapters.store import claiming, settling
from services.publisher.ports import AccountKey, Claim, Settled
from shared.breath import Breath
from shared.database import Database
from shared.group_commit import GroupCommit


class PostgresClaims:
    """Claims and settlements in Postgres."""

    def __init__(self, database: Database, vault: Vault, *, lease: timedelta) -> None:
        self._database = database
        self._vault = vault
        self._lease = lease
        self._settling: GroupCommit[Settled, bool] = GroupCommit(self._settle, breath=Breath())

    async def claim(
        self, room: int, room_of: Mapping[AccountKey, int], each: int, room_on: Mapping[str, int]
    ) -> Sequence[Claim]:
        return await claiming.claim(
            self._database, self._vault, room=room, room_of=room_of, each=each, room_on=room_on, lease=self._lease
        )

    async def settle(self, settled: Settled) -> bool:
        return await self._settling.submit(settled)

    async def close(self) -> None:
        """Write what is gathered."""
        await self._settling.close()

    async def _settle(self, batch: Sequence[Settled]) -> Sequence[bool]:
        return await settling.settle(self._database, batch)
