"""Where arrivals and submissions become durable: what comes together is committed together.

Everybody who waits learns what happened to their own item. A database that is away fails all of them (503: platforms
repeat). An item that the database refuses for its own sake is set aside with its bytes, so that neither its
neighbours nor its platform have to wait for it.
"""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.exc import DBAPIError

from services.ingest.adapters import metrics
from services.ingest.adapters.store import arrivals, submissions
from services.ingest.adapters.store.submissions import Submission
from services.ingest.ports import Arrival, Filed
from shared.database import EVERY_AGENCY, Database, is_passing
from shared.errors import Dead
from shared.group_commit import GroupCommit
from shared.idempotency import Answer
from shared.problems import Problem

LANES = 2
"""While one group waits for the disk, the next is written: connections do not all wait for the same commit."""

REFUSED = "The database refuses what this body says."


class GroupKeeper:
    """A ``Keeper`` that writes groups: one for what platforms push, one for what clients post."""

    def __init__(self, database: Database, *, most: int = 500) -> None:
        self._database = database
        self._pushed = GroupCommit(self._write_arrivals, most=most, lanes=LANES)
        self._posted = GroupCommit(self._write_submissions, most=most)

    async def keep(self, arrival: Arrival) -> Filed:
        """Write ``arrival`` with its neighbours; returns once that is committed."""
        try:
            return await self._pushed.submit(arrival)
        except (DBAPIError, Dead) as error:
            if is_passing(error):
                raise
            return await self._pushed.submit(replace(arrival, kept=(), unreadable=REFUSED))

    async def submit(self, submission: Submission) -> Answer:
        """Write what a client posted, once for each idempotency key. Raises the ``Problem`` of a refused one."""
        answer = await self._posted.submit(submission)
        if isinstance(answer, Problem):
            raise answer
        return answer

    async def close(self) -> None:
        """Write what waits, then take nothing more."""
        await self._pushed.close()
        await self._posted.close()

    async def _write_arrivals(self, group: Sequence[Arrival]) -> Sequence[Filed]:
        metrics.GROUP_SIZE.observe(len(group))
        async with self._database.begin(EVERY_AGENCY) as connection:
            return await arrivals.write(connection, group)

    async def _write_submissions(self, group: Sequence[Submission]) -> Sequence[Answer | Problem]:
        async with self._database.begin(EVERY_AGENCY) as connection:
            return await submissions.write(connection, group)
