"""The loop that looks again at word which came before what it is about was written down."""

import asyncio

from services.publisher.adapters.store import undelivered
from shared import telemetry
from shared.database import EVERY_AGENCY, Database

LOOK_SECONDS = 2.0


class LateWord:
    """Ends what has not arrived, as soon as it is free."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self) -> None:
        """Look every few seconds; the supervisor starts it again after a fault."""
        while True:
            ended = await self.look()
            if ended:
                telemetry.logger().info("publication.undelivered", publications=ended)
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> int:
        """End what is free, and forget what was about nothing; how many publications ended."""
        async with self._database.begin(EVERY_AGENCY) as connection:
            ended = await undelivered.end(connection)
            await undelivered.forget(connection)
        return ended
