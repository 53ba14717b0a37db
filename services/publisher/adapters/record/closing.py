"""The loop that closes the register's days."""

import asyncio

from services.publisher.adapters.store import register
from shared import telemetry
from shared.database import Database
from shared.lease import Lease

LOOK_SECONDS = 300.0
LEASE_SECONDS = 60.0


class Closing:
    """Enters yesterday's receipts soon after midnight (UTC), and whatever was left while nothing ran."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lease = Lease(database, "register", seconds=LEASE_SECONDS)

    async def run(self) -> None:
        """Look every few minutes whether a day is over; the supervisor starts it again after a fault."""
        try:
            while True:
                entered = await register.close_days(self._database, self._lease)
                if entered:
                    telemetry.logger().info("register.closed", lines=entered)
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            await self._lease.give_back()
